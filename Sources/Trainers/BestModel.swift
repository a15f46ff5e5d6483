import Autograd
import Kernels
import StrictJSON
import Synchronization

/// The best evaluation so far. Ties go to the earlier update; an undefined metric is no
/// improvement.
final class BestModel: StatePart {
  private struct Found: Sendable {
    var value: Double?
    var step: Int?
    /// Every evaluation's metric; NaN where it was undefined.
    var history: [Double] = []
    /// Evaluations of stages that are over, which patience does not count.
    var uncounted = 0
  }

  let stateName = "best"
  private let parameters: Parameters
  private let greaterIsBetter: Bool
  private let kept: Buffer?
  private let found = Mutex(Found())

  /// - Parameter keepsWeights: whether `restoreWeights()` will be needed
  ///   (`load_best_model_at_end`).
  init(parameters: Parameters, greaterIsBetter: Bool, keepsWeights: Bool) {
    self.parameters = parameters
    self.greaterIsBetter = greaterIsBetter
    kept = keepsWeights ? Buffer(zeroed: parameters.count) : nil
  }

  /// The best metric, and the update that reached it first.
  var best: (value: Double?, step: Int?) { found.withLock { ($0.value, $0.step) } }

  /// Takes an evaluation into account.
  ///
  /// - Returns: whether it is the best so far.
  func offer(_ candidate: Double?, step: Int) -> Bool {
    let isBest = found.withLock { found in
      found.history.append(candidate ?? .nan)
      guard let candidate, !candidate.isNaN else { return false }
      if let best = found.value, greaterIsBetter ? candidate <= best : candidate >= best {
        return false
      }
      found.value = candidate
      found.step = step
      return true
    }
    if isBest, let kept { copy(parameters.buffer, to: kept) }
    return isBest
  }

  /// The number of evaluations whose metric was undefined.
  var undefined: Int { found.withLock { $0.history.count(where: \.isNaN) } }

  /// Leaves the evaluations so far out of `evaluationsSinceImprovement`: they are of a stage that
  /// does not decide when training ends.
  func countAnew() { found.withLock { $0.uncounted = $0.history.count } }

  /// Evaluations since the last improvement, as transformers' EarlyStoppingCallback counts them: an
  /// improvement must exceed the threshold. The first evaluation has nothing to improve on; it is
  /// counted from even if its metric is undefined.
  func evaluationsSinceImprovement(threshold: Double) -> Int {
    var best: Double?
    var count = 0
    let counted = found.withLock { $0.history.dropFirst($0.uncounted) }
    for (place, value) in counted.enumerated() {
      let improves =
        place == 0
        || !value.isNaN
          && best.map {
            greaterIsBetter ? value > $0 + threshold : value < $0 - threshold
          } ?? true
      count = improves ? 0 : count + 1
      if !value.isNaN, best.map({ greaterIsBetter ? value > $0 : value < $0 }) ?? true {
        best = value
      }
    }
    return count
  }

  /// Gives the model its best weights, if they were kept and there are any.
  func restoreWeights() {
    if let kept, best.value != nil { copy(kept, to: parameters.buffer) }
  }

  /// Exchanges the model's weights with its best ones, if they were kept and there are any.
  ///
  /// - Returns: whether there are.
  func exchangeWeights() -> Bool {
    guard let kept, best.value != nil else { return false }
    let (own, other) = (parameters.buffer, kept)
    let count = 1 << 16
    let held = Matrix(zeros: 1, min(count, parameters.count))
    for start in stride(from: 0, to: parameters.count, by: count) {
      let length = min(count, parameters.count - start)
      let first = Matrix(own, offset: start, rows: 1, columns: length)
      let second = Matrix(other, offset: start, rows: 1, columns: length)
      let middle = held.columns(0..<length)
      middle.copy(from: first)
      first.copy(from: second)
      second.copy(from: middle)
    }
    return true
  }

  private func copy(_ source: Buffer, to target: Buffer) {
    Matrix(target, rows: 1, columns: parameters.count)
      .copy(from: Matrix(source, rows: 1, columns: parameters.count))
  }

  func record() -> StateRecord {
    let found = found.withLock { $0 }
    var record = StateRecord(
      values: JSONObject([
        ("value", found.value.map(JSONValue.double) ?? .null),
        ("step", found.step.map(JSONValue.int) ?? .null),
        ("history", .array(found.history.map(JSONValue.double))),
        ("uncounted", .int(found.uncounted)),
      ]))
    if let kept { record.arrays["weights"] = .init(copying: kept, shape: [parameters.count]) }
    return record
  }

  func restore(_ record: StateRecord) throws {
    let weights = try kept.map { _ in
      try record.floats("weights", shape: [parameters.count])
    }
    guard weights?.isFinite != false else {
      throw StateError("the best weights are not finite")
    }
    let history = try record.list("history").map { $0.double ?? .nan }
    // States of earlier versions count all evaluations.
    let uncounted = record.values["uncounted"]?.int ?? 0
    guard (0...history.count).contains(uncounted) else {
      throw StateError("of \(history.count) evaluations \(uncounted) are not counted")
    }
    let value = record.values["value"]?.double
    let step = record.values["step"]?.int
    guard (value == nil) == (step == nil), step.map(StateRecord.counts.contains) != false else {
      throw StateError("the best metric and its update do not fit")
    }
    if let kept { weights?.copy(to: kept) }
    found.withLock {
      $0 = Found(value: value, step: step, history: history, uncounted: uncounted)
    }
  }
}
