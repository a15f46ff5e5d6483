/// Common English words that TinyBERT's augmentation never replaces: those of NLTK's list of stop
/// words that consist of letters alone, as the official code compares them after splitting at
/// apostrophes.
enum EnglishStopWords {
  /// Whether a word, in any case, is one of them.
  static func contains(_ word: String) -> Bool { all.contains(word.lowercased()) }

  private static let all = Set(
    (pronouns + verbs + particles + remnants).split(separator: " ").map(String.init))

  private static let pronouns = """
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she \
    her hers herself it its itself they them their theirs themselves this that these those\u{20}
    """
  private static let verbs = """
    am is are was were be been being have has had having do does did doing can will just \
    should\u{20}
    """
  private static let particles = """
    a an the and but if or because as until while of at by for with about against between into \
    through during before after above below to from up down in out on off over under again further \
    then once here there all any both each few more most other some such no nor not only own same \
    so than too very now\u{20}
    """
  /// What splitting at apostrophes leaves of "don't", "we'll" and the like.
  private static let remnants = """
    s t don d ll m o re ve y ain aren couldn didn doesn hadn hasn haven isn ma mightn mustn needn \
    shan shouldn wasn weren won wouldn
    """
}
