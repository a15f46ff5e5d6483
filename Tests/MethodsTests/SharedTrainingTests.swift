import Data
import Kernels
import Methods
import Models
import Processes
import StrictJSON
import TestSupport
import Testing
import Trainers

/// Every method trains the same models, bit for bit, however many processes share the run.
@Suite struct SharedTrainingTests {
  /// What a run leaves in one of its processes: the weights of all models that learn, and what the
  /// method and the teacher's cache remember.
  private struct Outcome: Sendable, Equatable {
    var weights: [Weights]
    var memory: [StateRecord]
    var log: [[Double]]
  }

  /// An outcome, and the gradients that a process has sent.
  private typealias Run = (outcome: Outcome, sent: GradientExchange.Sent)

  /// Small settings for methods whose own would take long here, or need more than two layers.
  private static let settings: [String: String] = [
    "mate-kd": #"{"generator_steps": 1, "student_steps": 2, "generator_learning_rate": 0.01}"#,
    "comkd": #"{"generator_steps": 1, "student_steps": 2, "generator_learning_rate": 0.01}"#,
    "cilda": """
    {"generator_steps": 1, "student_steps": 2, "generator_learning_rate": 0.01,
     "projection_dim": 8, "memory_bank_size": 6, "projection_training": "own",
     "loss_weights": {"contrastive": 0.5}}
    """,
    "codir": #"{"projection_dim": 8, "negatives": 3}"#, "rail-kd": #"{"projection_dim": 8}"#,
    "tinybert": #"{"width_map": "always"}"#, "as-dfd": #"{"construction_steps": 2}"#,
    "zskd": #"{"construction_steps": 2}"#, "zskt": #"{"student_steps": 2, "noise_size": 4}"#,
  ]

  private static func train(
    _ name: String, group: any ProcessGroup, shards: Int, threads: Int = 1
  ) throws -> Run {
    let toy = try ToyWorld()
    let description = try #require(MethodRegistry.named(name))
    let section = try methodSection(settings[name] ?? "{}")
    var data = toy.train
    if description.texts != nil {
      data = try SyntheticTexts(words: .masks, rows: 24, meanLength: 8, lengthDeviation: 3).dataset(
        for: .sst2, tokenizer: toy.tokenizer, maximumLength: 24, seed: 3, pool: toy.pool)
    }
    let student = toy.classifier(layers: 2, dropout: 0.1, seed: 1)
    let teacher = toy.classifier(layers: 4, seed: 2)
    let cache = TeacherCache(teacher: teacher, rows: data.count)
    let method = try description.configure(section)(
      DistillationSetup(
        student: student, teacher: teacher,
        generator: description.needsGenerator ? toy.generator(seed: 3) : nil,
        maskID: toy.tokenizer.specialTokens.mask, teacherCache: cache,
        studentTraining: TrainedModel(student.parameters), totalSteps: 7, labelSmoothing: 0,
        trainingRows: data.count, trainingClasses: data.targets.classes, batchesPerEpoch: 4,
        tokenizer: toy.tokenizer, trainingTexts: data))
    return try train(
      method, cache: cache, data: data, group: group, shards: shards, threads: threads)
  }

  private static func train(
    _ method: some Objective, cache: TeacherCache, data: TokenizedDataset,
    group: any ProcessGroup, shards: Int, threads: Int
  ) throws -> Run {
    var arguments = TrainingArguments(perDeviceTrainBatchSize: 7, maxSteps: 7)
    arguments.loggingSteps = 1
    // Some shards of a lane come after others.
    arguments.maxTokensPerBatch = 24
    var trainer = Trainer(
      arguments: arguments, seed: 11, dataSeed: 12, shards: shards,
      pool: ThreadPool(threads: threads), group: group)
    // Many of them, of which the first go while backward passes run.
    trainer.gradientBucket = 500
    let session = try TrainingSession(
      trainer, objective: method, data: data, metric: ("loss", false), evaluate: nil,
      memory: [cache])
    try session.meet()
    let summary = try session.run(observer: SilentObserver())
    let outcome = Outcome(
      weights: method.trainedModels.flatMap(\.allParameters).map(\.weights),
      memory: (method.memory + [cache]).map { $0.record() },
      log: summary.history.map { $0.values.map(\.value) })
    return (outcome, session.sentGradients)
  }

  @Test(arguments: MethodRegistry.all.map(\.name))
  func processesChangeNothing(name: String) throws {
    let shards = 5
    let alone = try Self.train(name, group: SingleProcess(), shards: shards).outcome
    for (processes, threads) in [(2, 1), (2, 3), (3, 1), (5, 1)] {
      let runs = try ThreadGroup.run(processes) { group in
        try Self.train(name, group: group, shards: shards, threads: threads)
      }
      for (outcome, sent) in runs {
        #expect(outcome.weights == alone.weights)
        #expect(outcome.memory == alone.memory)
        #expect(outcome.log == alone.log)
        // Every method says how many backward passes it makes. On several threads, the one that
        // adds up may be late.
        if threads == 1 { #expect(sent.bytesBegun > 0) }
      }
    }
  }

  @Test func moreProcessesThanShardsAreRefused() {
    #expect(throws: TrainingError.tooFewShards(2, processes: 3)) {
      try ThreadGroup.run(3) { try Self.train("kd", group: $0, shards: 2) }
    }
  }
}
