import Data
import Files
import Inference
import Models
import Reports

/// Finds the texts on which students and their teachers disagree most.
struct DisagreementSearch {
  let directory: String
  let split: Split
  /// The number of texts for each run.
  let count: Int
  let options: InferenceOptions

  /// Longer texts are cut on the page.
  private static let longestText = 600

  /// The texts of each run that has a teacher and its weights. Runs of other kinds are left out,
  /// with a notice.
  ///
  /// - Throws: errors of models and data.
  func search(_ runs: [RunRecord]) throws -> [(name: String, texts: [Disagreement])] {
    var found: [(name: String, texts: [Disagreement])] = []
    for run in runs {
      guard let teacher = run.config["teacher"]?["model_name_or_path"]?.string else {
        InferenceOptions.show(["\(run.name) has no teacher to compare with"])
        continue
      }
      guard ByteFile.exists("\(run.folder)/model.safetensors") else {
        InferenceOptions.show(["\(run.name) has no weights any more, so --data leaves it out"])
        continue
      }
      found.append((run.name, try search(run, teacher: teacher)))
    }
    return found
  }

  private func search(_ run: RunRecord, teacher: String) throws -> [Disagreement] {
    let applied = try AppliedTask(model: run.folder)
    let task = applied.task
    guard task.targets == .classes else {
      throw MismatchError(
        .training,
        "\(run.folder) is of task \(task.name); --data compares answers only where every text has "
          + "one label")
    }
    let rows = try DatasetReader.read(
      task: task, split: split, directory: directory,
      badRows: options.badRows ?? applied.badRows)
    let order = run.config["teacher"]?["label_order"]?.array?.compactMap(\.string)
    let theirs = try options.open(teacher, task: applied, labelOrder: order)
      .predict(rows, batchSize: options.batchSize)
    let own = try options.open(run.folder, task: applied)
      .predict(rows, batchSize: options.batchSize)
    let distances = (0..<rows.count).map { row in
      zip(theirs.probabilities(row), own.probabilities(row))
        .reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) } / 2
    }
    // Of equal distances the first row counts, so that the same runs give the same page.
    let ranked = distances.indices.sorted {
      (distances[$0], -$0) > (distances[$1], -$1)
    }
    return ranked.prefix(count).map { row in
      Disagreement(
        text: text(rows, row), reference: label(rows, row, task: task),
        teacher: answer(theirs, row), student: answer(own, row), distance: distances[row])
    }
  }

  private func answer(_ predictions: TaskModel.Predictions, _ row: Int) -> Disagreement.Answer {
    Disagreement.Answer(
      label: predictions.label(row) ?? "",
      probability: Double(predictions.probabilities(row).max() ?? .nan))
  }

  private func label(_ rows: TextDataset, _ row: Int, task: TaskDescription) -> String? {
    guard case .class(let label) = rows.label(row), task.labels.indices.contains(Int(label)) else {
      return nil
    }
    return task.labels[Int(label)].name
  }

  private func text(_ rows: TextDataset, _ row: Int) -> String {
    let parts = [rows.first(row), rows.second(row)].compactMap { $0 }
      .map { String(decoding: $0, as: UTF8.self) }
    let whole = parts.joined(separator: " ‖ ")
    return whole.count > Self.longestText ? whole.prefix(Self.longestText) + "…" : whole
  }
}
