import Foundation

/// The page that a test shares with `faults.so`: what to count from when, what was counted, whether the fault fired, and how
/// far the clock is ahead.
///
/// Layout: `struct page` in `FaultInjection/faults.c`. The library maps the file; reading and writing it goes to the same
/// memory, also after the program was killed.
struct FaultPage: Sendable {
    /// In the order of `enum call`.
    enum Call: String, CaseIterable, Sendable {
        case write, roll, fdatasync, fsync, sync, rename, mmap
    }

    /// In the order of `STAMPEDE_FAULT_BELOW`.
    enum Place: String, CaseIterable, Sendable {
        case log, db, mail
    }

    private static let bytes = 4096
    /// The places that the library has room for.
    private static let places = 8

    let path: String

    init(in directory: String, named name: String = "page") throws {
        path = "\(directory)/\(name)"
        try Data(count: Self.bytes).write(to: URL(fileURLWithPath: path))
    }

    var environment: [String: String] { ["STAMPEDE_FAULT_PAGE": path] }

    /// From now on calls are counted.
    func arm() throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? file.close() }  // written in full, or thrown
        try file.write(contentsOf: Data([1, 0, 0, 0]))
    }

    /// Sets the wall clock of every program with this page.
    func setClock(ahead seconds: Int64) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? file.close() }  // written in full, or thrown
        let counters = 8 + 8 * Call.allCases.count * (1 + Self.places)
        try file.seek(toOffset: UInt64(counters))
        try file.write(contentsOf: withUnsafeBytes(of: seconds.littleEndian) { Data($0) })
    }

    func counted(_ call: Call, _ place: Place) throws -> Int {
        let row = 8 + 8 * Call.allCases.count + 8 * Self.places * index(of: call)
        return try number(at: row + 8 * (Place.allCases.firstIndex(of: place) ?? 0))
    }

    /// What the library wrote when it fired: call, file, process; nil where it did not.
    var fired: Firing? {
        (try? String(contentsOfFile: path + ".fired", encoding: .utf8)).map(Firing.init)
    }

    /// `KILL at write 7, half pwrite(/path), process 42`
    struct Firing: Sendable, CustomStringConvertible {
        let description: String

        init(_ line: String) {
            description = line.trimmingCharacters(in: .newlines)
        }

        /// The file or directory that the call was about.
        var file: String {
            guard let open = description.firstIndex(of: "("), let close = description.lastIndex(of: ")") else {
                return ""
            }
            return String(description[description.index(after: open)..<close])
        }
    }

    private func index(of call: Call) -> Int { Call.allCases.firstIndex(of: call) ?? 0 }

    private func number(at offset: Int) throws -> Int {
        let page = try Data(contentsOf: URL(fileURLWithPath: path))
        return page[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
