import Autograd
import Configuration
import Data
import Kernels
import Methods
import Models
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

/// Training with `precision` `bf16` beside float32.
@Suite(.enabled(if: canTestBF16)) struct ReducedPrecisionTests {
  /// Loss and gradient of one step of an objective that `make` makes.
  private func step<O: Objective>(
    _ toy: ToyWorld, _ precision: Precision, _ make: () throws -> (O, Parameters)
  ) throws -> (loss: Double, gradient: [Float]) {
    let (objective, parameters) = try make()
    let driver = StepDriver(training: parameters, shards: 2, precision: precision)
    let scalars = try objective.loss(
      driver.context(toy.train.batch(Array(0..<24)), turn: objective.turn(batch: 0)))
    return (scalars["loss"], driver.gradients)
  }

  /// |a - b| / |b| of two gradients.
  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    let difference = zip(a, b).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    return (difference / b.reduce(0.0) { $0 + Double($1 * $1) }).squareRoot()
  }

  /// What products with rounded factors, one behind the other, may be off by. A factor is off by at
  /// most 2^-9 of itself, with a standard deviation of that over sqrt(3); a product of two by 2^-8
  /// over sqrt(6). LayerNorm and softmax pass a relative error on. Errors of independent roundings
  /// add up by their squares; this is five standard deviations.
  private func bound(products: Int) -> Double { 0x1p-8 * Double(products).squareRoot() * 2 }

  /// What float32 cannot explain shows that factors were rounded at all.
  private let least = Network.ofToys.gradients()

  /// Forward: query or key or value, output, both of the feed-forward part, pooler and classifier
  /// (the scores' products are in float32); backward two for each.
  @Test func gradientsAreThoseOfFloat32ButForRoundedFactors() throws {
    let toy = try ToyWorld()
    let exact = try step(toy, .float32) {
      let model = toy.classifier(seed: 1)
      return (LabelsOnly(model, training: TrainedModel(model.parameters)), model.parameters)
    }
    let reduced = try step(toy, .bf16) {
      let model = toy.classifier(seed: 1)
      return (LabelsOnly(model, training: TrainedModel(model.parameters)), model.parameters)
    }
    // By Pinsker's inequality, as in `Network.loss`; logits are a few units at most.
    let loss = bound(products: 6) * (2 * exact.loss.squareRoot() + exact.loss)
    #expect(abs(reduced.loss - exact.loss) < loss)
    let error = distance(reduced.gradient, exact.gradient)
    #expect(error < bound(products: 18) && error > least, "\(error)")
  }

  /// The same through the frozen teacher and student into the generator: twice as many forward,
  /// in each of two models, whose difference is small against each of them.
  @Test func straightThroughGradientsAreThoseOfFloat32ButForRoundedFactors() throws {
    let toy = try ToyWorld()
    func generatorStep(_ precision: Precision) throws -> [Float] {
      try step(toy, precision) {
        let (method, _, _, generator) = try toy.mateKD { $0.adversary.generatorSteps = 1 }
        #expect(method.trainedModels[method.turn(batch: 0)].parameters === generator.parameters)
        return (method, generator.parameters)
      }.gradient
    }
    let error = try distance(generatorStep(.bf16), generatorStep(.float32))
    #expect(error < 2 * bound(products: 36) && error > least, "\(error)")
  }

  @Test func lossFallsAsInFloat32() throws {
    for precision in [Precision.float32, .bf16] {
      let toy = try ToyWorld()
      let model = toy.classifier(seed: 1)
      let observer = SilentObserver()
      _ = try toy.run(
        LabelsOnly(model, training: TrainedModel(model.parameters, rate: 3e-3)),
        TrainingArguments(perDeviceTrainBatchSize: 24, maxSteps: 60, loggingSteps: 1),
        precision: precision, observer: observer)
      let losses = observer.logged.compactMap { $0["loss"] }
      #expect(losses.count == 60)
      #expect((losses.last ?? 1) < 0.2 * (losses.first ?? 0), "\(precision)")
    }
  }

  @Test func threadsDoNotChangeABit() throws {
    #expect(
      try ToyWorld.trainedWeights(threads: 1, precision: .bf16)
        == ToyWorld.trainedWeights(threads: 2, precision: .bf16))
  }

  /// Logits of one precision must not be taken for those of the other.
  @Test func teacherCachesAreKeptApart() throws {
    let toy = try ToyWorld()
    let teacher = toy.classifier(seed: 2)
    let paths = try [Precision.float32, .bf16].map {
      try TeacherCache(
        teacher: teacher, data: toy.train, folder: "\(toy.scratch.path)/cache", pool: toy.pool,
        precision: $0
      ).path
    }
    #expect(paths[0] != nil && paths[0] != paths[1])
  }
}

/// What a processor without the instructions answers.
@Suite struct PrecisionRefusalTests {
  private func common(_ precision: String) throws -> CommonConfiguration {
    let folder = try ToyWorld().scratch
    let text = """
      {"output_dir": "out",
       "precision": "\(precision)",
       "corpus": {"files": ["\(folder.path)/vocab.txt"]},
       "model": {"model_name_or_path": "\(folder.path)"}}
      """
    let document = try ConfigDocument(
      StrictJSON.parse(text, file: "run.json"), file: "run.json")
    return try PretrainConfiguration(reading: document.root).common
  }

  @Test func bf16IsRefusedWithPositionAndAdvice() throws {
    let wanted = try common("bf16")
    #expect(try wanted.supportedPrecision(hasBF16: true) == .bf16)
    #expect(try common("float32").supportedPrecision(hasBF16: false) == .float32)
    let error = #expect(throws: ConfigError.self) {
      try wanted.supportedPrecision(hasBF16: false)
    }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.hasPrefix("run.json:2:"), "\(message)")
    #expect(message.contains("AVX512-BF16") && message.contains("\"float32\""), "\(message)")
  }

  @Test func otherNamesAreNoPrecision() {
    let error = #expect(throws: ConfigError.self) { try common("bfloat16") }
    #expect(error.map { "\($0)" }?.contains("\"bf16\"") == true)
  }
}
