import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// RAIL-KD: logit distillation plus the distance between the student's layers and as many of the
/// teacher's, drawn at random in every epoch.
///
/// L = w_ce CE(S(x), y) + w_kd D(S(x), T(x)) + w_layers R(x), each averaged over texts. States are
/// averaged over tokens, mapped to a common width and brought to length 1; R is the squared
/// distance between corresponding vectors. Source: Haidar et al. 2022 (arXiv 2109.10164, eq. 4) as
/// docs/methods/rail-kd.md describes it. Every layer of the student takes part, so as many layers
/// are drawn as the student has.
public struct RAILKD: Objective {
  static let description = MethodDescription(
    name: "rail-kd",
    summary: "logits and randomly drawn layers of the teacher (Haidar et al. 2022)",
    takesSeveralLabels: true, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: RAILKD.init(_:settings:))

  /// Which vectors are compared.
  package enum Variant: String, Sendable, CaseIterable {
    /// Layer by layer, with a map for every layer of either model; the mean over pairs.
    case layerWise = "layer-wise"
    /// All drawn layers side by side, with one map per model.
    case concatenated
  }

  /// The method's constants.
  package struct Settings: Sendable {
    package var variant = Variant.concatenated
    package var pooling = Pooling.mean
    /// u: the common width.
    package var width = 128
    /// False keeps the maps at their initial values.
    package var trainsProjections = true
    /// Where the student's maps begin.
    package var projectionStart = ProjectionStart.random
    package var terms = LogitTerms(ce: 1.0 / 3, kd: 1.0 / 3)
    package var layers = 1.0 / 3

    package init() {}

    package init(_ section: ConfigSection) throws {
      variant = try section.choice(
        "variant", default: .concatenated,
        "Whether layers are compared one by one or all beside each other.")
      pooling = try Pooling(section, default: .mean)
      width = try Projections.width(section)
      trainsProjections = try section.bool(
        "train_projections", default: true, "Whether the maps learn or stay as they were drawn.")
      projectionStart = try ProjectionStart(section)
      try section.lossWeights { weights in
        terms = try terms.reading(section, weights: weights)
        layers = try weights.number(
          "layers", default: layers, in: 0...1e6, "Weight of the distance between layers.")
      }
    }
  }

  /// The student, and with it the maps.
  public let trainedModels: [TrainedModel]
  /// The maps: of the teacher's layers, then of the student's (one each where layers are
  /// concatenated).
  package let projections: Projections
  private let setup: DistillationSetup
  private let settings: Settings
  private let teacherLayers: Int
  private let studentLayers: Int

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    let teacher = setup.teacher.encoder.configuration
    let student = setup.student.encoder.configuration
    guard student.layers <= teacher.layers else {
      throw MismatchError(
        .method,
        "method rail-kd pairs every layer of the student with one of the teacher's, but the "
          + "student has \(student.layers) layers and the teacher \(teacher.layers); take a "
          + "student with fewer layers")
    }
    self.setup = setup
    self.settings = settings
    (teacherLayers, studentLayers) = (teacher.layers, student.layers)
    func maps(
      _ model: String, layers: Int, hidden: Int
    ) -> [(name: String, inputs: Int, outputs: Int)] {
      (0..<layers).map { (name: "\(model).\($0)", inputs: hidden, outputs: settings.width) }
    }
    projections =
      switch settings.variant {
      case .layerWise:
        Projections(
          maps("teacher", layers: teacher.layers, hidden: teacher.hiddenSize)
            + maps("student", layers: student.layers, hidden: student.hiddenSize), seed: setup.seed)
      case .concatenated:
        Projections(
          [
            ("teacher", student.layers * teacher.hiddenSize, settings.width),
            ("student", student.layers * student.hiddenSize, settings.width),
          ], seed: setup.seed)
      }
    var training = setup.studentTraining
    if settings.trainsProjections { training.companions = projections.parameters }
    trainedModels = [training]
    let layers = drawnLayers(epoch: 0, seed: setup.seed)
    try setup.fit(projections, settings.projectionStart) { teacher, student, tokens, tape in
      switch settings.variant {
      case .layerWise:
        return layers.enumerated().map { place, layer in
          MappedRows(
            map: teacherLayers + place,
            inputs: tape.pooled(student, layers: [place], of: tokens, by: settings.pooling),
            targets: projections.apply(
              layer, to: tape.pooled(teacher, layers: [layer], of: tokens, by: settings.pooling),
              tape: tape))
        }
      case .concatenated:
        return [
          MappedRows(
            map: 1, inputs: tape.pooled(student, of: tokens, by: settings.pooling),
            targets: projections.apply(
              0, to: tape.pooled(teacher, layers: layers, of: tokens, by: settings.pooling),
              tape: tape))
        ]
      }
    }
  }

  /// The teacher's layers of an epoch, ascending, counted from 0; as many as the student has.
  package func drawnLayers(epoch: Int, seed: UInt64) -> [Int] {
    var stream = RandomStream(seed: seed, purpose: .shuffle, step: epoch, site: .layers)
    return (0..<teacherLayers).shuffled(using: &stream).prefix(studentLayers).sorted()
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let epoch = step.batchNumber / max(1, setup.batchesPerEpoch)
    return try loss(step, layers: drawnLayers(epoch: epoch, seed: step.seed))
  }

  /// One batch with given layers of the teacher.
  package func loss(_ step: StepContext, layers: [Int]) throws -> Scalars {
    try step.forEachShard { shard, tape in
      let student = setup.student.logitsAndStates(shard.tokens, tape: tape, training: true)
      let teacher = setup.teacher.logitsAndStates(shard.tokens, tape: tape, training: false)
      var loss = LossTerms(step)
      loss.add(
        settings.terms, student: student.logits, teacher: teacher.logits, of: shard, on: tape,
        setup: setup)
      let pairs = pairs(
        teacher: teacher.states, layers, student: student.states, of: shard, tape: tape)
      for (a, b) in pairs {
        loss.add("layer_loss", weight: settings.layers, scale: 1 / Double(pairs.count)) {
          tape.squaredError(tape.normalizedRows(a), tape.normalizedRows(b), weight: $0)
        }
      }
      tape.backward()
      return loss.scalars
    }
  }

  /// Mapped vectors of the teacher and of the student that correspond, [texts, width] each.
  private func pairs(
    teacher: Encoder.Output, _ layers: [Int], student: Encoder.Output, of shard: Shard, tape: Tape
  ) -> [(Tensor, Tensor)] {
    func pooled(_ output: Encoder.Output, _ layers: [Int]) -> Tensor {
      tape.pooled(output, layers: layers, of: shard.tokens, by: settings.pooling)
    }
    switch settings.variant {
    case .layerWise:
      return layers.enumerated().map { place, layer in
        (
          projections.apply(layer, to: pooled(teacher, [layer]), tape: tape),
          projections.apply(teacherLayers + place, to: pooled(student, [place]), tape: tape)
        )
      }
    case .concatenated:
      return [
        (
          projections.apply(0, to: pooled(teacher, layers), tape: tape),
          projections.apply(
            1, to: pooled(student, Array(0..<studentLayers)), tape: tape)
        )
      ]
    }
  }
}
