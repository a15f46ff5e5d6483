import Configuration
import Data
import Foundation
import Kernels
import Models
import StrictJSON
import Trainers

/// One kind of training step, timed through the product's own training loop.
///
/// Every pass over the batches is a sample. Rows are different ones in every pass, so that the cache
/// of the teacher's logits never helps: what is timed is a first epoch.
struct StepBenchmark {
  let kind: String
  let batches: [[[Int32]]]
  let threads: Int
  let samples: Int
  let student, teacher, generator: EncoderConfiguration

  func run() throws -> JSONValue {
    OpenBLAS.useOneThread()
    let pool = ThreadPool(threads: threads)
    let size = batches.map(\.count).max() ?? 1
    let passes = samples + 1
    let data = TokenizedDataset(
      encodings: (0..<passes).flatMap { _ in batches.flatMap { $0 } }.map { ids in
        Encoding(
          ids: ids, typeIDs: Array(repeating: 0, count: ids.count),
          isSpecial: ids.indices.map { $0 == 0 || $0 == ids.count - 1 })
      }, classLabels: (0..<passes * batches.count * size).map { Int32($0 % 2) })
    let isGenerator = kind == "mate-generator"
    let steps = passes * batches.count / (isGenerator ? 2 : 1)
    let arguments = TrainingArguments(
      perDeviceTrainBatchSize: size, maxSteps: steps, learningRate: 2e-5, maxGradNorm: 5,
      loggingSteps: 0, trainSamplingStrategy: .sequential)
    let labels = LabelSet(names: ["negative", "positive"])
    let model = SequenceClassifier(student, labels: labels)
    model.initialize(seed: 1)
    let training = TrainedModel(
      name: "", parameters: model.parameters, optimizer: OptimizerSettings(arguments),
      schedule: LearningRateSchedule(arguments, totalSteps: steps))
    let stopwatch = Stopwatch()
    let loop = TrainingLoop(
      arguments: arguments, seed: 1, dataSeed: 1, shards: threads, pool: pool)
    let objective = try objective(model, training: training, labels: labels, rows: data.count)
    _ = try loop.run(
      objective, data: data, evaluate: nil, metric: ("loss", false), observer: stopwatch)
    return report(stopwatch.times, perPass: batches.count / (isGenerator ? 2 : 1))
  }

  private func objective(
    _ model: SequenceClassifier, training: TrainedModel, labels: LabelSet, rows: Int
  ) throws -> any Objective {
    if kind == "finetune" { return LabelsOnly(model, training: training) }
    let teacherModel = SequenceClassifier(teacher, labels: labels)
    teacherModel.initialize(seed: 2)
    var generatorModel: MaskedLanguageModel?
    if kind.hasPrefix("mate") {
      let model = MaskedLanguageModel(generator)
      model.initialize(seed: 3)
      generatorModel = model
    }
    // A generator step is timed together with a student step, which is timed by itself as well.
    let method: JSONValue =
      kind == "kd"
      ? ["name": "kd"]
      : [
        "name": "mate-kd", "generator_steps": .int(kind == "mate-generator" ? 1 : 0),
        "student_steps": 1,
      ]
    let section = try ConfigDocument(method, file: "benchmark").root
    _ = try section.string("name")
    guard let description = MethodRegistry.named(kind == "kd" ? "kd" : "mate-kd") else {
      fail("unknown kind \(kind)")
    }
    return try description.configure(section)(
      DistillationSetup(
        student: model, teacher: teacherModel, generator: generatorModel, maskID: 103,
        teacherCache: TeacherCache(teacher: teacherModel, rows: rows), studentTraining: training,
        totalSteps: 1_000_000, labelSmoothing: 0))
  }

  private func report(_ times: [Double], perPass: Int) -> JSONValue {
    let perSample = stride(from: perPass, to: times.count - perPass + 1, by: perPass).map {
      (times[$0 + perPass - 1] - times[$0 - 1]) / Double(perPass)
    }.sorted()
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let median = perSample.isEmpty ? 0 : perSample[perSample.count / 2]
    return .object([
      ("kind", .string(kind)), ("threads", .int(threads)), ("step_s", .double(median)),
      ("step_min", .double(perSample.first ?? 0)), ("step_max", .double(perSample.last ?? 0)),
      ("n", .int(perSample.count)), ("rss_mb", .int(usage.ru_maxrss / 1024)),
    ])
  }
}

/// Notes when each update of the student ended.
final class Stopwatch: TrainingObserver {
  private let start = ContinuousClock.now
  private(set) var times: [Double] = []
  let shouldStop = false

  func didLog(_ entry: LogEntry) {}
  func didEvaluate(_ entry: LogEntry, isBest: Bool) {}
  func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int) {
    times.append((ContinuousClock.now - start).inSeconds)
  }
}
