/// Why bytes are not what they should be.
package enum FrameFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing was written here: the rest of the header's place is zeros.
    case blank
    case short(needs: Int, has: Int)
    case magic
    case headerChecksum
    case payloadChecksum
    case unknown(String)
    case structure(String)

    package var description: String {
        switch self {
        case .blank: "nothing written"
        case .short(let needs, let has): "\(needs) bytes are needed, there are \(has)"
        case .magic: "no frame begins here"
        case .headerChecksum: "header checksum does not match"
        case .payloadChecksum: "payload checksum does not match"
        case .unknown(let what): "\(what), which this program does not know"
        case .structure(let what): what
        }
    }
}
