import Kernels

/// What the files of a task hold: rows, labels, lengths, and texts that occur more than once.
public struct DatasetStatistics: Sendable {
  /// A file.
  public struct Part: Sendable {
    /// The splits that are read from it; two for sets without a validation part of their own.
    public internal(set) var splits: [Split]
    /// Its path.
    public let source: String
    /// Usable rows.
    public let rows: Int
    /// Rows of each label in the order of ids (a row may have several where the task says so); empty
    /// for regression and unlabelled rows.
    public let labels: [(name: String, rows: Int)]
    /// Smallest score, mean and largest of a regression task; nil for others and unlabelled rows.
    public let scores: (minimum: Double, mean: Double, maximum: Double)?
    /// What is wrong with rows that were left out.
    public let rejections: [DataError]
    /// Rows that were left out because the annotators did not agree.
    public let undecided: Int
    /// Rows whose texts an earlier row of the file has.
    public let repeats: Matches
    /// Lengths in tokens, if there is a tokenizer.
    public let lengths: LengthStatistics?
  }

  /// Rows whose texts occur elsewhere, byte for byte; of a pair both texts in their order.
  public struct Matches: Sendable, Equatable {
    /// How many rows there are.
    public internal(set) var rows = 0
    /// How many of them have another label than the (first) row that they repeat.
    public internal(set) var contradictions = 0
  }

  /// Rows of one part that are in an earlier part, too.
  public struct Overlap: Sendable, Equatable {
    /// The part that they are in.
    public let split: Split
    /// The part that they are in, too.
    public let earlier: Split
    /// How many.
    public let matches: Matches
  }

  /// The task.
  public let task: TaskDescription
  /// The files that are there, in the order of `Split.allCases`.
  public let parts: [Part]
  /// Every pair of them.
  public let overlaps: [Overlap]

  /// Reads all files of a task. Rows that cannot be used are listed, not thrown.
  ///
  /// - Parameters:
  ///   - directory: the GLUE folder or the task's folder.
  ///   - tokenizer: for lengths in tokens; nil for none.
  ///   - limit: the limit in tokens whose effect is of interest.
  /// - Throws: `DataError` where there is no file at all, and for files in another layout.
  public init(
    task: TaskDescription, directory: String, tokenizer: (any Tokenizer)? = nil, limit: Int = 128,
    pool: ThreadPool
  ) throws {
    guard task.questions == nil else {
      throw DataError(
        file: directory,
        problem:
          "the data of task \(task.name) are questions about texts; only tasks with labels or "
          + "scores can be inspected.")
    }
    self.task = task
    var splits = Split.allCases.filter {
      DatasetReader.hasFile(task: task, split: $0, directory: directory)
    }
    // With no file at all, reading the first one says where it should be.
    if splits.isEmpty { splits = Array(Split.allCases.filter { task.files[$0] != nil }.prefix(1)) }
    var parts: [Part] = []
    var overlaps: [Overlap] = []
    var earlier: [(split: Split, texts: KnownTexts)] = []
    for split in splits {
      let text = try DatasetReader.read(
        task: task, split: split, directory: directory, badRows: .skip)
      if let same = parts.firstIndex(where: { $0.source == text.source }) {
        parts[same].splits.append(split)
        continue
      }
      var known = KnownTexts()
      let repeats = known.add(text)
      overlaps += earlier.map {
        Overlap(split: split, earlier: $0.split, matches: $0.texts.matches(text))
      }
      earlier.append((split, known))
      let lengths = tokenizer.map {
        TokenizedDataset(text, tokenizer: $0, maximumLength: .max, pool: pool).lengths
      }
      parts.append(
        Part(
          splits: [split], source: text.source, rows: text.count,
          labels: text.labelCounts(of: task), scores: text.scoreSummary,
          rejections: text.rejections, undecided: text.undecidedLines.count, repeats: repeats,
          lengths: lengths.map { LengthStatistics(lengths: $0, limit: limit) }))
    }
    self.parts = parts
    self.overlaps = overlaps
  }
}

/// Texts with the label of the first row that has them.
private struct KnownTexts {
  private var labels: [[UInt8]: TextDataset.Label] = [:]

  /// Takes all rows in; returns those that were known by then.
  mutating func add(_ text: TextDataset) -> DatasetStatistics.Matches {
    var found = DatasetStatistics.Matches()
    labels.reserveCapacity(text.count)
    for row in 0..<text.count {
      let key = Self.key(text, row)
      if let known = labels[key] {
        found.count(text.label(row), known)
      } else {
        labels[key] = text.label(row)
      }
    }
    return found
  }

  /// The rows that are known.
  func matches(_ text: TextDataset) -> DatasetStatistics.Matches {
    var found = DatasetStatistics.Matches()
    for row in 0..<text.count {
      if let known = labels[Self.key(text, row)] { found.count(text.label(row), known) }
    }
    return found
  }

  private static func key(_ text: TextDataset, _ row: Int) -> [UInt8] {
    var key = Array(text.first(row))
    if let second = text.second(row) {
      // No byte of UTF-8.
      key.append(0xFF)
      key += second
    }
    return key
  }
}

extension DatasetStatistics.Matches {
  fileprivate mutating func count(_ label: TextDataset.Label, _ known: TextDataset.Label) {
    rows += 1
    if label != .none, known != .none, label != known { contradictions += 1 }
  }
}

extension TextDataset {
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
