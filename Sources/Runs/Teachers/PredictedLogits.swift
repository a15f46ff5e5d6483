import Data
import Files
import Glibc
import Inference
import Kernels

/// Logits from a file of predictions, in the order of a task's labels.
struct PredictedLogits {
  /// A sentence about labels that had to be interpreted.
  let notice: String?
  private let path: String
  private let labels: Int
  private let logits: [Int: [Float]]

  /// Reads a file and brings its numbers into the task's order.
  ///
  /// - Parameter floor: what smaller probabilities count as.
  /// - Throws: `FileError` for anything that is not a prediction for the task.
  init(_ path: String, task: TaskDescription, floor: Double) throws {
    let file = try PredictionsFile(reading: path)
    let wanted = task.isRegression ? ["score"] : task.labelNames
    let order: [Int]
    (order, notice) = try Self.order(of: file, wanted: wanted, task: task)
    var logits: [Int: [Float]] = [:]
    logits.reserveCapacity(file.rows.count)
    for row in file.rows {
      let values = order.map { row.values[$0] }
      let found =
        file.kind == .logits || task.isRegression
        ? values : try Self.logits(values, row, file: path, task: task, floor: floor)
      guard logits.updateValue(found.map { Float($0) }, forKey: row.index) == nil else {
        throw FileError(
          file: path, line: row.line, problem: "row \(row.index) has a prediction already.")
      }
    }
    self.path = path
    self.logits = logits
    labels = wanted.count
  }

  /// For each label of the task the place of its number.
  private static func order(
    of file: PredictionsFile, wanted: [String], task: TaskDescription
  ) throws -> (order: [Int], notice: String?) {
    let count = file.rows.first?.values.count ?? 0
    let shown = wanted.map { "\"\($0)\"" }.joined(separator: ", ")
    guard count == wanted.count else {
      throw FileError(
        file: file.path, line: file.rows.first?.line,
        problem: "the rows have \(count) number\(count == 1 ? "" : "s") each, but task "
          + "\(task.name) has \(wanted.count): \(shown).")
    }
    let inOrder = Array(wanted.indices)
    if task.isRegression { return (inOrder, nil) }
    guard let names = file.names else {
      return (
        inOrder,
        "\(file.path) has no label names; its numbers are taken in the task's order \(shown)"
      )
    }
    let spellings = task.labels.map(\.spelling)
    guard let match = LabelMatch(names, wanted, spellings: spellings) else {
      throw FileError(
        file: file.path, line: file.rows.first?.line,
        problem: "the labels are \(names.map { "\"\($0)\"" }.joined(separator: ", ")), but task "
          + "\(task.name) has \(shown).")
    }
    return (match.order, match.notice(file.path, names, wanted))
  }

  /// The logits that probabilities stand for: their logarithms with mean zero, or the log-odds of
  /// each label if a row may have several.
  private static func logits(
    _ values: [Double], _ row: PredictionsFile.Row, file: String, task: TaskDescription,
    floor: Double
  ) throws -> [Double] {
    // Floats of half precision are off by up to 2^-11, and numbers may be rounded to four decimals.
    let slack = 1e-3 + 5e-5 * Double(values.count)
    guard values.allSatisfy({ $0 >= -slack && $0 <= 1 + slack }) else {
      throw FileError(
        file: file, line: row.line,
        problem: "row \(row.index) has a probability that is not from 0 to 1; logits are called "
          + "\"logits\".")
    }
    if task.isMultiLabel {
      return values.map { value in
        let p = min(max(value, floor), 1 - floor)
        return log(p / (1 - p))
      }
    }
    let sum = values.reduce(0, +)
    guard abs(sum - 1) <= slack else {
      throw FileError(
        file: file, line: row.line,
        problem: "the probabilities of row \(row.index) add up to \(Float(sum)), not to 1.")
    }
    let logarithms = values.map { log(max($0, floor)) }
    let mean = logarithms.reduce(0, +) / Double(logarithms.count)
    return logarithms.map { $0 - mean }
  }

  /// The logits of some rows.
  ///
  /// - Parameters:
  ///   - numbers: the rows' numbers in the file of the data.
  ///   - data: the data's file, for messages.
  ///   - total: how many rows that file has; nil if that is not known.
  /// - Throws: `FileError` unless the rows have a prediction each and no prediction is for a row
  ///   that there is not.
  func logits(of numbers: [Int], in data: String, total: Int?) throws -> Matrix {
    if let total, let largest = logits.keys.max(), largest >= total {
      throw FileError(
        file: path,
        problem: "there is a prediction for row \(largest), but \(data) has \(total) rows, counted "
          + "from 0; the predictions must be for this file.")
    }
    let missing = numbers.filter { logits[$0] == nil }
    if let first = missing.first {
      throw FileError(
        file: path,
        problem: "there is no prediction for \(missing.count) of the \(numbers.count) rows that "
          + "are used of \(data); the first is row \(first), counted from 0.")
    }
    let result = Matrix(zeros: numbers.count, labels)
    for (row, number) in numbers.enumerated() {
      for (column, value) in (logits[number] ?? []).enumerated() { result[row, column] = value }
    }
    return result
  }
}
