/// Other names of labels, as published models and data sets write them.
public enum LabelSynonyms {
  /// Names that mean the same, without case, spaces and punctuation. No name is in two groups.
  private static let groups: [Set<String>] = [
    ["negative", "neg"], ["positive", "pos"], ["neutral", "neu"],
    ["entailment", "entails", "entailed"], ["contradiction", "contradicts", "contradictory"],
    ["notentailment", "nonentailment", "notentailed"],
    ["acceptable", "grammatical"], ["unacceptable", "ungrammatical", "notacceptable"],
    ["equivalent", "paraphrase", "isparaphrase"],
    ["notequivalent", "nonequivalent", "notparaphrase", "nonparaphrase"],
    ["duplicate", "isduplicate"], ["notduplicate", "nonduplicate"],
    ["sports", "sport"], ["scitech", "sciencetechnology", "sciencetech"],
  ]

  /// True if two names are the same but for case, spaces and punctuation, or are listed as meaning
  /// the same.
  public static func mean(_ first: String, _ second: String) -> Bool {
    let (a, b) = (plain(first), plain(second))
    if a.isEmpty || b.isEmpty { return first == second }
    return a == b || groups.contains { $0.contains(a) && $0.contains(b) }
  }

  private static func plain(_ name: String) -> String {
    String(name.lowercased().filter { $0.isLetter || $0.isNumber })
  }
}
