import Testing

extension Tag {
    /// Processes are killed, disks fail, the power goes.
    @Tag static var chaos: Self
}
