/// All that decides which tokens a text becomes. Two tokenizers with equal traits give the same ids
/// for every text.
public struct TokenizerTraits: Sendable, Equatable {
  /// One trait.
  public struct Trait: Sendable, Equatable {
    /// Its name, where possible the key that sets it.
    public var name: String
    /// Its value, spelled for messages.
    public var value: String
  }

  /// The traits, in an order that is the same for all tokenizers of a kind.
  public private(set) var all: [Trait] = []

  /// No traits.
  public init() {}

  /// Adds a trait.
  mutating func add(_ name: String, _ value: some CustomStringConvertible) {
    all.append(Trait(name: name, value: value.description))
  }

  /// The first trait that differs, with both values; nil if all are equal.
  ///
  /// - Parameter ignoring: names of traits that do not matter.
  public func difference(
    from other: TokenizerTraits, ignoring: Set<String> = []
  ) -> (name: String, value: String, other: String)? {
    let theirs = Dictionary(other.all.map { ($0.name, $0.value) }) { first, _ in first }
    for trait in all where !ignoring.contains(trait.name) {
      let value = theirs[trait.name] ?? "absent"
      if value != trait.value { return (trait.name, trait.value, value) }
    }
    let names = Set(all.map(\.name))
    for trait in other.all where !ignoring.contains(trait.name) && !names.contains(trait.name) {
      return (trait.name, "absent", trait.value)
    }
    return nil
  }

  /// The name of the trait that only models with segments care for.
  public static let segments = "token_type_ids"

  /// Adds what tokenizers of all kinds have.
  mutating func addCommon(
    vocabulary: Vocabulary, special: SpecialTokens, added: [AddedToken], readAsText: Set<Int32>,
    template: EncodingTemplate
  ) {
    func spelled(_ id: Int32) -> String {
      vocabulary.bytes(of: id).map { String(decoding: $0, as: UTF8.self) } ?? "\(id)"
    }
    for (name, id) in [
      ("pad_token", special.pad), ("unk_token", special.unknown), ("cls_token", special.cls),
      ("sep_token", special.sep), ("mask_token", special.mask),
    ] {
      add(name, spelled(id))
    }
    for token in added.sorted(by: { $0.id < $1.id }) {
      let flags = [
        ("lstrip", token.stripsLeft), ("rstrip", token.stripsRight),
        ("single_word", token.isSingleWord), ("normalized", token.isNormalized),
        ("special", token.isSpecial), ("read as text", readAsText.contains(token.id)),
      ].filter(\.1).map(\.0)
      add("added token \"\(token.content)\"", "\(token.id) (\(flags.joined(separator: ", ")))")
    }
    for (name, parts) in [("single", template.single), ("pair", template.pair)] {
      add("post_processor (\(name))", parts.map { $0.name(spelled) }.joined(separator: " "))
    }
    let segments = (template.single + template.pair).map { String($0.segment) }
    add(Self.segments, segments.joined(separator: " "))
    add("truncation_side", template.keepsEnd ? "left" : "right")
  }
}

extension EncodingTemplate.Part {
  fileprivate func name(_ spelled: (Int32) -> String) -> String {
    switch self {
    case .special(let id, _): spelled(id)
    case .first: "A"
    case .second: "B"
    }
  }
}
