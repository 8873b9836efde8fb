import ArgumentParser
import Contracts
import Foundation

/// Dead letters for other programs, and for `dlq import`.
struct DlqExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write dead letters to stdout, one JSON object a line.",
        discussion: "All fields of each letter; bytes are base64. 'stampede dlq import' reads it.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var filter: LetterFilterOptions

    @Flag(help: "Also letters that were redriven or discarded.")
    var all = false

    func run() throws {
        let data = common.directory
        try data.require()
        let desks = Desks(data: data)
        let letters = try desks.letters(try filter.filter(data, settled: all))
        let output = Output()
        try desks.withContents(of: letters) { letter, content in
            var members = letter.members
            members["event"] = .string(Data(content.event).base64EncodedString())
            members["corrected"] = JSONValue(content.corrected.map { Data($0).base64EncodedString() })
            output.line(try JSONValue.object(members).line())
        }
        output.flush()
    }
}
