/// The steps of BERT's normaliser that are applied.
public struct Normalization: Sendable, Equatable {
  /// Remove control characters, and turn all white space into plain spaces.
  public var cleansText: Bool
  /// Make every Chinese character a word of its own.
  public var isolatesChinese: Bool
  /// Decompose, and remove nonspacing marks.
  public var stripsAccents: Bool
  /// Convert to lower case.
  public var lowersCase: Bool

  /// The given steps. `stripsAccents` defaults to `lowersCase`, as in Hugging Face's
  /// `BertNormalizer`.
  public init(
    lowersCase: Bool, stripsAccents: Bool? = nil, cleansText: Bool = true,
    isolatesChinese: Bool = true
  ) {
    self.lowersCase = lowersCase
    self.stripsAccents = stripsAccents ?? lowersCase
    self.cleansText = cleansText
    self.isolatesChinese = isolatesChinese
  }
}

/// What normaliser and pre-tokenizer together do with each Unicode scalar.
///
/// The steps (clean → isolate Chinese → strip accents → lower case → split at space and
/// punctuation) compose scalar by scalar, except for the order of the few marks that accent
/// stripping keeps. So one look-up in a flat table replaces four passes over the text.
struct ScalarActions: Sendable {
  /// The kinds of action, in the low three bits of a table entry. `word` is 0 so that untouched
  /// pages of the table are never written.
  enum Kind {
    static let word: UInt32 = 0
    /// Leaves nothing.
    static let removed: UInt32 = 1
    /// Leaves nothing, but marks on either side of it are not reordered across it.
    static let removedStarter: UInt32 = 2
    static let space: UInt32 = 3
    /// A word of its own.
    static let isolated: UInt32 = 4
    /// Replaced by the items of `expansions` at `payload`.
    static let mapped: UInt32 = 5
    /// A mark that is kept, with combining class `payload`.
    static let mark: UInt32 = 6
    /// Like `mapped`, with a word boundary on either side.
    static let isolatedMapped: UInt32 = 7
  }

  /// The entry of each scalar: payload << 3 | kind.
  private(set) var entries: [UInt32]
  /// Where each expansion starts in `items`; one more element than there are expansions.
  private(set) var starts: [Int32] = [0]
  /// Output scalars: scalar << 11 | payload << 3 | kind, where kind is word, space, isolated or
  /// mark.
  private(set) var items: [UInt32] = []
  /// For ASCII: output byte << 8 | kind, where kind is word, removed, space or isolated.
  private(set) var ascii: [UInt16] = []

  /// The actions of a normaliser and, with `splitsWords`, of the pre-tokenizer after it.
  init(_ normalization: Normalization, splitsWords: Bool = true) {
    entries = [UInt32](repeating: Kind.word, count: 0x110000)
    if splitsWords {
      set(UnicodeTables.punctuation, to: Kind.isolated)
      set(UnicodeTables.whiteSpace, to: Kind.space)
    }
    let plain = entries
    var lower: [UInt32: [UInt32]] = [:]
    if normalization.lowersCase {
      for entry in ScalarRanges.parse(UnicodeTables.lowerCase) {
        entry.forEach { source, target in lower[source] = target }
      }
      for (source, target) in lower { expand(source, to: target, plain: plain) }
    }
    if normalization.stripsAccents {
      stripAccents(lower: lower, plain: plain)
    }
    if normalization.isolatesChinese {
      for entry in ScalarRanges.parse(UnicodeTables.chineseCharacters) {
        for scalar in Int(entry.first)...Int(entry.last) {
          let kind = entries[scalar] & 7
          entries[scalar] =
            kind == Kind.mapped ? entries[scalar] & ~7 | Kind.isolatedMapped : Kind.isolated
        }
      }
    }
    if normalization.cleansText {
      set(UnicodeTables.removedByCleaning, to: Kind.removed)
      if splitsWords {
        set(UnicodeTables.spacedByCleaning, to: Kind.space)
      } else {
        for entry in ScalarRanges.parse(UnicodeTables.spacedByCleaning) {
          for scalar in entry.first...entry.last { expand(scalar, to: [0x20], plain: plain) }
        }
      }
    }
    ascii = (0..<128).map { byte in
      let entry = entries[byte]
      guard entry & 7 == Kind.mapped else { return UInt16(byte) << 8 | UInt16(entry & 7) }
      let item = items[Int(starts[Int(entry >> 3)])]
      return UInt16(item >> 11) << 8 | UInt16(item & 7)
    }
  }

  /// True if a character, given in UTF-8, is a word of its own.
  func isolates(_ character: ArraySlice<UInt8>) -> Bool {
    guard let scalar = String(decoding: character, as: UTF8.self).unicodeScalars.first else {
      return false
    }
    let kind = entries[Int(scalar.value)] & 7
    return kind == Kind.isolated || kind == Kind.isolatedMapped
  }

  private mutating func stripAccents(lower: [UInt32: [UInt32]], plain: [UInt32]) {
    var classes = plain
    for entry in ScalarRanges.parse(UnicodeTables.keptMarkClasses) {
      entry.forEach { mark, combiningClass in
        classes[Int(mark)] = combiningClass[0] << 3 | Kind.mark
        entries[Int(mark)] = classes[Int(mark)]
      }
    }
    set(UnicodeTables.strippedMarks, to: Kind.removed)
    set(UnicodeTables.strippedStarters, to: Kind.removedStarter)
    for entry in ScalarRanges.parse(UnicodeTables.accentStripping) {
      entry.forEach { source, target in
        expand(source, to: target.flatMap { lower[$0] ?? [$0] }, plain: classes)
      }
    }
    for syllable in UInt32(0)..<11172 {
      var jamo = [0x1100 + syllable / 588, 0x1161 + syllable % 588 / 28]
      if syllable % 28 != 0 { jamo.append(0x11A7 + syllable % 28) }
      expand(0xAC00 + syllable, to: jamo, plain: classes)
    }
  }

  private mutating func set(_ table: String, to kind: UInt32) {
    for entry in ScalarRanges.parse(table) {
      for scalar in Int(entry.first)...Int(entry.last) { entries[scalar] = kind }
    }
  }

  private mutating func expand(_ source: UInt32, to target: [UInt32], plain: [UInt32]) {
    entries[Int(source)] = UInt32(starts.count - 1) << 3 | Kind.mapped
    items += target.map { $0 << 11 | plain[Int($0)] }
    starts.append(Int32(items.count))
  }
}
