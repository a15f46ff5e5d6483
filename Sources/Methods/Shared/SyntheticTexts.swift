import Configuration
import Data
import Kernels
import Models

/// The training rows of a method that opens no training data (`method.texts`).
public struct SyntheticTexts: Sendable {
  /// What stands between the special tokens of a row.
  package enum Words: Sendable {
    /// [MASK], for methods that feed vectors of their own in place of the words' embeddings.
    case masks
    /// Words of the vocabulary, all equally likely.
    case random
    /// Lines of a file; for tasks with pairs two lines that follow each other.
    case corpus(String)
  }

  package var words: Words
  /// `rows`: how many.
  package var rows: Int
  /// `mean_length`, `length_deviation`, `min_length`: tokens of a text without special ones are
  /// normally distributed, rounded, and no fewer than that. The task's `max_seq_length` bounds
  /// them.
  package var meanLength, lengthDeviation: Double
  package var minimumLength: Int

  /// Rows made by the program.
  package init(
    words: Words, rows: Int, meanLength: Double = 32, lengthDeviation: Double = 12,
    minimumLength: Int = 4
  ) {
    self.words = words
    self.rows = rows
    self.meanLength = meanLength
    self.lengthDeviation = lengthDeviation
    self.minimumLength = minimumLength
  }

  /// Reads the section `texts` of a method.
  ///
  /// - Parameter takesCorpus: whether the words may come from a file (`corpus`); if not, or if none
  ///   is given, they are `words`.
  /// - Throws: `ConfigError`.
  package init(_ method: ConfigSection, words: Words, rows: Int, takesCorpus: Bool = false) throws {
    let section = try method.sectionOrEmpty(
      "texts", "The texts that the method makes in place of training data.")
    self.words = words
    self.rows = try section.int(
      "rows", default: rows, in: 1...100_000_000, "How many texts are made.")
    meanLength = try section.number(
      "mean_length", default: 32, in: 1...100_000,
      "Mean number of a text's tokens without special ones.")
    lengthDeviation = try section.number(
      "length_deviation", default: 12, in: 0...100_000,
      "Standard deviation of a text's number of tokens.")
    minimumLength = try section.int(
      "min_length", default: 4, in: 1...100_000,
      "The fewest tokens of a text, without special ones.")
    if takesCorpus,
      let path = try section.optionalPath(
        "corpus", "A file whose lines are taken in place of random words.")
    {
      self.words = .corpus(path)
    }
    try section.finish()
  }

  /// The rows: special tokens as the tokenizer sets them around a text or pair of the task, words
  /// between them. Classes take turns, so that they are balanced. There are no scores and no sets
  /// of classes.
  ///
  /// - Throws: `FileError` of the corpus; `MismatchError` if no word fits between the
  ///   special tokens.
  package func dataset(
    for task: TaskDescription, tokenizer: any Tokenizer, maximumLength: Int, seed: UInt64,
    pool: ThreadPool
  ) throws -> TokenizedDataset {
    if case .corpus(let path) = words {
      let lines = try DatasetReader.readCorpus(
        path: path, maximumRows: task.isPair ? rows + 1 : rows)
      return TokenizedDataset(
        task.isPair ? Self.pairs(lines) : lines, tokenizer: tokenizer,
        maximumLength: maximumLength, pool: pool)
    }
    let frame = TextFrame(tokenizer, isPair: task.isPair, maximumLength: maximumLength)
    let wordsPerText = (maximumLength - frame.count) / (task.isPair ? 2 : 1)
    guard wordsPerText > 0, frame.count >= 2 else {
      throw MismatchError(
        .method,
        "max_seq_length \(maximumLength) leaves no room for words between the special tokens of "
          + "task \(task.name); raise it")
    }
    let vocabulary = Self.ordinaryWords(tokenizer)
    let encodings = (0..<rows).map { row -> Encoding in
      var stream = RandomStream(seed: seed, purpose: .synthesis, step: row, site: .part(0))
      func text() -> [Int32] {
        let drawn = meanLength + lengthDeviation * Double(stream.nextNormal())
        let count = max(1, min(wordsPerText, max(minimumLength, Int(drawn.rounded()))))
        guard case .random = words else {
          return Array(repeating: tokenizer.specialTokens.mask, count: count)
        }
        return (0..<count).map { _ in vocabulary[stream.nextBelow(vocabulary.count)] }
      }
      return frame.encoding(first: text(), second: task.isPair ? text() : nil)
    }
    let classes = task.targets == .classes ? task.labels.count : 0
    return TokenizedDataset(
      encodings: encodings,
      targets: classes == 0
        ? .none : .classes((0..<rows).map { Int32(truncatingIfNeeded: $0 % classes) }),
      vocabularyHash: tokenizer.vocabularyHash)
  }

  /// All ids except special tokens and the entries that BERT's vocabularies keep unused.
  static func ordinaryWords(_ tokenizer: any Tokenizer) -> [Int32] {
    let special = Set(tokenizer.specialTokens.all)
    let ids = (0..<Int32(truncatingIfNeeded: tokenizer.vocabularySize)).filter { id in
      guard !special.contains(id), let token = tokenizer.token(for: id) else { return false }
      return !token.hasPrefix("[unused")
    }
    return ids.isEmpty ? [tokenizer.specialTokens.unknown] : ids
  }

  private static func pairs(_ lines: TextDataset) -> TextDataset {
    var result = TextDataset(source: lines.source, isPair: true)
    for row in 0..<max(1, lines.count - 1) {
      result.append(
        lines.first(row), lines.first((row + 1) % lines.count), label: .none,
        line: lines.line(row))
    }
    return result
  }
}
