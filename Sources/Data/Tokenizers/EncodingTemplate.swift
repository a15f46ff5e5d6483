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
  }

  /// The parts for one text.
  public var single: [Part]
  /// The parts for two texts.
  public var pair: [Part]

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

  /// The same with all tokens in segment 0.
  var withoutSegments: EncodingTemplate {
    func flat(_ parts: [Part]) -> [Part] {
      parts.map { part in
        switch part {
        case .special(let id, _): .special(id, typeID: 0)
        case .first: .first(typeID: 0)
        case .second: .second(typeID: 0)
        }
      }
    }
    return EncodingTemplate(single: flat(single), pair: flat(pair))
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
        encoding.ids += first.prefix(kept.first)
        segment = typeID
      case .second(let typeID):
        encoding.ids += (second ?? []).prefix(kept.second)
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
