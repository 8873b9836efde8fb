package import NIOCore

/// Runs tasks on an event loop, so that a connection's task and its channel share a thread.
///
/// Why: each change between event loop and cooperative pool wakes another thread; at 50,000 connections that was a third
/// of what order-service cost. Tasks here must not block: whatever waits for a disk or a database runs elsewhere.
package final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func execute(_ body: @escaping @Sendable () -> Void) { eventLoop.execute(body) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
