/// A hand-written version of GPT-2's pre-tokenizer, the expression
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
enum ByteLevelSplitter {
  private static let other: UInt8 = 0
  private static let letter: UInt8 = 1
  private static let number: UInt8 = 2
  private static let whiteSpace: UInt8 = 3

  /// The class of each scalar.
  private static let classes: [UInt8] = {
    var classes = [UInt8](repeating: other, count: 0x110000)
    for (table, value) in [
      (ByteLevelTables.letters, letter), (ByteLevelTables.numbers, number),
      (ByteLevelTables.whiteSpace, whiteSpace),
    ] {
      for entry in ScalarRanges.parse(table) {
        for scalar in Int(entry.first)...Int(entry.last) { classes[scalar] = value }
      }
    }
    return classes
  }()

  /// Splits well-formed UTF-8 into non-empty pieces, which together make up the text.
  static func split(_ text: ArraySlice<UInt8>, _ body: (_ piece: ArraySlice<UInt8>) -> Void) {
    let classes = classes
    var start = text.startIndex
    let end = text.endIndex
    while start < end {
      var next = start
      if text[start] == UInt8(ascii: "'") {
        let length = contraction(text, start)
        if length > 0 {
          body(text[start..<start + length])
          start += length
          continue
        }
      }
      var kind = Self.kind(text, &next, classes)
      if text[start] == 0x20, next < end {
        // A space belongs to the run after it; before more white space it is white space itself.
        var afterNext = next
        let following = Self.kind(text, &afterNext, classes)
        if following != whiteSpace { (kind, next) = (following, afterNext) }
      }
      // Where the last scalar of the run starts.
      var last = start
      while next < end {
        var afterNext = next
        guard Self.kind(text, &afterNext, classes) == kind else { break }
        (last, next) = (next, afterNext)
      }
      // White space before something else leaves its last scalar to what follows.
      if kind == whiteSpace, next < end, last > start { next = last }
      body(text[start..<next])
      start = next
    }
  }

  /// True if the scalar that starts at `position` is white space. The text must be well-formed.
  static func isWhiteSpace(_ text: ArraySlice<UInt8>, at position: Int) -> Bool {
    var next = position
    return kind(text, &next, classes) == whiteSpace
  }

  /// The start of the white space that ends at `end`.
  static func startOfWhiteSpace(endingAt end: Int, in text: ArraySlice<UInt8>) -> Int {
    var result = end
    var position = end
    while position > text.startIndex {
      position -= 1
      if text[position] & 0xC0 == 0x80 { continue }
      guard isWhiteSpace(text, at: position) else { break }
      result = position
    }
    return result
  }

  /// The end of the white space that starts at `start`.
  static func endOfWhiteSpace(from start: Int, in text: ArraySlice<UInt8>) -> Int {
    var position = start
    while position < text.endIndex, isWhiteSpace(text, at: position) {
      position += 1
      while position < text.endIndex, text[position] & 0xC0 == 0x80 { position += 1 }
    }
    return position
  }

  /// Number of bytes of the contraction that the apostrophe at `start` begins, or 0. Upper case
  /// does not count.
  private static func contraction(_ text: ArraySlice<UInt8>, _ start: Int) -> Int {
    guard text.endIndex - start >= 2 else { return 0 }
    let first = text[start + 1]
    switch first {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
      guard text.endIndex - start >= 3 else { return 0 }
      let wanted = first == UInt8(ascii: "l") ? UInt8(ascii: "l") : UInt8(ascii: "e")
      return text[start + 2] == wanted ? 3 : 0
    default: return 0
    }
  }

  /// The class of the scalar at `position`, which moves past it. For malformed text the class is
  /// arbitrary.
  @inline(__always)
  private static func kind(
    _ text: ArraySlice<UInt8>, _ position: inout Int, _ classes: [UInt8]
  ) -> UInt8 {
    let byte = text[position]
    position += 1
    if byte < 0x80 { return classes[Int(byte)] }
    let more = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3
    var scalar = UInt32(byte) & (0x3F >> UInt32(more))
    for _ in 0..<more where position < text.endIndex {
      scalar = scalar << 6 | UInt32(text[position] & 0x3F)
      position += 1
    }
    return scalar < 0x110000 ? classes[Int(scalar)] : other
  }
}
