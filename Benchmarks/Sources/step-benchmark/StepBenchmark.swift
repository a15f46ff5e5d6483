import Configuration
import Data
import Foundation
import Kernels
import Methods
import Models
import StrictJSON
import Trainers

/// Training steps of one kind, timed in the product's own training loop.
struct StepBenchmark {
  private let options: BenchmarkOptions
  private let pool: ThreadPool
  private let labels = LabelSet(names: ["negative", "positive"])

  init(_ options: BenchmarkOptions) {
    OpenBLAS.useOneThread()
    self.options = options
    pool = ThreadPool(threads: options.threads)
  }

  func run(_ source: PassSource) throws {
    let precision = try options.precision
    let data = try BenchmarkData(options, pool: pool)
    let steps = 1_000_000_000
    let arguments = TrainingArguments(
      perDeviceTrainBatchSize: data.batchSize, maxSteps: steps, learningRate: 2e-5, maxGradNorm: 5,
      loggingSteps: 0, trainSamplingStrategy: data.batches == nil ? .random : .sequential)
    let student = try classifier("student", default: "6x768x12x3072", seed: 1)
    let training = TrainedModel(
      name: "", parameters: student.parameters, optimizer: OptimizerSettings(arguments),
      schedule: LearningRateSchedule(arguments, totalSteps: steps))
    let facts: [(String, JSONValue)] = [
      ("kind", .string(options.kind.rawValue)), ("threads", .int(pool.threads)),
      ("rows", .int(data.rows.count)), ("tokens", .int(data.rows.tokenCount)),
      ("data_bytes", .int(Int(data.bytes))), ("data_peak_bytes", .int(Int(data.peakBytes))),
    ]
    let objective = try PassesOfSteps(
      source: source, batches: data.batches,
      renew: try objective(student, training: training, rows: data.rows.count, steps: steps),
      atEnd: { [source = Unchecked(source)] in source.value.summarize(facts) })
    source.ready(facts)
    let loop = Trainer(
      arguments: arguments, seed: 1, dataSeed: 1, shards: options.threads, pool: pool,
      precision: precision)
    _ = try loop.run(
      objective, data: data.rows, evaluate: nil, metric: ("loss", false), observer: NoObserver())
  }

  private func classifier(
    _ key: String, default shape: String, seed: UInt64
  ) throws -> SequenceClassifier {
    let model = SequenceClassifier(try options.shape(key, default: shape), labels: labels)
    model.initialize(seed: seed)
    return model
  }

  /// Makes the objective repeatedly, each time without any of the teacher's logits.
  private func objective(
    _ student: SequenceClassifier, training: TrainedModel, rows: Int, steps: Int
  ) throws -> @Sendable () throws -> any Objective {
    if options.kind == .finetune { return { LabelsOnly(student, training: training) } }
    let teacher = try classifier("teacher", default: "12x768x12x3072", seed: 2)
    var generator: MaskedLanguageModel?
    if options.kind == .mate {
      let model = MaskedLanguageModel(try options.shape("generator", default: "6x768x12x3072"))
      model.initialize(seed: 3)
      generator = model
    }
    let name = options.kind == .mate ? "mate-kd" : "kd"
    guard let method = MethodRegistry.named(name) else {
      throw BenchmarkError("this build has no method \(name)")
    }
    let section = try ConfigDocument(["name": .string(name)], file: "benchmark").root
    _ = try section.string("name")
    let make = try method.configure(section)
    return { [generator] in
      try make(
        DistillationSetup(
          student: student, teacher: teacher, generator: generator, maskID: 103,
          teacherCache: TeacherCache(teacher: teacher, rows: rows), studentTraining: training,
          totalSteps: steps, labelSmoothing: 0))
    }
  }
}

/// For closures that run on the thread that created them.
private struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

private final class NoObserver: TrainingObserver {
  let shouldStop = false
  func didLog(_ entry: LogEntry) {}
  func didEvaluate(_ entry: LogEntry, isBest: Bool) {}
  func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int) {}
}
