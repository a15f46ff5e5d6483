import Configuration
import Data
import Files
import Inference
import Methods
import Models
import Trainers

extension SequenceClassifier: TaskHead {
  static func openLearner(
    _ source: ModelSource, role: String, task: TaskDescription, opener: ModelOpener,
    teacher: OpenedModel<SequenceClassifier>?, texts: StudentTexts?
  ) throws -> OpenedModel<SequenceClassifier> {
    try opener.classifier(
      source, role: role, labels: ModelOpener.labels(of: task), teacher: teacher, texts: texts)
  }

  static func openTeacher(
    _ source: ModelSource, role: String, task: TaskDescription, opener: ModelOpener
  ) throws -> (model: OpenedModel<SequenceClassifier>, notices: [String]) {
    let opened = try opener.classifier(source, role: role, labels: nil)
    try opened.requireWholeCheckpoint()
    let (teacher, notice) = try ModelOpener.align(opened, with: task)
    return (teacher, opened.notices + [notice].compactMap { $0 })
  }

  static func trainingRows(_ source: TaskData) throws -> TrainingRows {
    if let transfer = source.transfer {
      let labelled = transfer.alone ? nil : try source.labelledText(of: .train)
      return try source.trainingRows(labelled, beside: transfer)
    }
    let text = try source.labelledText(of: .train)
    return TrainingRows(data: source.tokens(text), files: [text])
  }

  static func evaluation(_ source: TaskData, setup: RunSetup) throws -> EvaluationParts {
    let (task, configuration) = (source.task, source.configuration)
    let main = try source.rows(of: .validation)
    var others: [EvaluationParts.Part] = []
    for (split, suffix) in task.validationSplits.dropFirst() {
      guard DatasetReader.hasFile(task: task, split: split, directory: configuration.dataDir)
      else {
        source.notice([
          "the \(split.rawValue) file of task \(task.name) is not in \(configuration.dataDir); "
            + "its metrics are left out"
        ])
        continue
      }
      others.append(EvaluationParts.Part(data: try source.rows(of: split), suffix: suffix))
    }
    return EvaluationParts(
      task: task, data: main, others: others, pool: setup.pool, precision: setup.precision,
      shouldStop: setup.stop.isMade)
  }

  static func weakness(
    _ metrics: [(name: String, value: Double)], in evaluation: EvaluationParts, model: String
  ) -> String? {
    WeakModel.problem(metrics, task: evaluation.task, data: evaluation.data, model: model)
  }

  static func leak(of data: TokenizedDataset, into evaluation: EvaluationParts) -> String? {
    let found = evaluation.data.repeats(of: data)
    guard found.rows > 0 else { return nil }
    let share = (Double(found.rows) / Double(evaluation.data.count) * 1000).rounded() / 10
    let others =
      found.contradictions == 0 ? "" : ", \(found.contradictions) of them with another label"
    return "\(found.rows) of the \(evaluation.data.count) validation rows (\(share) %) have the "
      + "texts of training rows\(others); on such rows a model looks better than it is"
  }

  static func configure(
    _ method: MethodDescription, section: ConfigSection, task: TaskDescription
  ) throws -> @Sendable (DistillationSetup) throws -> any Objective {
    try method.configure(section)
  }

  var writtenLabels: LabelSet? { labels }
}

extension TaskData {
  /// The rows of a split, without those that are held out or were not drawn.
  func text(of split: Split) throws -> TextDataset {
    func read(_ split: Split, _ maximumRows: Int? = nil) throws -> TextDataset {
      try DatasetReader.read(
        task: task, split: split, directory: configuration.dataDir, maximumRows: maximumRows,
        badRows: configuration.badRows)
    }
    let isTraining = split == .train
    guard isTraining || split == .validation && configuration.validationSplit != nil else {
      return try read(split, maximumRows)
    }
    var text = try read(.train)
    if let share = configuration.validationSplit {
      let (rest, heldOut) = RowDraw.heldOut(share, of: text, seed: seed)
      guard !rest.isEmpty, !heldOut.isEmpty else {
        throw FileError(
          file: text.source,
          problem: "validation_split \(share) of \(text.count) rows leaves none to "
            + (rest.isEmpty ? "train on." : "measure on."))
      }
      guard isTraining else {
        notice(["\(heldOut.count) of the \(text.count) training rows are held out for validation"])
        return text.selecting(heldOut.prefix(maximumRows ?? heldOut.count))
      }
      text = text.selecting(rest)
    }
    if let count = configuration.samplesPerClass {
      text = text.selecting(try RowDraw.rows(perClass: count, of: text, seed: seed))
    }
    if let maximumRows, maximumRows < text.count {
      text = text.selecting(RowDraw.rows(maximumRows, of: text.count, seed: seed))
    }
    return text
  }

  /// Reads a split in which every row must have a label.
  fileprivate func labelledText(of split: Split) throws -> TextDataset {
    let text = try text(of: split)
    notice(text.notices + [text.classNotice].compactMap { $0 })
    guard Targets(text).count != nil else {
      throw FileError(file: text.source, problem: "the \(split.rawValue) rows have no labels")
    }
    return text
  }

  /// Reads and tokenises a split in which every row must have a label.
  fileprivate func rows(of split: Split) throws -> TokenizedDataset {
    tokens(try labelledText(of: split))
  }

  fileprivate func tokens(_ text: TextDataset) -> TokenizedDataset {
    TokenizedDataset(
      text, tokenizer: tokenizer, maximumLength: configuration.maxSeqLength, pool: pool)
  }
}
