import Configuration
import Data
import Inference
import Kernels
import Methods
import Models
import Trainers

extension RunParts {
  /// Checks that the length of a run without training data is given in updates.
  ///
  /// - Throws: `ConfigError`.
  static func checkBudget(of method: MethodDescription, _ train: TrainingArguments) throws {
    guard !method.needsTrainingData, train.maxSteps <= 0 else { return }
    throw train.origin.error(
      "max_steps",
      "method \(method.name) makes its own texts, of which there is no end: give the number of "
        + "updates as train.max_steps; num_train_epochs means nothing here")
  }

  /// The rows that a method trains on: those of the task, or its own, for which no file of the task is
  /// opened.
  static func trainingRows(
    of method: MethodDescription, _ c: DistillConfiguration, task: TaskDescription,
    tokenizer: any Tokenizer, pool: ThreadPool, notices: inout [String]
  ) throws -> TokenizedDataset {
    guard let texts = method.texts else {
      return try data(
        c.task, task: task, split: .train, maximumRows: c.train.maxTrainSamples,
        tokenizer: tokenizer, pool: pool, notices: &notices)
    }
    if c.train.maxTrainSamples != nil {
      notices.append(
        "train.max_train_samples is not looked at: method \(method.name) makes its own texts "
          + "(method.texts.rows)")
    }
    return try texts(c.method).dataset(
      for: task, tokenizer: tokenizer, maximumLength: c.task.maxSeqLength, seed: c.common.seed,
      pool: pool)
  }
}
