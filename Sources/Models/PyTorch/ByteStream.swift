import Files

/// Bytes of a file, one after the other.
struct ByteStream {
  /// Where the next byte is, counted from the start of the file.
  private(set) var position: Int
  private let file: RandomAccessFile
  private let end: Int
  private var window: [UInt8] = []
  private var windowStart = 0

  init(_ file: RandomAccessFile, _ range: Range<Int>) {
    self.file = file
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next byte.
  /// - Throws: `FileError` if there is none.
  mutating func byte() throws -> UInt8 {
    guard position < end else { throw cutShort }
    if position >= windowStart + window.count {
      window = [UInt8](repeating: 0, count: min(end - position, 1 << 16))
      windowStart = position
      try window.withUnsafeMutableBytes { try file.read(into: $0, from: windowStart) }
    }
    defer { position += 1 }
    return window[position - windowStart]
  }

  /// The next `count` bytes.
  /// - Throws: `FileError` if there are fewer. Nothing is allocated then.
  mutating func bytes(_ count: Int) throws -> [UInt8] {
    guard count >= 0, count <= end - position else { throw cutShort }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for _ in 0..<count { bytes.append(try byte()) }
    return bytes
  }

  /// The next line without its end, of at most `limit` bytes.
  mutating func line(atMost limit: Int = 256) throws -> [UInt8] {
    var line: [UInt8] = []
    while true {
      let next = try byte()
      if next == UInt8(ascii: "\n") { return line }
      guard line.count < limit else { throw cutShort }
      line.append(next)
    }
  }

  /// A little-endian number of `Number`'s size.
  mutating func little<Number: FixedWidthInteger>(_: Number.Type) throws -> Number {
    var number: Number = 0
    for shift in 0..<Number.bitWidth / 8 {
      number |= Number(truncatingIfNeeded: try byte()) << (8 * shift)
    }
    return number
  }

  private var cutShort: FileError {
    FileError(
      file: file.path,
      problem: "it is damaged or was cut short at byte \(position); download or copy it again.")
  }
}
