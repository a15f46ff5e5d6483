import Files
import Foundation

/// What the GLUE server accepts: a zip of eleven files, each with one row per row of a test set.
public enum GLUESubmission {
  /// The header of every file.
  static let header = "index\tprediction\n"

  /// One of the files.
  public struct File: Sendable {
    /// Its name in the archive, such as `MNLI-mm.tsv`.
    public let name: String
    /// The task that defines its labels and texts.
    public let task: TaskDescription
    /// The split that is predicted.
    public let split: Split
    /// The number of rows that the server expects.
    public let rows: Int
    /// The task whose model answers if there is none for this task: MNLI, for its other genres and
    /// for the diagnostic set.
    public let otherTask: TaskDescription?

    init(
      _ name: String, _ task: TaskDescription, _ rows: Int, otherTask: TaskDescription? = nil
    ) {
      (self.name, self.task, self.rows, self.otherTask) = (name, task, rows, otherTask)
      split = .test
    }
  }

  /// The files that the server expects, in the order of its leaderboard.
  public static let files = [
    File("CoLA.tsv", .cola, 1063), File("SST-2.tsv", .sst2, 1821), File("MRPC.tsv", .mrpc, 1725),
    File("STS-B.tsv", .stsb, 1379), File("QQP.tsv", .qqp, 390_965),
    File("MNLI-m.tsv", .mnli, 9796), File("MNLI-mm.tsv", .mnliMismatched, 9847, otherTask: .mnli),
    File("QNLI.tsv", .qnli, 5463), File("RTE.tsv", .rte, 3000), File("WNLI.tsv", .wnli, 146),
    File("AX.tsv", .ax, 1104, otherTask: .mnli),
  ]

  /// Predictions for the rows of a file.
  public enum Answers: Sendable {
    /// Ids of the task's labels.
    case classes([Int32])
    /// Scores of a regression task.
    case scores([Double])

    var count: Int {
      switch self {
      case .classes(let classes): classes.count
      case .scores(let scores): scores.count
      }
    }
  }
}

extension GLUESubmission.File {
  /// The test rows without labels. A text that is empty in the file stays empty, since every row
  /// needs an answer.
  ///
  /// - Throws: `FileError`, also if the number of rows is not what the server expects.
  public func read(directory: String) throws -> TextDataset {
    let text = try DatasetReader.readUnlabelled(task: task, split: split, directory: directory)
    guard text.count == rows else { throw wrongCount(text.count, file: text.source) }
    return text
  }

  /// The same answer for all rows, which the server accepts if there is no model: the task's first
  /// label, or 0.
  public var placeholder: GLUESubmission.Answers {
    task.isRegression
      ? .scores([Double](repeating: 0, count: rows))
      : .classes([Int32](repeating: 0, count: rows))
  }

  /// The content of the file: labels as in the task's TSV files, and scores with three decimals
  /// from 0 to 5.
  ///
  /// - Throws: `FileError` if the number of answers differs from the number of rows, for a label
  ///   that the task does not have, and for a score that is not a number.
  public func content(_ answers: GLUESubmission.Answers) throws -> [UInt8] {
    guard answers.count == rows else { throw wrongCount(answers.count, file: name) }
    var text = Array(GLUESubmission.header.utf8)
    func append(_ row: Int, _ prediction: String) { text += "\(row)\t\(prediction)\n".utf8 }
    switch answers {
    case .classes(let classes):
      for (row, label) in classes.enumerated() {
        guard task.labels.indices.contains(Int(label)) else {
          throw FileError(
            file: name, line: row + 2, problem: "task \(task.name) has no label \(label).")
        }
        append(row, task.labels[Int(label)].spelling)
      }
    case .scores(let scores):
      let range = task.scoreRange ?? 0...5
      let (lowest, highest) = (Double(range.lowerBound), Double(range.upperBound))
      for (row, score) in scores.enumerated() {
        guard !score.isNaN else {
          throw FileError(
            file: name, line: row + 2,
            problem: "the model's score is not a number; evaluate the model first.")
        }
        // This comparison maps -0 to the bound, so that "-0.000" is never written.
        let clipped = score <= lowest ? lowest : min(score, highest)
        append(row, String(format: "%.3f", clipped))
      }
    }
    return text
  }

  private func wrongCount(_ count: Int, file: String) -> FileError {
    FileError(
      file: file,
      problem:
        "there are \(count) rows where the GLUE server expects \(rows); take the test file of "
        + "the GLUE download.")
  }
}
