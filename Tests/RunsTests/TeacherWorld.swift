import Configuration
import Files
import Foundation
import Runs
import StrictJSON
import TestSupport

/// The models, texts and predictions of Tests/Goldens/teachers, and runs with them.
struct TeacherWorld {
  let scratch: ScratchFolder
  let golden = TestFiles.golden("teachers")

  init() throws { scratch = try ScratchFolder() }

  /// A folder or file of the golden.
  func path(_ name: String) -> JSONValue { .string("\(golden)/\(name)") }

  /// The section of a model.
  func model(_ name: String, _ more: JSONValue = [:]) -> JSONValue {
    (["model_name_or_path": path(name)] as JSONValue).merged(with: more)
  }

  /// The RoBERTa and another teacher of half its weight.
  func ensemble(_ average: String, _ second: JSONValue, weights: (Double, Double) = (2, 1))
    -> JSONValue
  {
    [
      "ensemble": [
        model("roberta", ["weight": .double(weights.0)]),
        second.merged(with: ["weight": .double(weights.1)]),
      ], "average": .string(average),
    ]
  }

  /// The text of a configuration: one update, which changes nothing, by all nine texts.
  ///
  /// - Parameter teacher: takes the place of the RoBERTa.
  func text(
    teacher: JSONValue? = nil, method: JSONValue = ["name": "kd", "temperature": 2],
    output: String = "out", _ changes: JSONValue = [:]
  ) -> JSONValue {
    let usual: JSONValue = [
      "output_dir": .string("\(scratch.path)/\(output)"), "allow_weak_teacher": true,
      "overwrite_output_dir": true, "shards": 2, "seed": 5,
      "task": [
        "name": "texts", "data_dir": .string(golden), "max_seq_length": 9, "format": "csv",
        "text": "text", "label": "label", "labels": ["good", "bad", "odd"],
        "metrics": ["accuracy"],
      ],
      "teacher": teacher ?? model("roberta"), "student": model("student"), "method": method,
      "train": [
        "per_device_train_batch_size": 16, "max_steps": 1, "learning_rate": 0, "logging_steps": 1,
        "weight_decay": 0,
      ],
    ]
    return usual.merged(with: changes)
  }

  func prepared(_ text: JSONValue) throws -> PreparedRun {
    try PreparedRun.distill(
      DistillConfiguration(reading: ConfigDocument(text, file: "test").root))
  }

  /// What is wrong with a configuration or its run; empty if nothing is.
  func complaint(_ text: JSONValue) -> String {
    do {
      _ = try prepared(text).execute(SilentObserver())
      return ""
    } catch { return "\(error)" }
  }

  func bytes(_ file: String) throws -> [UInt8] { try ByteFile.read("\(scratch.path)/\(file)") }

  /// Writes a file and returns its path.
  func write(_ text: String, as name: String) throws -> JSONValue {
    try scratch.write(text, as: name)
    return .string("\(scratch.path)/\(name)")
  }
}

extension RunOutcome {
  subscript(_ name: String) -> Double? { results.first { $0.name == name }?.value }
}
