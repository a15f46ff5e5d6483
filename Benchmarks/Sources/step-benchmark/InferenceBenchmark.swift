import Inference
import Kernels
import Models
import StrictJSON

/// Forward passes of a classifier over batches in order, as `mate-kd evaluate` makes them.
struct InferenceBenchmark {
  private let batches: [[[Int32]]]
  private let model: SequenceClassifier
  private let pool: ThreadPool
  private let precision: Precision

  init(_ options: BenchmarkOptions) throws {
    OpenBLAS.useOneThread()
    pool = ThreadPool(threads: options.threads)
    precision = try options.precision
    batches = try readBatches(options.required("batches"))
    guard !batches.isEmpty else { throw BenchmarkError("the file has no batches") }
    model = SequenceClassifier(
      try options.shape("student", default: "12x768x12x3072"),
      labels: LabelSet(names: ["negative", "positive"]))
    model.initialize(seed: 1)
  }

  func run(_ source: PassSource) throws {
    let inference = Inference(pool: pool, precision: precision)
    source.ready([("rows", .int(batches.reduce(0) { $0 + $1.count }))])
    var position = 0
    while let command = try source.command() {
      let count = command.count == 0 ? batches.count : command.count
      let first = command.first < 0 ? position : command.first
      position = first + count
      let data = BenchmarkData.dataset(
        (first..<position).flatMap { batches[$0 % batches.count] })
      let start = ContinuousClock.now
      _ = try inference.logits(model, data: data, batchSize: 32)
      source.finished(
        command, seconds: (ContinuousClock.now - start) / .seconds(1), steps: count)
    }
    source.summarize([("kind", "inference"), ("threads", .int(pool.threads))])
  }
}
