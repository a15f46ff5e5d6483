import Files
import Kernels

/// What the files of a task contain: rows, labels, lengths, and texts that occur more than once.
/// Tasks with questions have `QuestionStatistics` instead.
public struct DatasetStatistics: Sendable {
  /// A file.
  public struct Part: Sendable {
    /// The splits that are read from it; two for sets without a validation split of their own.
    public internal(set) var splits: [Split]
    /// Its path.
    public let source: String
    /// Number of usable rows.
    public let rows: Int
    /// Number of rows with each label, in the order of ids (a row may have several if the task says
    /// so); empty for regression and unlabelled rows.
    public let labels: [(name: String, rows: Int)]
    /// Smallest, mean and largest score of a regression task; nil for other tasks and unlabelled
    /// rows.
    public let scores: (minimum: Double, mean: Double, maximum: Double)?
    /// What is wrong with each row that was left out.
    public let rejections: [FileError]
    /// How labels were read that are not spelled as in the task's own files; otherwise nil.
    public let spelling: String?
    /// Number of rows that were left out because the annotators did not agree.
    public let undecided: Int
    /// Rows whose texts also occur in an earlier row of the file.
    public let repeats: Matches
    /// Lengths in tokens, if there is a tokenizer.
    public let lengths: LengthStatistics?
  }

  /// Rows whose texts occur elsewhere, byte for byte; of a pair, both texts in the same order.
  /// Questions with their contexts are such pairs, with their answers as the label.
  public struct Matches: Sendable, Equatable {
    /// Number of such rows.
    public internal(set) var rows = 0
    /// How many of them have a different label from the (first) row that they repeat.
    public internal(set) var contradictions = 0
  }

  /// Rows of one part that are also in an earlier part.
  public struct Overlap: Sendable, Equatable {
    /// The part that contains them.
    public let split: Split
    /// The earlier part that also contains them.
    public let earlier: Split
    /// How many there are.
    public let matches: Matches
  }

  /// The task.
  public let task: TaskDescription
  /// The files that exist, in the order of `Split.allCases`.
  public let parts: [Part]
  /// Every pair of these files.
  public let overlaps: [Overlap]

  /// Reads all files of a task. Rows that cannot be used are listed, not thrown.
  ///
  /// - Parameters:
  ///   - task: a task without questions.
  ///   - directory: the GLUE folder or the task's folder.
  ///   - tokenizer: for lengths in tokens; nil for none.
  ///   - limit: the limit in tokens whose effect is of interest.
  /// - Throws: `FileError` if there is no file at all, and for files in another layout.
  public init(
    task: TaskDescription, directory: String, tokenizer: (any Tokenizer)? = nil, limit: Int = 128,
    pool: ThreadPool
  ) throws {
    precondition(task.questions == nil, "questions have QuestionStatistics")
    self.task = task
    var splits = Split.allCases.filter {
      DatasetReader.hasFile(task: task, split: $0, directory: directory)
    }
    // If there is no file at all, reading the first one reports where it should be.
    if splits.isEmpty { splits = Array(Split.allCases.filter { task.files[$0] != nil }.prefix(1)) }
    var parts: [Part] = []
    var overlaps: [Overlap] = []
    var earlier: [(split: Split, texts: KnownRows<[UInt8], TextDataset.Label>)] = []
    for split in splits {
      let text = try DatasetReader.read(
        task: task, split: split, directory: directory, badRows: .skip)
      if let same = parts.firstIndex(where: { $0.source == text.source }) {
        parts[same].splits.append(split)
        continue
      }
      var known = KnownRows<[UInt8], TextDataset.Label>()
      let repeats = known.add(text.keyed)
      overlaps += earlier.map {
        Overlap(split: split, earlier: $0.split, matches: $0.texts.matches(text.keyed))
      }
      earlier.append((split, known))
      let lengths = tokenizer.map {
        TokenizedDataset(text, tokenizer: $0, maximumLength: .max, pool: pool).lengths
      }
      parts.append(
        Part(
          splits: [split], source: text.source, rows: text.count,
          labels: text.labelCounts(of: task), scores: text.scoreSummary,
          rejections: text.rejections, spelling: text.spellingNotice,
          undecided: text.undecidedLines.count, repeats: repeats,
          lengths: lengths.map { LengthStatistics(lengths: $0, limit: limit) }))
    }
    self.parts = parts
    self.overlaps = overlaps
  }
}

extension TextDataset {
  /// The rows by their texts.
  fileprivate var keyed: some Collection<(key: [UInt8], label: Label?)> {
    (0..<count).lazy.map { row in
      var key = Array(first(row))
      if let second = second(row) {
        // A byte that UTF-8 does not use.
        key.append(0xFF)
        key += second
      }
      let label = label(row)
      return (key: key, label: label == Label.none ? nil : label)
    }
  }

  fileprivate func labelCounts(of task: TaskDescription) -> [(name: String, rows: Int)] {
    var counts = [Int](repeating: 0, count: task.labels.count)
    for row in 0..<count {
      switch label(row) {
      case .class(let label): counts[Int(label)] += 1
      case .classes(let labels): for label in labels { counts[Int(label)] += 1 }
      case .score, .none: break
      }
    }
    return counts.contains { $0 > 0 } ? zip(task.labelNames, counts).map { ($0, $1) } : []
  }

  fileprivate var scoreSummary: (minimum: Double, mean: Double, maximum: Double)? {
    let scores = (0..<count).compactMap { row -> Double? in
      if case .score(let score) = self.label(row) { Double(score) } else { nil }
    }
    guard let minimum = scores.min(), let maximum = scores.max() else { return nil }
    return (minimum, scores.reduce(0, +) / Double(scores.count), maximum)
  }
}
