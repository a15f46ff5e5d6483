import Autograd
import Configuration
import Data
import Glibc
import Inference
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// The objective of models that find answers.
@Suite struct SpanDistillationTests {
  /// The golden's batch with the places of its answers.
  private func batch(_ golden: ModelGolden) -> PackedBatch {
    var batch = PackedBatch(golden.json["batch"])
    batch.targets = .spans(
      zip(golden.json.integers("starts"), golden.json.integers("ends")).map {
        TokenSpan(start: $0, end: $1)
      })
    return batch
  }

  @Test(arguments: [1, 2, 3])
  func lossAndGradientsAreThoseOfTransformers(_ shards: Int) throws {
    let golden = try ModelGolden("bert-qa")
    let scratch = try ScratchFolder()
    let model = try golden.modelFolder(".", in: scratch).spanClassifier(seed: 1).0
    let driver = StepDriver(training: model.parameters, shards: shards)
    let objective = LabelsOnly(model, training: TrainedModel(model.parameters))
    let scalars = try objective.loss(driver.context(batch(golden)))
    #expect(scalars.entries.map(\.name) == ["loss"])
    #expect(Network.ofMethods.agrees(scalars["loss"], golden.json.number("loss")))
    let expected = try SafetensorsFile(path: "\(golden.folder)/gradients.safetensors")
    let worst = try worstGradient(
      driver.gradients, of: model.parameters, expected: expected)
    #expect(worst.deviation < Network.ofMethods.gradients(), "\(worst.name)")
  }

  /// `kd` between two toy models, with its settings as JSON.
  private func method(
    _ student: SpanClassifier, teacher: SpanClassifier, cache: TeacherCache, _ settings: String
  ) throws -> any Objective {
    let section = try ConfigDocument.parse(settings)
    _ = try section.string("name")
    let configure = try #require(MethodRegistry.named("kd")?.configureSpans)
    return try configure(section)(
      SpanDistillationSetup(
        student: student, teacher: teacher, teacherCache: cache,
        studentTraining: TrainedModel(student.parameters)))
  }

  private func toyModel(_ toy: ToyWorld, seed: UInt64) -> SpanClassifier {
    let model = SpanClassifier(toy.shape(dropout: 0))
    model.initialize(seed: seed)
    return model
  }

  /// Rows of the toy world with made-up answers.
  private func toyData(_ toy: ToyWorld) -> TokenizedDataset {
    let encodings = (0..<6).map { row in
      let ids = Array(toy.train.tokenIDs(row))
      return Encoding(
        ids: ids, typeIDs: [UInt8](repeating: 0, count: ids.count),
        isSpecial: [Bool](repeating: false, count: ids.count))
    }
    return TokenizedDataset(
      encodings: encodings,
      targets: .spans(
        encodings.indices.map { TokenSpan(start: $0 % 2, end: $0 % 2 + $0 % 3) }))
  }

  /// Cross-entropy of the places and T^2 KL, means over texts and both ends, written out.
  private func expected(
    student: Matrix, teacher: Matrix, data: TokenizedDataset, temperature t: Double
  ) -> (ce: Double, kd: Double) {
    func logSoftmax(_ logits: [Double]) -> [Double] {
      let sum = log(logits.reduce(0) { $0 + exp($1) })
      return logits.map { $0 - sum }
    }
    var (ce, kd) = (0.0, 0.0)
    let spans = data.targets.spans
    for text in 0..<data.count {
      let rows = data.borders[text]..<data.borders[text + 1]
      for column in 0..<2 {
        let s = rows.map { Double(student[$0, column]) }
        let p = rows.map { Double(teacher[$0, column]) }
        ce -= logSoftmax(s)[column == 0 ? spans[text].start : spans[text].end]
        let (q, r) = (logSoftmax(s.map { $0 / t }), logSoftmax(p.map { $0 / t }))
        kd += zip(r, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
      }
    }
    let count = Double(2 * data.count)
    return (ce / count, kd / count)
  }

  @Test func distillationOfBothEnds() throws {
    let toy = try ToyWorld()
    let data = toyData(toy)
    let (student, teacher) = (toyModel(toy, seed: 1), toyModel(toy, seed: 2))
    let before = teacher.parameters.weights
    let inference = Inference(pool: toy.pool)
    let cache = try TeacherCache(teacher: teacher, data: data, folder: nil, pool: toy.pool)
    let kd = try method(
      student, teacher: teacher, cache: cache,
      #"{"name": "kd", "temperature": 2, "loss_weights": {"ce": 0.25, "kd": 0.75}}"#)
    let driver = StepDriver(training: student.parameters, shards: 2)
    // An order of rows that is not that of the data, so that the cache has to look them up.
    let scalars = try kd.loss(driver.context(data.batch([3, 1, 5, 0, 2, 4])))
    let wanted = expected(
      student: try inference.logits(student, data: data),
      teacher: try inference.logits(teacher, data: data), data: data, temperature: 2)
    #expect(Network.ofMethods.agrees(scalars["ce_loss"], wanted.ce, evaluations: 2))
    #expect(Network.ofMethods.agrees(scalars["kd_loss"], wanted.kd, evaluations: 2))
    #expect(
      Network.ofMethods.agrees(
        scalars["loss"], (0.25 * wanted.ce + 0.75 * 4 * wanted.kd), evaluations: 2))
    #expect(teacher.parameters.weights == before)

    // The gradient of some weights by central differences.
    let gradients = driver.gradients
    for name in ["qa_outputs.weight", "bert.encoder.layer.0.output.dense.weight"] {
      let slot = try #require(student.parameters.entry(named: name)?.slot)
      let matrix = student.parameters.matrix(slot)
      let old = matrix[1, 3]
      let difference = try CentralDifference(
        longest: 0x1p-1, halvings: 5, deviation: { Network.ofToys.deviation($0) }
      ) { distance in
        matrix[1, 3] = old + Float(distance)
        let found = expected(
          student: try inference.logits(student, data: data),
          teacher: try inference.logits(teacher, data: data), data: data, temperature: 2)
        return [0.25 * found.ce, 0.75 * 4 * found.kd]
      }
      matrix[1, 3] = old
      let found = Double(gradients[slot.offset + matrix.columns + 3])
      let largest = Double(gradients.reduce(0) { max($0, abs($1)) })
      #expect(
        difference.agrees(with: found, within: Network.ofToys.gradients() * largest),
        "\(name): \(found) \(difference)")
      #expect(difference.error < 0.01 * largest, "\(name): \(difference)")
    }
  }

  @Test func aWeightOfZeroMakesItsTermVanish() throws {
    let toy = try ToyWorld()
    let data = toyData(toy)
    let student = toyModel(toy, seed: 1)
    func gradients(_ objective: any Objective) throws -> [Float] {
      let driver = StepDriver(training: student.parameters, shards: 1)
      _ = try objective.loss(driver.context(data.batch(0..<data.count)))
      return driver.gradients
    }
    let alone = try gradients(
      LabelsOnly(student, training: TrainedModel(student.parameters)))
    let teacher = toyModel(toy, seed: 2)
    let cache = try TeacherCache(teacher: teacher, data: data, folder: nil, pool: toy.pool)
    let kd = try method(
      student, teacher: teacher, cache: cache,
      #"{"name": "kd", "loss_weights": {"ce": 1, "kd": 0}}"#)
    #expect(try gradients(kd) == alone)
  }

  @Test func teachersLogitsOnTokensAreKeptBetweenRuns() throws {
    let toy = try ToyWorld()
    let data = toyData(toy)
    let (student, teacher) = (toyModel(toy, seed: 1), toyModel(toy, seed: 2))
    let folder = "\(toy.scratch.path)/cache"
    func run(_ rows: [Int]) throws -> (read: Int, loss: Double) {
      let cache = try TeacherCache(teacher: teacher, data: data, folder: folder, pool: toy.pool)
      let kd = try method(student, teacher: teacher, cache: cache, #"{"name": "kd"}"#)
      let driver = StepDriver(training: student.parameters, shards: 1)
      let loss = try kd.loss(driver.context(data.batch(rows)))["loss"]
      try cache.save()
      return (cache.rowsRead, loss)
    }
    let first = try run([1, 4])
    let second = try run([4, 0, 1])
    let third = try run([1, 4])
    #expect(first.read == 0 && second.read == 2 && third.read == 3)
    #expect(first.loss == third.loss && first.loss.isFinite)
  }
}

extension ConfigDocument {
  /// The root section of a text.
  fileprivate static func parse(_ text: String) throws -> ConfigSection {
    try ConfigDocument(StrictJSON.parse(text, file: "test"), file: "test").root
  }
}
