import Autograd
import Data
import Inference
import Methods
import Models
import Processes
import Trainers

extension PreparedRun {
  /// `mate-kd pretrain`: masked-language-model training on plain text or a task's texts.
  ///
  /// - Parameter group: the processes that share the run; all of them prepare and execute it.
  /// - Throws: errors of the configuration, the data and the model, each one sentence.
  public static func pretrain(
    _ c: PretrainConfiguration,
    sharedBy group: any ProcessGroup = SingleProcess()
  ) throws -> PreparedRun {
    let setup = try RunSetup(
      command: "pretrain", common: c.common, arguments: c.train, group: group,
      resolved: { c.resolved })
    let model = try ModelOpener(c.common).maskedLanguageModel(c.model, role: "model")
    try ModelOpener.checkLength(c.maxSeqLength, of: [("model", model.model)])
    let text = try c.corpus.texts(maximumRows: c.train.maxTrainSamples)
    let data = TokenizedDataset(
      text, tokenizer: model.tokenizer, maximumLength: c.maxSeqLength, pool: setup.pool)
    let objective = MaskedLanguageModeling(
      model.model, training: setup.trainedModel(model.model, rows: data.count),
      probability: Float(c.mlm.mlmProbability), alwaysMask: c.mlm.masking != .bert,
      maskID: model.tokenizer.specialTokens.mask)
    let (learner, tokenizer) = try (
      model.model,
      ModelFolder.TokenizerContent(
        folder: model.tokenizerSource, specialTokensInText: c.common.specialTokensInText)
    )
    let outputs = RunOutputs(
      hashes: [
        ("corpus", data.contentHash), ("vocabulary", model.tokenizer.vocabularyHash),
        ("tokenizer files", tokenizer.contentHash),
        RunDescription.architecture(of: RunModel(role: "model", model: model.model)),
      ],
      parameters: model.model.parameters.count, validation: nil,
      lastScalars: ["loss", "masked_accuracy"],
      save: { try ModelFolder.write(learner, to: $0, tokenizer: tokenizer) },
      saveState: {
        try ModelFolder.write(learner, weights: $0.mainWeights, to: $1, tokenizer: tokenizer)
      })
    return try PreparedRun(
      setup: setup, objective: objective, data: data, outputs: outputs,
      plan: RunPlan(
        rows: [("texts", RunPlan.rows(data))],
        models: [RunModel(role: "model", model: model.model)],
        objective: objective, data: data, setup: setup),
      notices: c.notes + model.notices + text.notices)
  }
}

extension Corpus {
  /// The texts of all files, or of one split of a task.
  fileprivate func texts(maximumRows: Int?) throws -> TextDataset {
    let named = task.map {
      TaskConfiguration(name: $0, dataDir: dataDir ?? "", origin: origin)
    }
    if let task = ownTask ?? named {
      let description = try task.taskDescription(key: ownTask == nil ? "task" : "name")
      if let version = description.questions {
        return try SQuADReader.read(version, split: split, directory: task.dataDir)
          .texts(maximum: maximumRows)
      }
      return try DatasetReader.read(
        task: description, split: split, directory: task.dataDir, maximumRows: maximumRows,
        badRows: badRows)
    }
    var all = TextDataset(source: files.joined(separator: ", "))
    for file in files {
      let rest = maximumRows.map { $0 - all.count }
      if let rest, rest <= 0 { break }
      let text = try DatasetReader.readCorpus(path: file, maximumRows: rest)
      for row in 0..<text.count {
        all.append(text.first(row), nil, label: .none, line: text.line(row))
      }
    }
    return all
  }
}
