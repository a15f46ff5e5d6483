/// The normaliser of a Unigram tokenizer: steps that are applied one after the other.
struct UnigramNormalizer: Sendable {
  /// One step.
  enum Step: Sendable {
    /// Replaces characters by SentencePiece's rules (`Precompiled`).
    case charsmap(PrecompiledCharsmap)
    /// Removes white space at the ends (`Strip`).
    case strip(left: Bool, right: Bool)
    /// Replaces a spelling (`Replace` with a `String`).
    case replace([UInt8], with: [UInt8])
    /// Replaces runs of two and more spaces (`Replace` with the `Regex` " {2,}").
    case replaceSpaces(with: [UInt8])

    /// True for a step that `WhitespaceSplit` and `Metaspace` would make needless.
    var onlyRemovesSpaces: Bool {
      switch self {
      case .strip: true
      case .replaceSpaces(let new): new == Metaspace().mark || new == [0x20]
      case .charsmap, .replace: false
      }
    }
  }

  /// The most steps.
  static let mostSteps = 16
  /// The longest spelling that a `Replace` looks for or writes, in bytes, and how often as long as
  /// it was a text can become.
  static let longestReplacement = 64

  var steps: [Step]

  /// How often as long as it was a text can become by all `Replace` together.
  var growth: Double {
    steps.reduce(1) { growth, step in
      switch step {
      case .charsmap, .strip: growth
      case .replace(let old, let new): growth * max(1, Double(new.count) / Double(old.count))
      case .replaceSpaces(let new): growth * max(1, Double(new.count) / 2)
      }
    }
  }

  /// True if the first step is a `Precompiled`.
  var startsWithCharsmap: Bool { if case .charsmap = steps.first { true } else { false } }

  /// The rules of the first `Precompiled`; nil if there is none.
  var charsmap: PrecompiledCharsmap? {
    for case .charsmap(let charsmap) in steps { return charsmap }
    return nil
  }

  /// The normalised text and, for each of its bytes, the indices in `text` of what it comes from.
  ///
  /// - Parameters:
  ///   - text: well-formed UTF-8.
  ///   - tracksOrigins: whether origins are wanted; if not, they are empty.
  func normalize(
    _ text: ArraySlice<UInt8>, tracksOrigins: Bool = true
  ) -> (bytes: [UInt8], origins: [Range<Int>]) {
    var piece = TracedBytes(text, tracksOrigins: tracksOrigins)
    for step in steps {
      switch step {
      case .charsmap(let charsmap): piece = Self.replacing(piece, by: charsmap)
      case .strip(let left, let right): piece = Self.stripped(piece, left: left, right: right)
      case .replace(let old, let new):
        piece = Self.replacing(piece, with: new) { bytes, start in
          bytes[start...].starts(with: old) ? old.count : 0
        }
      case .replaceSpaces(let new):
        piece = Self.replacing(piece, with: new) { bytes, start in
          let run = bytes[start...].prefix { $0 == 0x20 }.count
          return run >= 2 ? run : 0
        }
      }
    }
    return (piece.bytes, piece.origins)
  }

  /// Characters as readers see them (grapheme clusters) are looked up as a whole if they are short,
  /// and otherwise scalar by scalar, as in `tokenizers`.
  private static func replacing(
    _ piece: TracedBytes, by charsmap: PrecompiledCharsmap
  ) -> TracedBytes {
    var result = piece.emptied
    forEachCharacter(of: piece.bytes) { range in
      if range.count < 6, let new = charsmap.replacement(of: piece.bytes[range]) {
        result.append(new, from: range, of: piece)
        return
      }
      var start = range.lowerBound
      while start < range.upperBound {
        let end = start + UTF8Length.ofScalar(startingWith: piece.bytes[start])
        if let new = charsmap.replacement(of: piece.bytes[start..<end]) {
          result.append(new, from: start..<end, of: piece)
        } else {
          result.append(start..<end, of: piece)
        }
        start = end
      }
    }
    return result
  }

  /// Calls `body` with the indices of each extended grapheme cluster. Swift's are those of
  /// `tokenizers`, which a test checks.
  private static func forEachCharacter(of bytes: [UInt8], _ body: (Range<Int>) -> Void) {
    var start = 0
    while start < bytes.count {
      var end = start
      // Two characters of ASCII are joined only as CR LF. What lies between such borders is left
      // to Swift.
      repeat {
        end += 1
      } while end < bytes.count
        && (bytes[end - 1] >= 0x80 || bytes[end] >= 0x80
          || bytes[end - 1] == 0x0D && bytes[end] == 0x0A)
      if end == start + 1 {
        body(start..<end)
      } else {
        var first = start
        for character in String(decoding: bytes[start..<end], as: UTF8.self) {
          let next = first + character.utf8.count
          body(first..<next)
          first = next
        }
      }
      start = end
    }
  }

  private static func stripped(_ piece: TracedBytes, left: Bool, right: Bool) -> TracedBytes {
    let text = piece.bytes[...]
    let start = left ? ByteLevelSplitter.endOfWhiteSpace(from: 0, in: text) : 0
    let end =
      right ? ByteLevelSplitter.startOfWhiteSpace(endingAt: text.endIndex, in: text) : text.endIndex
    var result = piece.emptied
    if start < end { result.append(start..<end, of: piece) }
    return result
  }

  /// - Parameter match: the number of bytes of a match that starts at an index, or 0.
  private static func replacing(
    _ piece: TracedBytes, with new: [UInt8], match: ([UInt8], Int) -> Int
  ) -> TracedBytes {
    var result = piece.emptied
    var (done, position) = (0, 0)
    while position < piece.bytes.count {
      let length = match(piece.bytes, position)
      guard length > 0 else {
        position += 1
        continue
      }
      result.append(done..<position, of: piece)
      result.append(new[...], from: position..<position + length, of: piece)
      position += length
      done = position
    }
    result.append(done..<piece.bytes.count, of: piece)
    return result
  }

  /// The steps in words, for the comparison of tokenizers.
  var description: String {
    steps.map { step in
      switch step {
      case .charsmap(let charsmap): "Precompiled \(charsmap.hash)"
      case .strip(let left, let right): "Strip \(left) \(right)"
      case .replace(let old, let new): "Replace \(old) \(new)"
      case .replaceSpaces(let new): "Replace spaces \(new)"
      }
    }.joined(separator: ", ")
  }
}

/// The bytes of a text that is being changed, with what each of them comes from.
struct TracedBytes: Sendable {
  private(set) var bytes: [UInt8]
  /// For each byte the indices of its source; empty if they are not tracked.
  private(set) var origins: [Range<Int>]
  private let tracksOrigins: Bool

  /// A text as it is. The bytes of a character all come from the whole character.
  init(_ text: ArraySlice<UInt8>, tracksOrigins: Bool) {
    bytes = Array(text)
    origins = []
    self.tracksOrigins = tracksOrigins
    guard tracksOrigins else { return }
    origins.reserveCapacity(text.count)
    var start = text.startIndex
    while start < text.endIndex {
      let end = min(text.endIndex, start + UTF8Length.ofScalar(startingWith: text[start]))
      origins += repeatElement(start..<end, count: end - start)
      start = end
    }
  }

  /// Bytes whose origins are known.
  init(_ text: ArraySlice<UInt8>, origins: [Range<Int>]?) {
    bytes = Array(text)
    self.origins = origins.map { Array($0[text.indices]) } ?? []
    tracksOrigins = origins != nil
  }

  private init(tracksOrigins: Bool) {
    (bytes, origins) = ([], [])
    self.tracksOrigins = tracksOrigins
  }

  /// Nothing, tracked in the same way.
  var emptied: TracedBytes { TracedBytes(tracksOrigins: tracksOrigins) }

  /// Appends bytes of another text.
  mutating func append(_ range: Range<Int>, of other: TracedBytes) {
    bytes += other.bytes[range]
    if tracksOrigins { origins += other.origins[range] }
  }

  /// Appends bytes that take the place of some bytes of another text, at least one.
  mutating func append(
    _ new: some Collection<UInt8>, from range: Range<Int>, of other: TracedBytes
  ) {
    bytes += new
    guard tracksOrigins else { return }
    let start = other.origins[range.lowerBound].lowerBound
    let end = other.origins[range.upperBound - 1].upperBound
    origins += repeatElement(start..<max(start, end), count: new.count)
  }

  /// Appends bytes that take no place, before a byte of another text.
  mutating func append(_ new: some Collection<UInt8>, before index: Int, of other: TracedBytes) {
    bytes += new
    guard tracksOrigins else { return }
    let place = other.origins[index].lowerBound
    origins += repeatElement(place..<place, count: new.count)
  }
}

/// The number of bytes of a scalar in UTF-8.
enum UTF8Length {
  /// - Parameter byte: the first byte of a scalar in well-formed UTF-8.
  static func ofScalar(startingWith byte: UInt8) -> Int {
    byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
  }
}
