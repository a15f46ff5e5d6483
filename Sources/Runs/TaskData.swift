import Configuration
import Data
import Files
import Inference
import Kernels
import Methods
import Models
import Trainers

extension RunParts {
  /// Reads and tokenises a split.
  static func data(
    _ configuration: TaskConfiguration, task: TaskDescription, split: Split, maximumRows: Int?,
    tokenizer: any Tokenizer, pool: ThreadPool, notices: inout [String]
  ) throws -> TokenizedDataset {
    let text = try DatasetReader.read(
      task: task, split: split, directory: configuration.dataDir, maximumRows: maximumRows,
      badRows: configuration.badRows)
    notices += text.notices
    let data = TokenizedDataset(
      text, tokenizer: tokenizer, maximumLength: configuration.maxSeqLength, pool: pool)
    guard data.isLabelled else {
      throw FileError(file: text.source, problem: "the \(split.rawValue) rows have no labels")
    }
    return data
  }

  /// Reads and tokenises all validation splits of a task. One beyond the first may be absent.
  static func evaluation(
    _ configuration: TaskConfiguration, task: TaskDescription, maximumRows: Int?,
    tokenizer: any Tokenizer, pool: ThreadPool, precision: Precision, notices: inout [String]
  ) throws -> EvaluationParts {
    let main = try data(
      configuration, task: task, split: .validation, maximumRows: maximumRows,
      tokenizer: tokenizer, pool: pool, notices: &notices)
    var others: [EvaluationParts.Part] = []
    for (split, suffix) in task.validationSplits.dropFirst() {
      guard DatasetReader.hasFile(task: task, split: split, directory: configuration.dataDir)
      else {
        notices.append(
          "the \(split.rawValue) file of task \(task.name) is not in \(configuration.dataDir); "
            + "its metrics are left out")
        continue
      }
      others.append(
        EvaluationParts.Part(
          data: try data(
            configuration, task: task, split: split, maximumRows: maximumRows,
            tokenizer: tokenizer, pool: pool, notices: &notices), suffix: suffix))
    }
    return EvaluationParts(task: task, data: main, others: others, pool: pool, precision: precision)
  }
}
