/// The lines of a text. LF or CR LF ends a line, a BOM before the first line is skipped, and the
/// last line need not end with a line break.
struct ByteLines: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position: Int

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  mutating func next() -> Range<Int>? {
    guard position < bytes.count else { return nil }
    let start = position
    var end = start
    while end < bytes.count, bytes[end] != 0x0A { end += 1 }
    position = end + 1
    if end > start, end < bytes.count, bytes[end - 1] == 0x0D { end -= 1 }
    return start..<end
  }
}

extension ArraySlice<UInt8> {
  /// True if there is nothing but spaces and the ends of lines.
  var isBlank: Bool { allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x0A } }

  /// True if the bytes are well-formed UTF-8 (Unicode 15, table 3-7).
  var isWellFormedUTF8: Bool {
    var i = startIndex
    while i < endIndex {
      let b = self[i]
      if b < 0x80 {
        i += 1
        continue
      }
      let length: Int
      var low: UInt8 = 0x80
      var high: UInt8 = 0xBF
      switch b {
      case 0xC2...0xDF: length = 2
      case 0xE0: (length, low) = (3, 0xA0)
      case 0xED: (length, high) = (3, 0x9F)
      case 0xE1...0xEF: length = 3
      case 0xF0: (length, low) = (4, 0x90)
      case 0xF1...0xF3: length = 4
      case 0xF4: (length, high) = (4, 0x8F)
      default: return false
      }
      guard endIndex - i >= length, self[i + 1] >= low, self[i + 1] <= high else { return false }
      for j in 2..<Swift.max(2, length) where self[i + j] & 0xC0 != 0x80 { return false }
      i += length
    }
    return true
  }
}
