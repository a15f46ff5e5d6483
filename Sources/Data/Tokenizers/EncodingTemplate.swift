/// The positions of special tokens around one text and around and between two, and the segment of
/// every token.
public struct EncodingTemplate: Sendable, Equatable {
  /// One part of a template.
  public enum Part: Sendable, Equatable {
    /// A special token.
    case special(Int32, typeID: UInt8)
    /// The tokens of the first text.
    case first(typeID: UInt8)
    /// The tokens of the second text.
    case second(typeID: UInt8)

    /// The segment of the part's tokens.
    public var segment: UInt8 {
      switch self {
      case .special(_, let typeID), .first(let typeID), .second(let typeID): typeID
      }
    }

    fileprivate var withoutSegment: Part {
      switch self {
      case .special(let id, _): .special(id, typeID: 0)
      case .first: .first(typeID: 0)
      case .second: .second(typeID: 0)
      }
    }
  }

  /// The parts for one text.
  public var single: [Part]
  /// The parts for two texts.
  public var pair: [Part]
  /// True if texts that are too long lose tokens at their beginning (`truncation_side` "left").
  public var keepsEnd = false

  /// A template. Both must contain the first text once, and `pair` the second text once.
  public init(single: [Part], pair: [Part]) {
    self.single = single
    self.pair = pair
  }

  /// `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`; the second text and the `[SEP]` after it are
  /// segment 1.
  public static func bert(cls: Int32, sep: Int32) -> EncodingTemplate {
    let single: [Part] = [
      .special(cls, typeID: 0), .first(typeID: 0), .special(sep, typeID: 0),
    ]
    return EncodingTemplate(
      single: single, pair: single + [.second(typeID: 1), .special(sep, typeID: 1)])
  }

  /// `<s> A </s>` and `<s> A </s></s> B </s>`, all of it segment 0.
  public static func roberta(cls: Int32, sep: Int32) -> EncodingTemplate {
    let single: [Part] = [
      .special(cls, typeID: 0), .first(typeID: 0), .special(sep, typeID: 0),
    ]
    return EncodingTemplate(
      single: single,
      pair: single + [
        .special(sep, typeID: 0), .second(typeID: 0), .special(sep, typeID: 0),
      ])
  }

  /// The largest segment of a token, in either form.
  public var largestSegment: UInt8 {
    (single + pair).map { part in
      switch part {
      case .special(_, let typeID), .first(let typeID), .second(let typeID): typeID
      }
    }.max() ?? 0
  }

  /// The larger number of special tokens, of both forms: no text is shorter.
  public var mostSpecialTokens: Int {
    [single, pair].map { $0.count { if case .special = $0 { true } else { false } } }.max() ?? 0
  }

  /// The same template with all tokens in segment 0.
  public var withoutSegments: EncodingTemplate {
    var copy = self
    copy.single = single.map(\.withoutSegment)
    copy.pair = pair.map(\.withoutSegment)
    return copy
  }

  /// Whether a token that stands between two texts tells where the first one ends.
  public var separatesTexts: Bool {
    let kinds = pair.map { if case .special = $0 { true } else { false } }
    return !zip(kinds, kinds.dropFirst()).contains { !$0 && !$1 }
  }

  /// The places of the texts' own tokens in an encoding, the opposite of `encode`.
  ///
  /// - Parameters:
  ///   - isSpecial: of each token; see `Encoding`.
  ///   - isPair: whether there are two texts, which `separatesTexts` must keep apart.
  package func texts(
    isSpecial: ArraySlice<Bool>, isPair: Bool
  ) -> (first: Range<Int>, second: Range<Int>?) {
    var position = isSpecial.startIndex
    var (first, second) = (position..<position, isPair ? position..<position : nil)
    for part in isPair ? pair : single {
      if case .special = part {
        position = min(position + 1, isSpecial.endIndex)
        continue
      }
      let end = isSpecial[position...].firstIndex(of: true) ?? isSpecial.endIndex
      if case .first = part { first = position..<end } else { second = position..<end }
      position = end
    }
    return (first, second)
  }

  /// Assembles a text or pair, cut to `maxLength` tokens in total, the longer text first. If
  /// `maxLength` is smaller than the number of special tokens, only these remain.
  func encoding(_ first: [Int32], _ second: [Int32]?, maxLength: Int) -> Encoding {
    let parts = second == nil ? single : pair
    var added = 0
    for case .special in parts { added += 1 }
    let kept = LongestFirst.lengths(
      first.count, second?.count ?? 0, budget: max(0, maxLength - added))
    let length = kept.first + kept.second + added
    var encoding = Encoding(ids: [], typeIDs: [], isSpecial: [])
    encoding.ids.reserveCapacity(length)
    encoding.typeIDs.reserveCapacity(length)
    encoding.isSpecial.reserveCapacity(length)
    for part in parts {
      let segment: UInt8
      switch part {
      case .special(let id, let typeID):
        encoding.ids.append(id)
        segment = typeID
      case .first(let typeID):
        encoding.ids += keepsEnd ? first.suffix(kept.first) : first.prefix(kept.first)
        segment = typeID
      case .second(let typeID):
        let second = second ?? []
        encoding.ids += keepsEnd ? second.suffix(kept.second) : second.prefix(kept.second)
        segment = typeID
      }
      let count = encoding.ids.count - encoding.typeIDs.count
      encoding.typeIDs += repeatElement(segment, count: count)
      if case .special = part {
        encoding.isSpecial.append(true)
      } else {
        encoding.isSpecial += repeatElement(false, count: count)
      }
    }
    return encoding
  }
}
