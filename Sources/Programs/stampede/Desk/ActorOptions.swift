import ArgumentParser
import Foundation

/// Who acts, as the record will say it.
struct ActorOptions: ParsableArguments {
    @Option(help: "Who acts, for the record.")
    var actor: String = NSUserName()

    private static let maximumBytes = 100

    func validate() throws {
        guard (1...Self.maximumBytes).contains(actor.utf8.count),
            actor.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 })
        else { throw ValidationError("--actor needs 1 to \(Self.maximumBytes) bytes without control characters") }
    }
}

/// Why, as the record will say it.
enum ReasonText {
    private static let maximumBytes = 1000

    static func validate(_ reason: String) throws {
        let text = reason.trimmingCharacters(in: .whitespacesAndNewlines)
        guard (1...maximumBytes).contains(text.utf8.count) else {
            throw ValidationError("--reason needs 1 to \(maximumBytes) bytes of text")
        }
    }
}
