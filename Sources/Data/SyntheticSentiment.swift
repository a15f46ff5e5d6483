import Files
import Kernels

/// A small labelled data set in GLUE's SST-2 format, drawn from a seeded grammar of film reviews.
///
/// The label is that of the main clause. Negation reverses it; intensifiers do not. Concessions
/// ("although …", "… but") and clauses about the popcorn or the seats do not count. So the words
/// alone say little, and the way they are connected says everything.
public struct SyntheticSentiment: Sendable {
  /// Number of rows of `train.tsv`.
  public var trainRows: Int
  /// Number of rows of `dev.tsv`.
  public var developmentRows: Int
  /// Number of rows of `test.tsv`, which has no labels.
  public var testRows: Int
  /// Equal seeds and sizes give equal files.
  public var seed: UInt64

  /// One review.
  public struct Example: Sendable, Hashable {
    /// Lower-case words separated by spaces.
    public var text: String
    /// 1 for positive, 0 for negative.
    public var label: Int
  }

  /// Sizes and seed of a data set.
  public init(
    trainRows: Int = 4000, developmentRows: Int = 500, testRows: Int = 500, seed: UInt64 = 42
  ) {
    self.trainRows = trainRows
    self.developmentRows = developmentRows
    self.testRows = testRows
    self.seed = seed
  }

  /// The examples of a split. No text occurs twice across all splits.
  public func examples(_ split: Split) -> [Example] {
    var seen: Set<String> = []
    let validation = draw(developmentRows, site: 1, except: &seen)
    if split == .validation { return validation }
    let test = draw(testRows, site: 2, except: &seen)
    if split == .test { return test }
    return draw(trainRows, site: 0, except: &seen)
  }

  /// `rows` texts without labels, for masked-language-model training.
  public func corpus(rows: Int) -> [String] {
    var seen = Set((examples(.validation) + examples(.test)).map(\.text))
    return draw(rows, site: 3, except: &seen).map(\.text)
  }

  /// Every token that the grammar can produce, after the five special tokens of BERT.
  public static var vocabulary: [String] {
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + SentimentGrammar.words
  }

  /// Writes `train.tsv`, `dev.tsv` and `test.tsv` to a folder, which is created.
  /// - Throws: `FileError` if a file cannot be written.
  public func writeDataset(to folder: String) throws {
    for (split, name) in [(Split.train, "train.tsv"), (.validation, "dev.tsv")] {
      let rows = examples(split).map { "\($0.text) \t\($0.label)\n" }.joined()
      try ByteFile.write(Array("sentence\tlabel\n\(rows)".utf8), to: "\(folder)/\(name)")
    }
    let rows = examples(.test).enumerated().map { "\($0.offset)\t\($0.element.text)\n" }.joined()
    try ByteFile.write(Array("index\tsentence\n\(rows)".utf8), to: "\(folder)/test.tsv")
  }

  /// Writes `vocabulary` as a `vocab.txt`.
  /// - Throws: `FileError` if the file cannot be written.
  public static func writeVocabulary(to path: String) throws {
    try ByteFile.write(Array((vocabulary.joined(separator: "\n") + "\n").utf8), to: path)
  }

  /// Writes a corpus with one text per line.
  /// - Throws: `FileError` if the file cannot be written.
  public func writeCorpus(rows: Int, to path: String) throws {
    try ByteFile.write(Array((corpus(rows: rows).joined(separator: "\n") + "\n").utf8), to: path)
  }

  private func draw(_ rows: Int, site: Int, except seen: inout Set<String>) -> [Example] {
    var examples: [Example] = []
    examples.reserveCapacity(rows)
    var step = 0
    while examples.count < rows {
      var grammar = SentimentGrammar(
        random: RandomStream(seed: seed, purpose: .synthesis, step: step, site: .part(site)))
      step += 1
      let label = grammar.random.nextBelow(2)
      let text = grammar.review(positive: label == 1)
      if seen.insert(text).inserted { examples.append(Example(text: text, label: label)) }
    }
    return examples
  }
}
