import Crypto
import LogFormat

extension Hash {
    /// SHA-256 of the bytes.
    package init(of data: UnsafeRawBufferPointer) {
        var sha = SHA256()
        sha.update(bufferPointer: data)
        self = sha.finalize().withUnsafeBytes { Hash(copying: $0) }
    }
}
