import Files

/// Princeton's WordNet 3: which English words share a meaning.
///
/// ```swift
/// let wordNet = try WordNet(folder: folder)
/// let lemmas = try wordNet.lemmas(of: "films")
/// print(lemmas)  // movie, film, picture, …
/// ```
///
/// Debian's package wordnet-base puts the files into `/usr/share/wordnet`; their format is that of
/// `wndb(5WN)`.
public struct WordNet: Sendable {
  private let parts: [WordNetPart]

  /// Reads `index.noun`, `data.noun`, `noun.exc` and those of verbs, adjectives and adverbs.
  ///
  /// - Throws: `FileError`.
  public init(folder: String) throws {
    parts = try PartOfSpeech.allCases.map { try WordNetPart(folder: folder, $0) }
  }

  /// The words and phrases that have a meaning in common with a word, among them the word itself
  /// or its base form: nouns first, then verbs, adjectives and adverbs, each meaning's words in the
  /// order of the files and each word once. `_` stands for a space. None if the word is unknown.
  ///
  /// - Parameter word: in any case.
  /// - Throws: `FileError` if the entry in the files is not of the format.
  public func lemmas(of word: String) throws -> [String] {
    let word = word.lowercased()
    var seen: Set<String> = []
    return try parts.flatMap { part in
      try part.baseForms(of: word).flatMap { try part.lemmas(ofBaseForm: $0) }
    }.filter { seen.insert($0).inserted }
  }
}
