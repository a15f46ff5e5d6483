import Configuration
import Data
import Files
import Foundation
import Inference
import StrictJSON

/// A small file about a finished cell, for a repository: all that tables and curves are made of, so
/// that they can be made again where the cell's folder, its weights and the models that it began
/// with are gone.
///
/// It is JSON: `configuration` and `fingerprint` identify the cell, `models` the models that it
/// began with, `precision` how it was computed; `results` is the content of all_results.json;
/// `log_history` and `evaluations` are what trainer_state.json has under these names, of the log
/// only what evaluations found; `answers` are the model's `classes` (from 0) or `scores` for the
/// validation rows, and the `references`.
struct KeptCell {
  /// The file.
  let file: String
  /// What the cell's result depends on.
  let identity: CellIdentity
  /// What cell.json says.
  let record: CellRecord
  /// The content of all_results.json.
  let results: JSONValue
  /// The evaluations in trainer_state.json.
  let trainerState: JSONValue
  private let answers: JSONValue

  /// What is to be kept of a cell.
  init(
    file: String, identity: CellIdentity, record: CellRecord, outcome: CellOutcome,
    predictions: ValidationPredictions?
  ) {
    (self.file, self.identity, self.record, results) = (file, identity, record, outcome.results)
    trainerState = Self.evaluations(of: outcome.trainerState)
    answers = predictions.map(Self.json) ?? .null
  }

  /// Reads a file.
  /// - Throws: `FileError` or `JSONError`.
  init(reading file: String) throws {
    let json = try StrictJSON.read(file)
    guard let configuration = json["configuration"], configuration.object != nil,
      let fingerprint = json["fingerprint"]?.string, let updates = json["updates"]?.int,
      let seconds = json["seconds"]?.double,
      CellRecord.isPlausible(updates: updates, seconds: seconds),
      let models = json["models"]?.object,
      let precision = json["precision"]?.string,
      let results = json["results"], results.object != nil
    else { throw FileError(file: file, problem: "this is not the record of a study's cell.") }
    (self.file, self.results) = (file, results)
    identity = CellIdentity(
      fingerprint: fingerprint, configuration: configuration, precision: precision,
      models: Dictionary(
        models.members.compactMap { member in member.value.string.map { (member.key, $0) } },
        uniquingKeysWith: { first, _ in first }), written: [:])
    record = CellRecord(fingerprint: fingerprint, updates: updates, seconds: seconds)
    trainerState = [
      "log_history": json["log_history"] ?? [], "evaluations": json["evaluations"] ?? [],
    ]
    answers = json["answers"] ?? .null
  }

  /// - Throws: `FileError`.
  func write() throws {
    let json: JSONValue = .object([
      ("configuration", identity.configuration),
      ("fingerprint", .string(identity.fingerprint)), ("precision", .string(identity.precision)),
      ("models", .object(identity.models.sorted { $0.key < $1.key }.map { ($0, .string($1)) })),
      ("updates", .int(record.updates)), ("seconds", .double(record.seconds)),
      ("results", results), ("evaluations", trainerState["evaluations"] ?? []),
      ("log_history", trainerState["log_history"] ?? []), ("answers", answers),
    ])
    try ByteFile.makeFolder((file as NSString).deletingLastPathComponent)
    // A line for each part, so that version control shows what is new.
    let lines = (json.object?.members ?? []).map { member in
      "  \(JSONWriter().string(.string(member.key))): "
        + JSONWriter(layout: .minimal).string(member.value)
    }
    try ByteFile.write("{\n\(lines.joined(separator: ",\n"))\n}\n".utf8, to: file)
  }

  /// The answers to the validation rows.
  /// - Throws: `FileError` if the file has none, or none of the task.
  func predictions(of task: TaskDescription) throws -> ValidationPredictions {
    func numbers<Value>(_ kind: String, _ value: (JSONValue) -> Value?) -> [Value]? {
      guard let all = answers[kind]?.array else { return nil }
      let values = all.compactMap(value)
      return values.count == all.count ? values : nil
    }
    let float = { (value: JSONValue) -> Double? in
      let number = value.numberText.flatMap(Float.init)
      return number.flatMap { $0.isFinite ? Double($0) : nil }
    }
    let places = 0..<task.labels.count
    let place = { (value: JSONValue) -> Int32? in
      value.int.flatMap { places.contains($0) ? Int32(exactly: $0) : nil }
    }
    if let classes = numbers("classes", place), let references = numbers("references", place),
      classes.count == references.count
    {
      return .classes(predictions: classes, references: references)
    }
    if let scores = numbers("scores", float), let references = numbers("references", float),
      scores.count == references.count
    {
      return .scores(predictions: scores, references: references)
    }
    throw FileError(
      file: file,
      problem: "the answers to the validation rows are missing, or not those of task \(task.name).")
  }

  private static func json(_ predictions: ValidationPredictions) -> JSONValue {
    switch predictions {
    case .classes(let predictions, let references):
      [
        "classes": .array(predictions.map { .int(Int($0)) }),
        "references": .array(references.map { .int(Int($0)) }),
      ]
    case .scores(let predictions, let references):
      // They are floats; their shortest spelling reads back as the same numbers.
      [
        "scores": .array(predictions.map { .float(Float($0)) }),
        "references": .array(references.map { .float(Float($0)) }),
      ]
    }
  }

  /// Of the log, what evaluations say.
  private static func evaluations(of state: JSONValue) -> JSONValue {
    let log = (state["log_history"]?.array ?? []).compactMap { entry -> JSONValue? in
      let members = (entry.object?.members ?? []).filter { member in
        member.key == "step"
          || member.key.hasPrefix("eval_") && !member.key.hasSuffix("_second")
            && !member.key.hasSuffix("_runtime") && !member.key.hasSuffix("_samples")
      }
      guard members.count > 1 else { return nil }
      return .object(members.map { ($0.key, $0.value) })
    }
    return ["evaluations": state["evaluations"] ?? [], "log_history": .array(log)]
  }
}
