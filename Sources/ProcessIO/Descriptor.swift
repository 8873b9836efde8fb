import Foundation

/// Writing to what is open already.
enum Descriptor {
    /// On and on until all is written, also where the descriptor does not block.
    ///
    /// - Returns: 0, or the `errno` of what failed.
    static func writeAll(_ bytes: some Sequence<UInt8>, to descriptor: Int32) -> Int32 {
        let bytes = Array(bytes)
        return bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count < 0, errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&ready, 1, -1)
                } else if count == 0 || errno != EINTR {
                    return count == 0 ? EIO : errno
                }
            }
            return 0
        }
    }
}
