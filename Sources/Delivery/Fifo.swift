/// First in, first out; taking from the front of a long one costs what is taken.
struct Fifo<Element> {
    private var elements: [Element] = []
    private var head = 0

    var count: Int { elements.count - head }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    /// The first elements, at most so many.
    mutating func take(_ limit: Int) -> [Element] {
        let end = head + min(max(0, limit), count)
        let taken = Array(elements[head..<end])
        head = end
        // Moved up only once half is gone, so that each element is moved once on average.
        if head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return taken
    }
}
