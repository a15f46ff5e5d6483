import Files

/// What the files of a task with questions hold: questions, answers, how long both are, and
/// questions that occur more than once.
public struct QuestionStatistics: Sendable {
  /// The file of a split.
  public struct Part: Sendable {
    /// The split.
    public let split: Split
    /// Its path.
    public let source: String
    /// Number of questions, and of the texts that they are about.
    public let questions, contexts: Int
    /// Number of questions with an answer, wherever the file says that it is.
    public let answerable: Int
    /// Number of questions to which the text contains no answer.
    public let impossible: Int
    /// Number of questions for which the file says neither.
    public let unlabelled: Int
    /// Answers that are not where the file says.
    public let misplacedAnswers: [FileError]
    /// Questions that repeat an earlier one of the file on the same text, byte for byte.
    /// Contradictions are those with a different set of answers or answer positions.
    public let repeats: DatasetStatistics.Matches
    /// Lengths and windows in tokens, if there is a tokenizer.
    public let windows: WindowStatistics?
  }

  /// What one part has in common with an earlier one.
  public struct Overlap: Sendable, Equatable {
    /// The later part.
    public let split: Split
    /// The earlier part, which also contains these questions and texts.
    public let earlier: Split
    /// Questions of the later part that the earlier part also has, on the same text; contradictions
    /// as in `Part.repeats`.
    public let questions: DatasetStatistics.Matches
    /// Number of texts of the later part that the earlier part also has, whatever is asked about
    /// them.
    public let contexts: Int
  }

  /// The version of SQuAD.
  public let version: SQuADVersion
  /// The files that exist, in the order of `Split.allCases`.
  public let parts: [Part]
  /// Every pair of these files.
  public let overlaps: [Overlap]

  /// A question and the number of its text; equal texts have the same number.
  private struct Key: Hashable {
    let context: Int
    let question: [UInt8]
  }

  private typealias KnownQuestions = KnownRows<Key, Set<Question.Answer>>

  /// Reads all files of a task.
  ///
  /// - Parameters:
  ///   - directory: the folder that contains the files, or the task's folder with them.
  ///   - tokenizer: for lengths and windows; nil for none.
  ///   - settings: how texts are cut.
  /// - Throws: `FileError` if there is no file at all, and for questions that leave no room for
  ///   their text in a window; errors of `SQuADReader` for mistakes in a file.
  public init(
    version: SQuADVersion, directory: String, tokenizer: (any Tokenizer)? = nil,
    settings: WindowSettings = WindowSettings()
  ) throws {
    self.version = version
    var splits = Split.allCases.filter {
      SQuADReader.hasFile(version, split: $0, directory: directory)
    }
    // If there is no file at all, reading the first one reports where it should be.
    if splits.isEmpty { splits = [.train] }
    var parts: [Part] = []
    var overlaps: [Overlap] = []
    var numbers: [[UInt8]: Int] = [:]
    var earlier: [(split: Split, questions: KnownQuestions, texts: Set<Int>)] = []
    for split in splits {
      let dataset = try SQuADReader.read(version, split: split, directory: directory)
      for text in dataset.contexts where numbers[text] == nil { numbers[text] = numbers.count }
      let texts = dataset.contexts.compactMap { numbers[$0] }
      let rows = dataset.questions.map {
        (
          key: Key(context: texts[$0.context], question: Array($0.text.utf8)),
          label: $0.isLabelled ? Set($0.answers) : nil
        )
      }
      var known = KnownQuestions()
      let repeats = known.add(rows)
      overlaps += earlier.map { part in
        Overlap(
          split: split, earlier: part.split, questions: part.questions.matches(rows),
          contexts: texts.count(where: part.texts.contains))
      }
      earlier.append((split, known, Set(texts)))
      let windows = try tokenizer.map {
        WindowStatistics(
          try QuestionWindows(dataset, tokenizer: $0, settings: settings), settings: settings)
      }
      parts.append(
        Part(
          split: split, source: dataset.source, questions: dataset.count, contexts: texts.count,
          answerable: dataset.questions.count { !$0.answers.isEmpty },
          impossible: dataset.questions.count { $0.isImpossible == true },
          unlabelled: dataset.questions.count { !$0.isLabelled },
          misplacedAnswers: dataset.misplacedAnswers, repeats: repeats, windows: windows))
    }
    self.parts = parts
    self.overlaps = overlaps
  }
}
