import Contracts
import Delivery
import EventLog
import FileEventLog
import LogFormat

/// The operator's command that moves old segments to the archive, below every consumer's position.
struct Archiving {
    let world: World
    let program: SimulatedProcess

    /// Whether anything was moved.
    func run() throws -> Bool {
        let disk = ProcessDisk(world.disk, program)
        var moved = false
        for topic in ServiceName.allCases.flatMap({ [$0.topic, $0.deadLetterTopic] }) {
            guard disk.exists("/log/\(topic.name)/commit"), let passed = try passed(topic) else { continue }
            let archiver = LogArchiver(topic: topic, logDirectory: "/log", archiveDirectory: "/archive", disk: disk)
            let plan = try archiver.plan(below: passed)
            try archiver.run(plan)
            moved = moved || !plan.segments.isEmpty
        }
        return moved
    }

    /// First offset of the segment that the slowest consumer stands in; nil where one cannot be asked.
    private func passed(_ topic: Topic) throws -> UInt64? {
        var slowest: UInt64?
        for service in ServiceName.allCases {
            guard let node = world.process(service)?.node, world.process(service)?.isDead == false else { return nil }
            guard node.card.topics.contains(topic) else { continue }
            let position = try node.database.read { try ConsumerPositions.load(topic, $0) }
            let segment = position.flatMap { PositionToken($0.token)?.segment } ?? 0
            slowest = min(slowest ?? segment, segment)
        }
        return slowest
    }
}
