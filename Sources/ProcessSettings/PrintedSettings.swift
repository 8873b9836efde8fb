import Foundation

/// What `--print-config` says: each value, and where it came from.
package struct PrintedSettings {
    private let rows: [(definition: SettingDefinition, value: String, source: String, place: String?)]

    package init(_ settings: Settings) {
        rows = Settings.definitions.map { definition in
            let origin = settings.origins[definition.name]
            return (
                definition, origin?.text ?? definition.fallback, origin?.source.rawValue ?? "default", origin?.place
            )
        }
    }

    /// Three columns: key, value (`-` for none), place.
    package var table: String {
        let cells =
            [["KEY", "VALUE", "FROM"]]
            + rows.map { [$0.definition.name, $0.value.isEmpty ? "-" : $0.value, $0.place ?? $0.source] }
        let widths = (0..<2).map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) + "  " }.joined() + row[2]
                + "\n"
        }.joined()
    }

    private struct Line: Encodable {
        let key: String
        let value: String
        let source: String
        let place: String?
        let variable: String
    }

    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let lines = rows.map {
            Line(
                key: $0.definition.name, value: $0.value, source: $0.source, place: $0.place,
                variable: $0.definition.variable)
        }
        return String(decoding: try encoder.encode(lines), as: UTF8.self) + "\n"
    }
}
