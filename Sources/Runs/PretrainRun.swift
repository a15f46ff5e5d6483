import Configuration
import Data
import Foundation
import Inference
import Kernels
import Methods
import Models
import StrictJSON
import Trainers

extension PreparedRun {
  /// `mate-kd pretrain`: masked-language-model training on plain text or a task's texts.
  ///
  /// - Throws: errors of the configuration, the data and the model, each one sentence.
  public static func pretrain(_ c: PretrainConfiguration) throws -> PreparedRun {
    try RunFolder.check(c.common.outputDir, overwrite: c.common.overwriteOutputDir)
    let pool = try RunParts.pool(c.common)
    let precision = try c.common.supportedPrecision()
    var notices = c.notes
    let model = try ModelOpener(seed: c.common.seed).maskedLanguageModel(c.model, role: "model")
    notices += RunParts.notices(model.report, role: "model")
    try ModelOpener.checkLength(c.maxSeqLength, of: [("model", model.model)])
    let text = try corpus(c.corpus, maximumRows: c.train.maxTrainSamples, notices: &notices)
    let data = TokenizedDataset(
      text, tokenizer: model.tokenizer, maximumLength: c.maxSeqLength, pool: pool)
    let steps = TrainingLoop.plannedSteps(c.train, rows: data.count)
    let objective = MaskedLanguageModeling(
      model.model,
      training: TrainedModel(
        name: "", parameters: model.model.parameters, optimizer: OptimizerSettings(c.train),
        schedule: LearningRateSchedule(c.train, totalSteps: steps)),
      probability: Float(c.mlm.mlmProbability), alwaysMask: c.mlm.masking != .bert,
      maskID: model.tokenizer.specialTokens.mask)
    let mean = RunParts.meanLength(data)
    let memory = RunParts.memoryEstimate(
      trained: [model.model], frozen: [],
      tokensPerBatch: mean * Double(c.train.perDeviceTrainBatchSize),
      maxTokensPerShard: c.train.maxTokensPerBatch,
      shards: RunParts.shards(c.common))
    let plan: [(name: String, value: String)] = [
      ("texts", "\(data.count) (mean length \(String(format: "%.1f", mean)) tokens)"),
      ("model parameters", "\(model.model.parameters.count)"),
      ("updates", "\(steps) (\(TrainingLoop.stepsPerEpoch(c.train, rows: data.count)) an epoch)"),
      ("threads", "\(pool.threads)"), ("shards", "\(RunParts.shards(c.common))"),
      ("precision", precision.rawValue),
      ("memory estimate", RunParts.megabytes(memory)), ("output", c.common.outputDir),
    ]
    let loop = TrainingLoop(
      arguments: c.train, seed: c.common.seed, dataSeed: c.common.dataSeed,
      shards: RunParts.shards(c.common), pool: pool, precision: precision)
    let training = TrainingParts(objective: objective, data: data, loop: loop)
    return PreparedRun(plan: plan, notices: notices, training: training) { display in
      let folder = try RunFolder(c.common.outputDir, overwrite: c.common.overwriteOutputDir)
      try folder.writeRun(
        command: "pretrain", configuration: c.resolved, shards: RunParts.shards(c.common),
        hashes: [("corpus", data.contentHash), ("vocabulary", model.tokenizer.vocabularyHash)])
      let observer = RecordingObserver(folder: folder, display: display) { _ in }
      let summary = try loop.run(
        objective, data: data, evaluate: nil, metric: ("loss", false), observer: observer)
      try ModelFolder.write(model.model, to: folder.path, tokenizer: model.tokenizerSource)
      var (results, _) = RunParts.results(
        summary, evaluation: [], evaluationSeconds: 0, evaluated: 0, trained: data.count)
      if let last = summary.history.last {
        for name in ["loss", "masked_accuracy"] {
          if let value = last[name] { results["final_\(name)"] = .double(value) }
        }
      }
      results["num_parameters"] = .int(model.model.parameters.count)
      try folder.write(JSONValue(.object(results)), to: "train_results.json")
      try folder.write(JSONValue(.object(results)), to: "all_results.json")
      try folder.writeTrainerState(
        summary, arguments: c.resolved["train"] ?? .null,
        trainBatchSize: c.train.perDeviceTrainBatchSize, parameters: model.model.parameters.count)
      if let error = observer.firstError { throw error }
      return RunOutcome(
        folder: folder.path,
        results: results.members.compactMap { member in
          member.value.double.map { (name: member.key, value: $0) }
        }, notices: [], stoppedEarly: summary.stoppedEarly)
    }
  }

  /// The texts of all files, or of a task's split.
  private static func corpus(
    _ c: Corpus, maximumRows: Int?, notices: inout [String]
  ) throws -> TextDataset {
    let named = c.task.map {
      TaskConfiguration(name: $0, dataDir: c.dataDir ?? "", origin: c.origin)
    }
    if let task = c.ownTask ?? named {
      let description = try task.taskDescription(key: c.ownTask == nil ? "task" : "name")
      if let version = description.questions {
        return try SQuADReader.read(version, split: c.split, directory: task.dataDir)
          .texts(maximum: maximumRows)
      }
      let text = try DatasetReader.read(
        task: description, split: c.split, directory: task.dataDir, maximumRows: maximumRows,
        badRows: c.badRows)
      notices += text.notices
      return text
    }
    var all = TextDataset(source: c.files.joined(separator: ", "))
    for file in c.files {
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
