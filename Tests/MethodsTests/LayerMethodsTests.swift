import Autograd
import Configuration
import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// What must hold of PKD, DistilBERT, TinyBERT, MiniLM and MiniLMv2 whatever the models are.
@Suite struct LayerMethodsTests {
  /// A student and a teacher of the toy world, and what methods are built from.
  struct Lesson {
    let toy: ToyWorld
    let teacher, student: SequenceClassifier
    let setup: DistillationSetup

    init(
      teacher teacherShape: (layers: Int, hidden: Int, heads: Int) = (4, 16, 2),
      student studentShape: (layers: Int, hidden: Int, heads: Int) = (2, 16, 2),
      studentSeed: UInt64 = 1, dropout: Float = 0, totalSteps: Int = 10, regression: Bool = false,
      severalLabels: Bool = false
    ) throws {
      let toy = try ToyWorld()
      func model(_ shape: (layers: Int, hidden: Int, heads: Int), _ seed: UInt64)
        -> SequenceClassifier
      {
        var c = toy.shape(dropout: dropout)
        (c.layers, c.hiddenSize, c.attentionHeads) = shape
        let labels =
          regression
          ? LabelSet(names: ["score"], problem: .regression)
          : LabelSet(
            names: ["negative", "positive"], problem: severalLabels ? .severalLabels : .oneClass)
        let model = SequenceClassifier(c, labels: labels)
        model.initialize(seed: seed)
        return model
      }
      self.toy = toy
      teacher = model(teacherShape, 2)
      student = model(studentShape, studentSeed)
      setup = DistillationSetup(
        student: student, teacher: teacher, generator: toy.generator(seed: 3),
        maskID: toy.tokenizer.specialTokens.mask,
        teacherCache: TeacherCache(teacher: teacher, rows: toy.train.count),
        studentTraining: TrainedModel(student.parameters, rate: 1e-2), totalSteps: totalSteps,
        labelSmoothing: 0, tokenizer: toy.tokenizer)
    }

    /// The method that a configuration names.
    func method(_ name: String, _ text: String = "{}") throws -> any Objective {
      let section = try ConfigDocument(
        StrictJSON.parse(text, file: "run.json"), file: "run.json"
      ).root
      return try #require(MethodRegistry.named(name)).configure(section)(setup)
    }

    /// A step on eight texts; scalars and gradients of the student, then of its companions.
    func step(
      _ method: any Objective, number: Int = 0, flipped: Bool = false, shards: Int = 2
    ) throws -> (scalars: Scalars, gradients: [Float]) {
      let driver = StepDriver(
        training: student.parameters, companions: method.trainedModels[0].companions,
        shards: shards)
      var batch = toy.train.batch(Array(0..<8))
      var classes = batch.targets.classes
      if flipped { classes = classes.map { 1 - $0 } }
      batch.targets =
        student.labels.isRegression
        ? .scores(classes.map { Float($0) * 2 - 0.5 })
        : student.labels.problem == .severalLabels
          ? .labelSets(classes.flatMap { [Float($0), 1] }, labels: 2) : .classes(classes)
      let scalars = try method.loss(driver.context(batch, number: number))
      return (scalars, driver.gradients + driver.companionGradients)
    }

    /// A student's gradients by the weights whose names have a part.
    func part(_ gradients: [Float], named part: String) -> [Float] {
      student.parameters.entries.filter { $0.name.contains(part) }.flatMap {
        gradients[$0.slot.offset..<$0.slot.offset + $0.slot.count]
      }
    }
  }

  static let configurations: [(method: String, text: String)] = [
    ("pkd", #"{"beta": 20, "temperature": 2}"#),
    ("distilbert", "{}"),
    ("tinybert", #"{"prediction_steps_fraction": 0, "width_map": "always"}"#),
    ("tinybert", #"{"prediction_steps_fraction": 1}"#),
    ("minilm", "{}"),
    ("minilmv2", #"{"relation_heads": 4, "teacher_layer": 1}"#),
    ("tinybert-augmentation", #"{"replacement_probability": 0.5, "candidates": 3}"#),
    ("tinybert-augmentation", #"{"augmentation": "official", "copies": 2}"#),
    ("tinybert", #"{"prediction_steps_fraction": 0, "augmentation": "official"}"#),
  ]

  /// The whole step: the loss's slope along its gradient is the gradient's length.
  @Test(arguments: configurations)
  func finiteDifferences(method name: String, text: String) throws {
    let lesson = try Lesson()
    let method = try lesson.method(name, text)
    let trained = method.trainedModels[0].allParameters
    try StepSlope(of: trained) {
      let found = try lesson.step(method)
      return (found.scalars["loss"], [found.gradients])
    }.check()
  }

  /// How a batch is split changes neither loss nor gradients.
  @Test(arguments: configurations)
  func splitting(method name: String, text: String) throws {
    let lesson = try Lesson()
    let method = try lesson.method(name, text)
    let (one, three) = (
      try lesson.step(method, shards: 1), try lesson.step(method, shards: 3)
    )
    for (name, value) in one.scalars.entries {
      #expect(Network.ofMethods.agrees(three.scalars[name], value, evaluations: 2), "\(name)")
    }
    let largest = one.gradients.reduce(0) { max($0, abs($1)) }
    #expect(largest > 1e-4)
    #expect(Network.ofMethods.agree(one.gradients, three.gradients))
  }

  /// Training changes the student and its companions, nothing else, and lowers the loss.
  @Test(arguments: configurations)
  func onlyTheStudentLearns(method name: String, text: String) throws {
    let lesson = try Lesson(dropout: 0.1, totalSteps: 40)
    let method = try lesson.method(name, text)
    let frozen = {
      [lesson.teacher.parameters.weights, lesson.setup.generator?.parameters.weights]
    }
    let (before, student) = (frozen(), lesson.student.parameters.weights)
    let companions = method.trainedModels[0].companions?.weights
    let summary = try lesson.toy.run(
      method,
      TrainingArguments(perDeviceTrainBatchSize: 8, maxSteps: 40, loggingSteps: 10))
    #expect(frozen() == before)
    #expect(lesson.student.parameters.weights != student)
    if let companions {
      #expect(method.trainedModels[0].companions?.weights != companions)
    }
    let losses = summary.history.compactMap { $0["loss"] }
    #expect(losses.count == 4 && losses[3] < 0.97 * losses[0], "\(losses)")
  }

  /// A student that is its teacher has nothing to learn from its layers.
  @Test(arguments: [
    ("pkd", "{}", ["patience_loss"]),
    ("distilbert", "{}", ["cosine_loss", "kd_loss"]),
    (
      "tinybert", #"{"prediction_steps_fraction": 0}"#, ["attention_loss", "hidden_loss", "loss"]
    ),
    ("minilm", "{}", ["attention_loss", "value_loss", "kd_loss"]),
    ("minilmv2", "{}", ["query_loss", "key_loss", "value_loss"]),
  ])
  func equalModels(method name: String, text: String, scalars: [String]) throws {
    for (seed, isEqual) in [(UInt64(2), true), (1, false)] {
      let lesson = try Lesson(
        teacher: (3, 16, 2), student: (3, 16, 2), studentSeed: seed)
      let found = try lesson.step(lesson.method(name, text)).scalars
      for scalar in scalars {
        let value = found.entries.first { $0.name == scalar }?.value ?? .nan
        // Equal bits on both sides: what is left are roundings of cosines in double precision.
        #expect(
          isEqual ? Roundings.agree(value, 0, roundings: 64, of: 1) : value > 1e-4,
          "\(scalar) \(value)")
      }
    }
  }

  @Test func layerMaps() {
    #expect(LayerMap.skip(teacher: 12, student: 6) == [1, 3, 5, 7, 9])
    #expect(LayerMap.skip(teacher: 12, student: 3) == [3, 7])
    #expect(LayerMap.skip(teacher: 6, student: 4) == [0, 2, 3])
    #expect(LayerMap.last(teacher: 12, student: 6) == [6, 7, 8, 9, 10])
    #expect(LayerMap.last(teacher: 12, student: 3) == [9, 10])
    #expect(LayerMap.uniform(teacher: 12, student: 6) == [1, 3, 5, 7, 9, 11])
    #expect(LayerMap.uniform(teacher: 12, student: 4) == [2, 5, 8, 11])
    #expect(LayerMap.uniform(teacher: 12, student: 5) == nil)
  }

  /// Without patience PKD is plain distillation; with it, the student's last layer sees no
  /// difference.
  @Test func patienceReachesAllLayersButTheLast() throws {
    let lesson = try Lesson()
    let plain = try lesson.step(
      lesson.method("kd", #"{"temperature": 3, "loss_weights": {"ce": 0.4, "kd": 0.6}}"#))
    let without = try lesson.step(
      lesson.method("pkd", #"{"temperature": 3, "alpha": 0.6, "beta": 0}"#))
    let with = try lesson.step(
      lesson.method("pkd", #"{"temperature": 3, "alpha": 0.6, "beta": 50}"#))
    #expect(
      Network.ofMethods.agrees(without.scalars["loss"], plain.scalars["loss"], evaluations: 2))
    #expect(
      Network.ofMethods.agree(without.gradients, plain.gradients))
    func change(_ part: String) -> Float {
      zip(lesson.part(with.gradients, named: part), lesson.part(without.gradients, named: part))
        .reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
    #expect(change("layer.0.") > 1e-2 && change("embeddings") > 1e-2)
    #expect(change("layer.1.") == 0 && change("classifier") == 0)
  }

  /// The last 0.3 of ten updates are step 2. Neither step looks at gold labels.
  @Test func tinyBERTsSteps() throws {
    let lesson = try Lesson(teacher: (4, 24, 2))
    let method = try lesson.method("tinybert", #"{"prediction_steps_fraction": 0.3}"#)
    for number in 0..<10 {
      let (scalars, gradients) = try lesson.step(method, number: number)
      let isFirst = number < 7
      #expect(scalars["hidden_loss"] > 0 ? isFirst : !isFirst)
      #expect(scalars["attention_loss"] > 0 ? isFirst : !isFirst)
      #expect(scalars["kd_loss"] > 0 ? !isFirst : isFirst)
      let head =
        lesson.part(gradients, named: "classifier") + lesson.part(gradients, named: "pooler")
      #expect(head.allSatisfy { $0 == 0 } == isFirst)
      let map = gradients[lesson.student.parameters.count...]
      #expect(map.count == 24 * 16 + 24 && map.allSatisfy { $0 == 0 } == !isFirst)
      let flipped = try lesson.step(method, number: number, flipped: true)
      #expect(flipped.gradients == gradients && flipped.scalars["loss"] == scalars["loss"])
    }
  }

  @Test func weightsOfZeroLeaveTermsOut() throws {
    let lesson = try Lesson()
    func gradients(_ attention: Int, _ hidden: Int) throws -> [Float] {
      try lesson.step(
        lesson.method(
          "tinybert",
          """
          {"prediction_steps_fraction": 0,
           "loss_weights": {"attention": \(attention), "hidden": \(hidden)}}
          """)
      ).gradients
    }
    let (both, attention, hidden) = (try gradients(1, 1), try gradients(1, 0), try gradients(0, 1))
    let largest = both.reduce(0) { max($0, abs($1)) }
    #expect(attention.contains { $0 != 0 } && hidden.contains { $0 != 0 })
    for (index, value) in both.enumerated() {
      #expect(
        abs(value - attention[index] - hidden[index])
          < Float(Network.ofMethods.gradients(evaluations: 3)) * largest)
    }
    let relations = #"{"loss_weights": {"ce": 0.5, "kd": 0.5, "#
    let plain = try lesson.step(lesson.method("kd"))
    for (name, weights) in [
      ("distilbert", #""cosine": 0}, "temperature": 1}"#),
      ("minilm", #""attention": 0, "values": 0}}"#),
      ("minilmv2", #""queries": 0, "keys": 0, "values": 0}}"#),
    ] {
      let found = try lesson.step(lesson.method(name, relations + weights))
      #expect(
        Network.ofMethods.agrees(found.scalars["loss"], plain.scalars["loss"], evaluations: 2))
      #expect(Network.ofMethods.agree(found.gradients, plain.gradients))
    }
  }

  /// MiniLM's value relation is MiniLMv2's in as many relation heads as there are attention heads.
  @Test func valueRelationsOfBothMiniLMs() throws {
    let lesson = try Lesson(teacher: (4, 24, 2))
    let first = try lesson.step(lesson.method("minilm")).scalars["value_loss"]
    func second(_ heads: Int) throws -> Double {
      try lesson.step(lesson.method("minilmv2", #"{"relation_heads": \#(heads)}"#))
        .scalars["value_loss"]
    }
    #expect(try Network.ofMethods.agrees(second(2), first, evaluations: 2))
    #expect(abs(try second(8) / first - 1) > 1e-2)
  }

  @Test func regression() throws {
    let lesson = try Lesson(regression: true)
    let plain = try lesson.step(lesson.method("none"))
    let gold = try lesson.step(lesson.method("tinybert", #"{"prediction_steps_fraction": 1}"#))
    #expect(Network.ofMethods.agrees(gold.scalars["loss"], plain.scalars["loss"], evaluations: 2))
    let teacher = try lesson.step(
      lesson.method(
        "tinybert", #"{"prediction_steps_fraction": 1, "regression_target": "teacher"}"#))
    let kd = try lesson.step(
      lesson.method("kd", #"{"loss_weights": {"ce": 0, "kd": 1}}"#))
    #expect(Network.ofMethods.agrees(teacher.scalars["loss"], kd.scalars["loss"], evaluations: 2))
    #expect(abs(teacher.scalars["loss"] / gold.scalars["loss"] - 1) > 1e-3)
    // The squared error has no temperature.
    let pkd = try lesson.step(lesson.method("pkd", #"{"beta": 0, "alpha": 1}"#))
    #expect(Network.ofMethods.agrees(pkd.scalars["loss"], kd.scalars["loss"], evaluations: 2))
  }

  /// With several labels the terms on logits are those of plain distillation.
  @Test(arguments: [
    ("pkd", #"{"temperature": 2, "alpha": 0.5, "beta": 0, "average_kd_over_classes": true}"#),
    ("distilbert", #"{"loss_weights": {"cosine": 0}}"#),
    (
      "tinybert",
      #"""
      {"prediction_steps_fraction": 1, "divergence": "kl", "temperature": 2,
       "multiply_by_temperature_squared": true, "loss_weights": {"ce": 0.5, "kd": 0.5}}
      """#
    ),
    ("minilm", #"{"temperature": 2, "loss_weights": {"attention": 0, "values": 0}}"#),
    (
      "minilmv2",
      #"{"temperature": 2, "loss_weights": {"queries": 0, "keys": 0, "values": 0}}"#
    ),
    (
      "tinybert-augmentation",
      #"""
      {"replacement_probability": 0, "temperature": 2,
       "loss_weights": {"ce": 0.25, "kd": 0.25, "augmented_kd": 0.25, "augmented_ce": 0.25}}
      """#
    ),
    (
      "rail-kd",
      #"""
      {"temperature": 2, "train_projections": false,
       "loss_weights": {"ce": 0.5, "kd": 0.5, "layers": 0}}
      """#
    ),
    (
      "freelb-kd",
      #"""
      {"temperature": 2, "adversarial_steps": 1, "initial_magnitude": 0,
       "loss_weights": {"ce": 0.5, "kd": 0.5}}
      """#
    ),
    (
      "text-smoothing",
      #"""
      {"temperature": 2, "targets": "both", "lambda": 0, "loss_weights": {"ce": 0.5, "kd": 0.5}}
      """#
    ),
  ])
  func severalLabels(method name: String, text: String) throws {
    let lesson = try Lesson(severalLabels: true)
    let plain = try lesson.step(lesson.method("kd", #"{"temperature": 2}"#))
    let found = try lesson.step(lesson.method(name, text))
    #expect(try #require(MethodRegistry.named(name)).takesSeveralLabels)
    #expect(plain.scalars["ce_loss"] > 0.1 && plain.scalars["kd_loss"] > 1e-3)
    #expect(Network.ofMethods.agrees(found.scalars["loss"], plain.scalars["loss"], evaluations: 2))
    #expect(Network.ofMethods.agree(found.gradients, plain.gradients))
  }

  @Test(arguments: [
    ("pkd", #"{"layers": "frist"}"#, "skip"),
    ("pkd", #"{"alpha": 1.5}"#, "alpha"),
    ("pkd", #"{"loss_weights": {"ce": 1}}"#, "loss_weights"),
    ("distilbert", #"{"loss_weights": {"cos": 1}}"#, "cosine"),
    ("tinybert", #"{"prediction_steps_fraction": 2}"#, "prediction_steps_fraction"),
    ("tinybert", #"{"loss_weights": {"patience": 1}}"#, "patience"),
    ("minilm", #"{"loss_weights": {"queries": 1}}"#, "queries"),
    ("minilmv2", #"{"relation_heads": 0}"#, "relation_heads"),
    ("tinybert-augmentation", #"{"candidates": 0}"#, "candidates"),
    ("tinybert-augmentation", #"{"mask_probability": 0.3}"#, "mask_probability"),
  ])
  func mistakesInTheConfiguration(_ method: String, _ text: String, _ part: String) throws {
    let lesson = try Lesson()
    let error = #expect(throws: ConfigError.self) { try lesson.method(method, text) }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.hasPrefix("run.json:1:") && message.contains(part), "\(message)")
  }

  @Test(arguments: [
    ("pkd", "{}", 2, 24, 2, "16 wide"),
    ("distilbert", "{}", 2, 24, 2, "16 wide"),
    ("pkd", "{}", 1, 16, 2, "2 to 4 layers"),
    ("pkd", #"{"teacher_layers": [1, 2]}"#, 2, 16, 2, "names 2 layers"),
    ("pkd", #"{"teacher_layers": [4]}"#, 2, 16, 2, "layers 0 to 3"),
    ("tinybert", "{}", 3, 16, 2, "method.teacher_layers"),
    ("tinybert", "{}", 2, 16, 4, "2 heads and the student 4"),
    ("minilm", "{}", 2, 16, 4, "2 heads and the student 4"),
    ("minilmv2", #"{"relation_heads": 3}"#, 2, 24, 2, "16 and 24"),
    ("minilmv2", #"{"teacher_layer": 4}"#, 2, 16, 2, "layers 0 to 3"),
  ])
  func modelsThatDoNotFit(
    _ method: String, _ text: String, layers: Int, hidden: Int, heads: Int, part: String
  ) throws {
    let lesson = try Lesson(student: (layers, hidden, heads))
    let error = #expect(throws: MismatchError.self) { try lesson.method(method, text) }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.contains(part) && !message.contains("\n"), "\(message)")
  }

  /// What differs is no obstacle where it is not compared.
  @Test func modelsThatFitAfterAll() throws {
    let lesson = try Lesson(student: (3, 24, 4))
    for text in [
      #"{"prediction_steps_fraction": 1}"#,
      #"{"teacher_layers": [0, 2, 3], "loss_weights": {"attention": 0}}"#,
    ] {
      let scalars = try lesson.step(lesson.method("tinybert", text)).scalars
      #expect(scalars["loss"] > 0 && scalars["attention_loss"] == 0)
    }
    #expect(try lesson.step(lesson.method("minilmv2")).scalars["query_loss"] > 0)
  }
}
