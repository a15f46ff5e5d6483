import StrictJSON

/// One entry of the training log, like those of HF's `log_history`: names and values in order.
public struct LogEntry: Sendable {
  /// The number of updates made when it was taken.
  public let step: Int
  /// Passes over the data so far.
  public let epoch: Double
  /// Named values.
  public var values: [(name: String, value: Double)]

  package init(step: Int, epoch: Double, values: [(name: String, value: Double)]) {
    (self.step, self.epoch, self.values) = (step, epoch, values)
  }

  /// The value with this name.
  public subscript(_ name: String) -> Double? { values.first { $0.name == name }?.value }

  /// The entry as a JSON object with `epoch` and `step`.
  public var json: JSONValue {
    var object = JSONObject()
    object["epoch"] = .double(epoch)
    for (name, value) in values { object[name] = .double(value) }
    object["step"] = .int(step)
    return JSONValue(.object(object))
  }
}

extension LogEntry {
  /// Reads an entry that `json` wrote. A value that was not finite is NaN.
  /// - Throws: `StateError`.
  init(_ json: JSONValue) throws {
    guard let object = json.object, let step = json["step"]?.int, let epoch = json["epoch"]?.double,
      (0...1e12).contains(epoch)
    else { throw StateError("the log has an entry without step and epoch") }
    let values = object.members.filter { $0.key != "step" && $0.key != "epoch" }
    self.init(
      step: step, epoch: epoch,
      values: try values.map { member in
        let value = member.value.isNull ? .nan : member.value.double
        guard let value, !value.isInfinite else {
          throw StateError("\(member.key) in the log is nothing that a run logs")
        }
        return (name: member.key, value: value)
      })
  }
}

/// Receives what happens during training. The command line shows and stores it.
public protocol TrainingObserver: AnyObject {
  /// A training entry is due (`logging_steps`).
  func didLog(_ entry: LogEntry)
  /// An evaluation has ended.
  func didEvaluate(_ entry: LogEntry, isBest: Bool) throws
  /// An update has been made; called often, for progress bars.
  func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int)
  /// Something that the user should know at once. Called from any thread.
  func didNotice(_ sentence: String)
  /// Something that has gone wrong, though the run goes on.
  func didWarn(_ sentence: String)
  /// An update was skipped because its loss or gradient is not finite.
  func didSkip(_ update: SkippedUpdate)
  /// True ends training after the current update, and an evaluation before its next batch. Asked on
  /// any thread.
  var shouldStop: Bool { get }
}

extension TrainingObserver {
  /// Nobody is told.
  public func didNotice(_ sentence: String) {}
  /// The user is told as of anything else.
  public func didWarn(_ sentence: String) { didNotice(sentence) }
  /// Nothing is kept.
  public func didSkip(_ update: SkippedUpdate) {}
}
