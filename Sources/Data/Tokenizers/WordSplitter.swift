/// Normalises a text and splits it into words. It calls back with the UTF-8 bytes of each word.
struct WordSplitter {
  private typealias Kind = ScalarActions.Kind

  private let actions: ScalarActions
  /// The word being built; its memory is reused from word to word.
  private var word: [UInt8] = []
  private var scalars = 0
  /// Marks waiting to be put into canonical order: scalar and combining class.
  private var marks: [(scalar: UInt32, combiningClass: UInt32, origin: Range<Int>)] = []
  /// Off unless somebody needs the origins, because they cost time.
  private let tracksOrigins: Bool
  /// The bytes of the text from which each byte of the word comes.
  private var origins: [Range<Int>] = []
  /// The bytes of the scalar that is being processed.
  private var origin = 0..<0

  init(_ actions: ScalarActions, tracksOrigins: Bool = false) {
    self.actions = actions
    self.tracksOrigins = tracksOrigins
    word.reserveCapacity(128)
  }

  /// A word in UTF-8, its number of scalars, and, if origins are tracked, for each of its bytes the
  /// indices of the scalar in the text from which it comes.
  typealias Body = (_ word: [UInt8], _ scalars: Int, _ origins: [Range<Int>]) -> Void

  /// Splits `text`; `body` receives every word.
  mutating func split(_ text: ArraySlice<UInt8>, _ body: Body) {
    var position = text.startIndex
    let end = text.endIndex
    while position < end {
      let byte = text[position]
      if byte < 0x80 {
        let action = actions.ascii[Int(byte)]
        position += 1
        if action & 0xFF == 0 {
          if !marks.isEmpty { flushMarks() }
          word.append(UInt8(truncatingIfNeeded: action >> 8))
          scalars += 1
          if tracksOrigins { origins.append(position - 1..<position) }
        } else if action & 0xFF != 1 {
          if !marks.isEmpty { flushMarks() }
          finish(body)
          if action & 0xFF == 4 {
            word.append(UInt8(truncatingIfNeeded: action >> 8))
            scalars = 1
            if tracksOrigins { origins.append(position - 1..<position) }
            finish(body)
          }
        }
      } else {
        let start = position
        let scalar = Self.decode(text, &position)
        origin = start..<position
        take(scalar, body)
      }
    }
    flushMarks()
    finish(body)
  }

  private mutating func take(_ scalar: UInt32, _ body: Body) {
    let entry = actions.entries[Int(scalar)]
    switch entry & 7 {
    case Kind.removed: break
    case Kind.removedStarter: flushMarks()
    case Kind.mapped: expand(entry, body)
    case Kind.isolatedMapped:
      flushMarks()
      finish(body)
      expand(entry, body)
      flushMarks()
      finish(body)
    default: emit(scalar, entry, body)
    }
  }

  private mutating func expand(_ entry: UInt32, _ body: Body) {
    let index = Int(entry >> 3)
    for item in actions.items[Int(actions.starts[index])..<Int(actions.starts[index + 1])] {
      emit(item >> 11, item & 0x7FF, body)
    }
  }

  private mutating func emit(_ scalar: UInt32, _ entry: UInt32, _ body: Body) {
    if entry & 7 == Kind.mark {
      marks.append((scalar, entry >> 3, origin))
      return
    }
    if !marks.isEmpty { flushMarks() }
    switch entry & 7 {
    case Kind.word: append(scalar, from: origin)
    case Kind.isolated:
      finish(body)
      append(scalar, from: origin)
      finish(body)
    default: finish(body)
    }
  }

  private mutating func flushMarks() {
    guard !marks.isEmpty else { return }
    // Canonical ordering is stable, and runs are short unless somebody means harm.
    if marks.count > 32 {
      marks = marks.enumerated().sorted {
        ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset)
      }.map(\.element)
    }
    for i in marks.indices.dropFirst() {
      var j = i
      while j > 0, marks[j - 1].combiningClass > marks[j].combiningClass {
        marks.swapAt(j - 1, j)
        j -= 1
      }
    }
    for mark in marks { append(mark.scalar, from: mark.origin) }
    marks.removeAll(keepingCapacity: true)
  }

  private mutating func append(_ scalar: UInt32, from origin: Range<Int>) {
    scalars += 1
    if scalar < 0x80 {
      word.append(UInt8(scalar))
    } else {
      if scalar < 0x800 {
        word.append(UInt8(0xC0 | scalar >> 6))
      } else {
        if scalar < 0x10000 {
          word.append(UInt8(0xE0 | scalar >> 12))
        } else {
          word.append(UInt8(0xF0 | scalar >> 18))
          word.append(UInt8(0x80 | scalar >> 12 & 0x3F))
        }
        word.append(UInt8(0x80 | scalar >> 6 & 0x3F))
      }
      word.append(UInt8(0x80 | scalar & 0x3F))
    }
    while tracksOrigins, origins.count < word.count { origins.append(origin) }
  }

  private mutating func finish(_ body: Body) {
    guard !word.isEmpty else { return }
    body(word, scalars, origins)
    word.removeAll(keepingCapacity: true)
    if tracksOrigins { origins.removeAll(keepingCapacity: true) }
    scalars = 0
  }

  /// The scalar at `position`, which moves past it; U+FFFD for a byte that starts no scalar.
  private static func decode(_ text: ArraySlice<UInt8>, _ position: inout Int) -> UInt32 {
    let byte = text[position]
    let length = byte < 0xC2 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : byte < 0xF5 ? 4 : 1
    guard length > 1, text.endIndex - position >= length,
      text[position..<(position + length)].isWellFormedUTF8
    else {
      position += 1
      return 0xFFFD
    }
    var scalar = UInt32(byte) & (0x7F >> UInt32(length))
    for offset in 1..<length { scalar = scalar << 6 | UInt32(text[position + offset] & 0x3F) }
    position += length
    return scalar
  }
}
