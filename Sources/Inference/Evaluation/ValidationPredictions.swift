import Data
import Files

/// What a model predicted for each row of the validation data, next to what is right.
public enum ValidationPredictions: Sendable, Equatable {
  /// Classes, as places in the task's list of labels.
  case classes(predictions: [Int32], references: [Int32])
  /// Scores of a regression task.
  case scores(predictions: [Double], references: [Double])

  /// The file in a run's folder that holds them: TSV with the header `index prediction reference`,
  /// and labels by name.
  public static let fileName = "eval_predictions.tsv"

  private static let header = "index\tprediction\treference"

  /// The predictions of an evaluation; nil if texts may have several labels.
  package init?(_ evaluation: TaskEvaluation, data: TokenizedDataset) {
    switch evaluation.labelled(by: data.targets) {
    case .classes(let found, let references):
      self = .classes(predictions: found, references: references)
    case .scores(let found, let references):
      self = .scores(predictions: found, references: references)
    case .labelSets: return nil
    }
  }

  /// Number of rows.
  public var count: Int {
    switch self {
    case .classes(let predictions, _): predictions.count
    case .scores(let predictions, _): predictions.count
    }
  }

  /// Whether two models were measured on the same rows, as far as the right answers can tell.
  public func hasSameReferences(as other: ValidationPredictions) -> Bool {
    switch (self, other) {
    case (.classes(_, let a), .classes(_, let b)): a == b
    case (.scores(_, let a), .scores(_, let b)): a == b
    default: false
    }
  }

  /// The mean of some metrics; nil if one of them is undefined or not of this kind.
  public func value(of metrics: [Metric]) -> Double? {
    let values = metrics.compactMap { metric in
      switch self {
      case .classes(let predictions, let references):
        metric.value(predictions: predictions, references: references)
      case .scores(let predictions, let references):
        metric.value(predictions: predictions, references: references)
      }
    }
    guard values.count == metrics.count, !values.isEmpty, !values.contains(where: \.isNaN) else {
      return nil
    }
    return values.reduce(0, +) / Double(values.count)
  }

  /// Writes the file.
  /// - Throws: `FileError` if it cannot be written.
  public func write(to path: String, labels: [String]) throws {
    var text = Self.header + "\n"
    func add(_ row: Int, _ prediction: String, _ reference: String) {
      text += "\(row)\t\(prediction)\t\(reference)\n"
    }
    switch self {
    case .classes(let predictions, let references):
      for (row, (p, r)) in zip(predictions, references).enumerated() {
        add(row, labels[Int(p)], labels[Int(r)])
      }
    case .scores(let predictions, let references):
      // The scores are floats; their shortest spelling reads back as the same numbers.
      for (row, (p, r)) in zip(predictions, references).enumerated() {
        add(row, "\(Float(p))", "\(Float(r))")
      }
    }
    try ByteFile.write(text.utf8, to: path)
  }

  /// Reads a file that `write` made.
  /// - Throws: `FileError` naming the first line that is not a prediction for this task.
  public init(reading path: String, task: TaskDescription) throws {
    let bytes = try ByteFile.read(path, atMost: ByteFile.longestDescription)
    var lines = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)[...]
    guard lines.popFirst().map({ $0 == Self.header }) == true, lines.popLast() == "" else {
      throw FileError(
        file: path, line: 1,
        problem: "this is not a complete file of predictions, which begins with \"index prediction "
          + "reference\" and ends with a line end.")
    }
    func columns<Value>(
      _ value: (String) -> Value?
    ) throws -> (predictions: [Value], references: [Value]) {
      let rows = try lines.enumerated().map { row, line in
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        let values = fields.dropFirst().compactMap(value)
        guard fields.count == 3, fields[0] == "\(row)", values.count == 2 else {
          throw FileError(
            file: path, line: row + 2,
            problem: "this is not a prediction for task \(task.name): row number, prediction and "
              + "reference are expected, found \"\(line)\".")
        }
        return values
      }
      return (rows.map { $0[0] }, rows.map { $0[1] })
    }
    if task.isRegression {
      let (predictions, references) = try columns { text in
        Float(text).flatMap { $0.isFinite ? Double($0) : nil }
      }
      self = .scores(predictions: predictions, references: references)
    } else {
      let ids = Dictionary(
        task.labelNames.enumerated().map { ($1, Int32($0)) },
        uniquingKeysWith: { first, _ in first })
      let (predictions, references) = try columns { ids[$0] }
      self = .classes(predictions: predictions, references: references)
    }
  }
}
