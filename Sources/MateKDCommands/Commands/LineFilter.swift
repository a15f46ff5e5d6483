import Files
import Glibc

/// Turns a stream of lines into another one without holding either of them as a whole.
package enum LineFilter {
  /// Writes what `body` makes of each line. Lines end with LF. A CR before it is not part of the
  /// line, and the last line needs no line end.
  /// - Parameters:
  ///   - descriptor: where lines come from; `name` is what errors call it.
  ///   - sink: the descriptor to write to.
  /// - Throws: `FileError` for a line that is not UTF-8, `StreamError` if reading or writing fails.
  package static func run(
    from descriptor: Int32, named name: String, to sink: Int32,
    _ body: (ArraySlice<UInt8>) throws -> [UInt8]
  ) throws {
    let size = 1 << 16
    var (pending, output): ([UInt8], [UInt8]) = ([], [])
    var (number, isAtEnd) = (0, false)
    // How much of `pending` is known to hold no line end, so that no byte is looked at twice.
    var searched = 0
    var chunk = [UInt8](repeating: 0, count: size)

    func take(_ line: ArraySlice<UInt8>) throws {
      number += 1
      let text = line.last == 0x0D ? line.dropLast() : line
      guard String(validating: text, as: UTF8.self) != nil else {
        try FileDescriptorWriter.write(output, to: sink, named: "the output")
        throw FileError(
          file: name, line: number, problem: "the text is not valid UTF-8; convert it first.")
      }
      output += try body(text)
    }

    while !isAtEnd {
      let count = read(descriptor, &chunk, size)
      if count < 0 {
        if errno == EINTR { continue }
        throw StreamError(problem: "\(name) cannot be read: \(String(cString: strerror(errno))).")
      }
      isAtEnd = count == 0
      pending += chunk[..<count]
      var start = 0
      while let end = pending[max(start, searched)...].firstIndex(of: 0x0A) {
        try take(pending[start..<end])
        start = end + 1
      }
      pending.removeFirst(start)
      searched = pending.count
      if isAtEnd, !pending.isEmpty { try take(pending[...]) }
      try FileDescriptorWriter.write(output, to: sink, named: "the output")
      output.removeAll(keepingCapacity: true)
    }
  }
}
