import Foundation

/// An ext4 file system in an image file, mounted through a loop device, whose power can be cut.
///
/// The loop device hands to the image file what the file system wrote out, and nothing else: a copy of the image while it is
/// mounted is what a disk would hold after a power cut. The file system is told to commit its journal every 300 s only,
/// so that nothing reaches the image because time passed.
struct LoopImage: Sendable {
    /// Why there can be no such thing here; nil where there can.
    static let obstacle: String? = {
        guard geteuid() == 0 else { return "mounting needs root" }
        for tool in tools where !FileManager.default.isExecutableFile(atPath: tool) { return "there is no \(tool)" }
        guard FileManager.default.fileExists(atPath: "/dev/loop-control") else { return "there are no loop devices" }
        return nil
    }()

    private static let tools = [
        "/usr/sbin/mkfs.ext4", "/usr/bin/mount", "/usr/bin/umount", "/usr/bin/cp", "/usr/bin/dd",
    ]
    private static let bytes: UInt64 = 256 << 20

    /// Where the file system is mounted.
    let mountPoint: String
    private let image: String

    /// - Parameter directory: for the image and the mount point.
    private init(in directory: String) {
        mountPoint = directory + "/disk"
        image = directory + "/disk.img"
    }

    /// Makes an image, mounts it, runs `body`, and unmounts it whatever happened in it.
    static func withImage<Result>(in directory: String, _ body: (LoopImage) async throws -> Result) async throws
        -> Result
    {
        let image = LoopImage(in: directory)
        try FileManager.default.createDirectory(atPath: image.mountPoint, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: image.image, contents: nil),
            truncate(image.image, off_t(bytes)) == 0
        else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        try await run("/usr/sbin/mkfs.ext4", "-q", "-F", image.image)
        try await image.mount()
        let result: Result
        do {
            result = try await body(image)
        } catch {
            try await image.unmount()
            throw error
        }
        try await image.unmount()
        return result
    }

    /// Cuts the power: from now on the file system is as the disk held it at this moment.
    ///
    /// - Parameter kill: ends whoever has files open there; called once the moment is fixed.
    func cutPower(_ kill: () async throws -> Void) async throws {
        try await Self.run("/usr/bin/cp", "--sparse=always", image, image + ".cut")
        try await kill()
        try await unmount()
        guard rename(image + ".cut", image) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        try await mount()
    }

    /// Leaves no space on it while `body` runs.
    func whileFull(_ body: () async throws -> Void) async throws {
        let ballast = mountPoint + "/ballast"
        // Asks for more than there is, and gets all of it.
        _ = try await runProgram("/usr/bin/dd", ["if=/dev/zero", "of=\(ballast)", "bs=64K", "status=none"])
        defer { unlink(ballast) }
        try await body()
    }

    private func mount() async throws {
        try await Self.run("/usr/bin/mount", "-o", "loop,commit=300", image, mountPoint)
    }

    private func unmount() async throws {
        // A process that was killed may hold its files for a moment longer.
        try await waitUntil("\(mountPoint) is unmounted") {
            try await runProgram("/usr/bin/umount", [mountPoint]).status == 0
        }
    }

    private static func run(_ program: String, _ arguments: String...) async throws {
        let outcome = try await runProgram(program, arguments)
        guard outcome.status == 0 else {
            throw TookTooLong(description: "\(program) \(arguments): \(outcome.errors)")
        }
    }
}
