/// The parts of speech of WordNet, in its order.
enum PartOfSpeech: String, CaseIterable {
  case noun, verb
  case adjective = "adj"
  case adverb = "adv"

  /// Endings of inflected forms and what they stand for: the rules of detachment of `morphy(7WN)`.
  var endings: [(inflected: String, base: String)] {
    switch self {
    case .noun:
      [
        ("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"),
        ("shes", "sh"), ("men", "man"), ("ies", "y"),
      ]
    case .verb:
      [
        ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"),
        ("ing", ""),
      ]
    case .adjective: [("er", ""), ("est", ""), ("er", "e"), ("est", "e")]
    case .adverb: []
    }
  }
}
