import Configuration
import Data
import Foundation
import Inference
import Models
import StrictJSON
import Studies
import TestSupport
import Trainers

/// A study of tiny models on a few synthetic sentences.
struct StudyWorld {
  let toy: ToyWorld
  var root: String { toy.scratch.path }
  var folder: String { "\(root)/study" }
  var teacher: String { "\(root)/teacher" }

  init() throws {
    toy = try ToyWorld()
    try SyntheticSentiment(trainRows: 24, developmentRows: 20, testRows: 1, seed: 5)
      .writeDataset(to: "\(root)/SST-2")
    try writeTeacher(seed: 2)
  }

  /// Teachers of different seeds have different weights.
  func writeTeacher(seed: UInt64) throws {
    let teacher = toy.classifier(seed: seed)
    try ModelFolder.write(
      teacher, labels: teacher.labels, to: self.teacher, tokenizer: root)
  }

  /// Two tasks on the same rows with two methods, three updates of four texts.
  func text(seeds: String = "[1, 2]", methods: String = "", top: String = "") -> String {
    let task = #"{"name": "sst-2", "data_dir": "\#(root)/SST-2", "max_seq_length": 24}"#
    return """
      {
        "output_dir": "\(folder)", "seeds": \(seeds), "bootstrap": {"resamples": 50}, \(top)
        "base": {
          "teacher": {"model_name_or_path": "\(teacher)"}, "allow_weak_teacher": true,
          "student": {
            "config": {
              "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
              "intermediate_size": 16, "max_position_embeddings": 24
            }
          },
          "shards": 2, "threads": 2,
          "train": {
            "per_device_train_batch_size": 4, "max_steps": 3, "learning_rate": 1e-3
          }
        },
        "tasks": {"short": {"task": \(task)}},
        "methods": {
          "none": {"method": {"name": "none"}},
          "kd": {"method": {"name": "kd", "temperature": 2}}
          \(methods)
        }
      }
      """
  }

  /// A further method, for `text`: it makes its teacher beforehand.
  static let throughAssistant = #"""
    , "takd": {
        "method": {"name": "kd"},
        "student": {"config": null, "from_teacher_layers": [0]},
        "assistant": {
          "train": {"max_steps": 2},
          "student": {
            "from_teacher_layers": null,
            "config": {
              "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
              "intermediate_size": 16, "max_position_embeddings": 24
            }
          }
        }
      }
    """#

  func study(_ text: String, overrides: [String] = []) throws -> Study {
    let path = "\(root)/study.json"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try Study(
      StudyConfiguration.load(
        path: path, overrides: overrides.map(ConfigOverride.init(parsing:))))
  }

  /// What making a study says.
  func complaint(_ text: String) -> String {
    do {
      _ = try study(text)
      return ""
    } catch { return "\(error)".replacingOccurrences(of: root, with: "…") }
  }

  /// Writes what a run of a cell would have left.
  func pretend(
    _ cell: StudyCell, accuracy: Double, updates: Int = 3, seconds: Double = 1,
    predictions: [Int32], references: [Int32]
  ) throws {
    try FileManager.default.createDirectory(
      atPath: cell.folder, withIntermediateDirectories: true)
    let files: [(String, JSONValue)] = [
      ("run.json", [:]),
      ("all_results.json", ["eval_accuracy": .double(accuracy), "teacher_accuracy": 0.75]),
      (
        "cell.json",
        [
          "fingerprint": .string(cell.fingerprint), "updates": .int(updates),
          "seconds": .double(seconds),
        ]
      ),
    ]
    for (name, json) in files {
      try JSONWriter().string(json).write(
        toFile: "\(cell.folder)/\(name)", atomically: true, encoding: .utf8)
    }
    try ValidationPredictions.classes(predictions: predictions, references: references)
      .write(to: "\(cell.folder)/eval_predictions.tsv", labels: ["negative", "positive"])
  }
}

/// Remembers what happens in a study.
final class StudyListener: StudyObserver {
  var skipped: [String] = []
  var begun: [(cell: String, state: StudyCell.State)] = []
  var finished: [(cell: String, record: CellRecord)] = []
  var failed: [(cell: String, problem: String)] = []
  var notices: [String] = []
  var waits: [[String]] = []
  /// Called when a cell's run begins.
  var atDisplay: (_ cell: String) -> Void = { _ in }
  /// Called when there is nothing to do but to wait.
  var atWait: () -> Void = {}
  /// The update of a cell after which the study shall stop.
  var stopsAfter: (cell: String, step: Int)?
  /// What watching an update takes, in microseconds.
  var delay: UInt32 = 0
  private var display = SilentObserver()

  func didSkip(_ cell: StudyCell, number: Int, of total: Int) { skipped.append(cell.name) }
  func willRun(_ cell: StudyCell, state: StudyCell.State, number: Int, of total: Int) {
    begun.append((cell.name, state))
  }
  func didNotice(_ cell: StudyCell, _ notices: [String]) { self.notices += notices }
  func display(for cell: StudyCell) -> any TrainingObserver {
    atDisplay(cell.name)
    display = SilentObserver()
    display.delay = delay
    if let stopsAfter, stopsAfter.cell == cell.name { display.stopsAfter = stopsAfter.step }
    return display
  }
  func didFinish(
    _ cell: StudyCell, record: CellRecord, results: [(name: String, value: Double)]
  ) {
    finished.append((cell.name, record))
  }
  func didFail(_ cell: StudyCell, _ error: any Error) { failed.append((cell.name, "\(error)")) }
  func willWait(for cells: [StudyCell]) {
    waits.append(cells.map(\.name))
    atWait()
  }
  var shouldStop: Bool { display.shouldStop }
}
