import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// CILDA: MATE-KD whose generator also drives the inner layers of teacher and student apart.
///
/// The generator maximises output divergence plus a contrastive term over the states of all layers
/// (`LayerContrast`); the student learns from gold labels and teacher on the text and on the
/// adversarial text. Source: Haidar et al., COLING 2022 (arXiv 2204.07674), of which we could read
/// only the abstract. The rest follows a third party's code, see docs/methods/cilda.md.
public struct CILDA: AdversarialMethod {
  static let description = MethodDescription(
    name: "cilda",
    summary: "mate-kd with a contrastive term over all layers (Haidar et al. 2022)",
    needsGenerator: true, takesSeveralLabels: true, readsDecodedTexts: TeacherInput.isDecoded,
    unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: CILDA.init(_:settings:))

  /// Who trains the maps of the contrastive term, and in which direction.
  package enum ProjectionTraining: String, Sendable, CaseIterable {
    /// The generator's optimiser, upwards with it (the third party's code).
    case generator
    /// The student's optimiser, downwards, by the contrastive terms of its steps.
    case student
    /// Both of these in turn (the third party's follow-up).
    case both
    /// An optimiser of their own, downwards, before every update of the generator.
    case own
  }

  /// The method's constants; the defaults are the third party's.
  package struct Settings: Sendable {
    package var adversary = MaskedAdversary.Settings()
    package var contrast = LayerContrast.Settings()
    package var projectionTraining = ProjectionTraining.generator
    /// Of their own optimiser.
    package var projectionLearningRate = 1e-3
    /// Max step: weights of the output divergence and of the contrastive term.
    package var generatorDivergence = 0.5
    package var generatorContrastive = 0.5
    /// Min step, on the text: gold labels, teacher, contrastive term (the follow-up's).
    package var ce = 1.0 / 3
    package var kd = 1.0 / 3
    package var contrastive = 0.0
    /// Min step, the same on the adversarial text.
    package var adversarialCE = 2.0 / 9
    package var adversarialKD = 1.0 / 9
    package var adversarialContrastive = 0.0

    package init() {}

    package init(_ section: ConfigSection) throws {
      adversary = try MaskedAdversary.Settings(section)
      adversary.teacherInput = try TeacherInput(section)
      contrast = try LayerContrast.Settings(section)
      if adversary.teacherInput == .decodedText, contrast.projectionStart == .leastSquares {
        throw section.fail(
          "projection_init",
          "\(section.name("projection_init")) \"least_squares\" fits the states of both models "
            + "on the same tokens, but "
            + "\(section.name(TeacherInput.key)) is \"decoded_text\"; keep one.")
      }
      projectionTraining = try section.choice(
        "projection_training", default: .generator,
        "Whose optimiser trains the maps of the contrastive term: `own` is one for them alone.")
      projectionLearningRate = try section.number(
        "projection_learning_rate", default: 1e-3, in: 0...1,
        "Learning rate of the maps' own optimiser.")
      let generator = try section.sectionOrEmpty(
        "generator_loss_weights", "The factors of what the generator makes large.")
      generatorDivergence = try generator.number(
        "divergence", default: 0.5, in: 0...1e6,
        "Weight of the divergence of the student's outputs from the teacher's.")
      generatorContrastive = try generator.number(
        "contrastive", default: 0.5, in: 0...1e6, "Weight of the contrastive term.")
      try generator.finish()
      try section.lossWeights { student in
        ce = try student.number("ce", default: ce, in: 0...1e6, "Weight of the gold labels.")
        kd = try student.number("kd", default: kd, in: 0...1e6, "Weight of the teacher's outputs.")
        contrastive = try student.number(
          "contrastive", default: 0, in: 0...1e6, "Weight of the contrastive term.")
        adversarialCE = try student.number(
          "adversarial_ce", default: adversarialCE, in: 0...1e6,
          "Weight of the gold labels on adversarial text.")
        adversarialKD = try student.number(
          "adversarial_kd", default: adversarialKD, in: 0...1e6,
          "Weight of the teacher's outputs on adversarial text.")
        adversarialContrastive = try student.number(
          "adversarial_contrastive", default: 0, in: 0...1e6,
          "Weight of the contrastive term on adversarial text.")
      }
      if projectionTraining == .student || projectionTraining == .both, !studentIsContrasted {
        throw section.fail(
          "projection_training",
          "\(section.name("projection_training")) is \"\(projectionTraining.rawValue)\", but the "
            + "student's steps have no contrastive term; give loss_weights.contrastive or "
            + "loss_weights.adversarial_contrastive a value above 0, or take \"own\".")
      }
    }

    /// Whether the student's steps need the states of all layers.
    var studentIsContrasted: Bool { contrastive > 0 || adversarialContrastive > 0 }
  }

  /// What is masked in a shard.
  package typealias Masks = @Sendable (Shard) -> MaskedAdversary.Masks

  /// The student, the generator and, if they have an optimiser of their own, the projections.
  public let trainedModels: [TrainedModel]
  /// The vectors of earlier texts.
  public var memory: [any StatePart] { contrast.bank.map { [$0] } ?? [] }
  /// The contrastive term.
  package let contrast: LayerContrast
  private let setup: DistillationSetup
  private let settings: Settings
  /// What makes x'.
  package let adversary: MaskedAdversary
  private let generator: MaskedLanguageModel?

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    generator = setup.generator
    adversary = try MaskedAdversary(setup, settings: settings.adversary, method: "cilda")
    contrast = try LayerContrast(settings.contrast, setup)
    let projections = contrast.projections.parameters
    let training = settings.projectionTraining
    var student = setup.studentTraining
    if training == .student || training == .both { student.companions = projections }
    var models = [
      student,
      adversary.trainedModel(
        studentUpdates: setup.totalSteps,
        companions: training == .generator || training == .both ? projections : nil),
    ].compactMap { $0 }
    if training == .own {
      models.append(
        TrainedModel(
          name: "projections", parameters: projections,
          optimizer: OptimizerSettings(maxGradNorm: 0),
          schedule: LearningRateSchedule(
            kind: .constant, peak: settings.projectionLearningRate, warmupSteps: 0, totalSteps: 1)))
    }
    trainedModels = models
  }

  /// The generator's turn in the first n_G of every n_G + n_S batches. Projections with an
  /// optimiser of their own have a batch before each of the generator's.
  public func turn(batch: Int) -> Int {
    let isOwn = settings.projectionTraining == .own
    let place = adversary.turn(batch: batch, batchesPerUpdate: isOwn ? 2 : 1)
    guard let place else { return 0 }
    return isOwn && place.isMultiple(of: 2) ? 2 : 1
  }

  /// The generator's drift, what the probe texts tell, and on them the norm of the contrastive
  /// term's gradient by the generator, divided by that of the divergence's; both with their
  /// weights.
  public func diagnostics() throws -> [(name: String, value: Double)] {
    let found = try adversary.diagnostics()
    guard let probe = adversary.probe, probe.isDetailed, let generator else { return found }
    let norms = try [
      (0, settings.generatorContrastive), (settings.generatorDivergence, 0),
    ].map { weights in
      let step = probe.step(turn: 1, gradientsOf: generator.parameters)
      _ = try adversarialStep(step, masks: { adversary.masks($0, step: step) }, weights: weights)
      return step.gradientNorm(count: generator.parameters.count)
    }
    return found + [("probe_contrastive_ratio", norms[0] / norms[1])]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let masks: Masks = { adversary.masks($0, step: step) }
    return MaskedAdversary.rates(
      step,
      try step.turn == 0 ? studentStep(step, masks: masks) : adversarialStep(step, masks: masks))
  }

  /// Max step of the generator: minus w_d D(S(x'), T(x')) minus w_c L(x'), differentiated through
  /// the states of both models into the generator. In the projections' own turn plus L(x'), by them
  /// alone.
  ///
  /// - Parameter weights: of both terms; nil for those of the settings. With weights, the bank does
  ///   not remember the texts.
  package func adversarialStep(
    _ step: StepContext, masks: Masks, weights: (divergence: Double, contrastive: Double)? = nil
  ) throws -> Scalars {
    let learnsProjections = step.turn == 2
    let remembers = weights == nil
    let weights = weights ?? (settings.generatorDivergence, settings.generatorContrastive)
    return try step.forEachShard { shard, tape in
      let sample = adversary.sample(shard, masks(shard), on: tape)
      let text = sample.texts.tokens
      let read = adversary.teacherTokens(text, of: shard)
      let student = setup.student.logitsAndStates(
        text, tape: tape, training: true, sample: sample.words)
      let teacher = setup.teacher.logitsAndStates(
        read, tape: tape, training: false, sample: adversary.teacherWords(sample.words))
      var scalars = sample.texts.counts
      if !learnsProjections {
        scalars["entropy"] = Kernel.entropyOfRows(sample.logits)
        var loss = LossTerms(step, after: scalars)
        loss.add("adversarial_divergence", weight: -weights.divergence) {
          adversary.divergence(student.logits, teacher.logits, on: tape, weight: $0)
        }
        scalars = loss.scalars
      }
      return ShardFeatures(
        scalars: scalars,
        features: [
          contrast.teacherVectors(teacher.states, of: read, tape: tape),
          contrast.studentVectors(student.states, of: text, tape: tape),
        ])
    } joint: { tape, features in
      var loss = LossTerms(step)
      contrast.add(
        "contrastive_loss", weight: learnsProjections ? 1 : -weights.contrastive, to: &loss,
        teacher: features[0], student: features[1], rows: step.rows, remembers: remembers,
        tape: tape)
      return loss.scalars
    }
  }

  /// Min step: gold labels, teacher and, where they have a weight, contrastive terms on x and x'.
  /// The generator is fixed.
  package func studentStep(_ step: StepContext, masks: Masks) throws -> Scalars {
    guard settings.studentIsContrasted else {
      return try step.forEachShard { shard, tape in
        let adversarial = adversary.texts(shard, masks(shard), on: tape)
        let logits = setup.student.logits(
          shard.tokens.followed(by: adversarial.tokens), tape: tape, training: true)
        let scalars = outputTerms(
          step, shard, tape, student: logits,
          clean: setup.teacherCache.logits(for: shard, tape: tape),
          adversarial: adversary.teacherLogits(adversarial.tokens, of: shard, on: tape),
          counts: adversarial.counts)
        tape.backward()
        return scalars
      }
    }
    return try step.forEachShard { shard, tape in
      let adversarial = adversary.texts(shard, masks(shard), on: tape)
      let both = shard.tokens.followed(by: adversarial.tokens)
      let student = setup.student.logitsAndStates(both, tape: tape, training: true)
      let read = adversary.teacherTokens(nil, of: shard)
        .followed(by: adversary.teacherTokens(adversarial.tokens, of: shard))
      let teacher = setup.teacher.logitsAndStates(read, tape: tape, training: false)
      let halves = [Array(0..<shard.count), Array(shard.count..<2 * shard.count)]
      let scalars = outputTerms(
        step, shard, tape, student: student.logits,
        clean: tape.gatherRows(teacher.logits, halves[0]),
        adversarial: tape.gatherRows(teacher.logits, halves[1]), counts: adversarial.counts)
      let vectors = [
        contrast.teacherVectors(teacher.states, of: read, tape: tape),
        contrast.studentVectors(student.states, of: both, tape: tape),
      ]
      return ShardFeatures(
        scalars: scalars,
        features: halves.flatMap { half in vectors.map { tape.gatherRows($0, half) } })
    } joint: { tape, features in
      var loss = LossTerms(step)
      for (name, weight, first) in [
        ("contrastive_loss", settings.contrastive, 0),
        ("adversarial_contrastive_loss", settings.adversarialContrastive, 2),
      ] where weight > 0 {
        contrast.add(
          name, weight: weight, to: &loss, teacher: features[first],
          student: features[first + 1], rows: step.rows, tape: tape)
      }
      return loss.scalars
    }
  }

  /// The min step's terms of labels and outputs.
  ///
  /// - Parameters:
  ///   - student: logits on the shard's texts, then on its adversarial texts.
  ///   - clean: the teacher's logits.
  ///   - adversarial: the teacher's logits.
  ///   - counts: scalars that precede the terms in the log.
  private func outputTerms(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, student: Tensor, clean: Tensor,
    adversarial: Tensor, counts: Scalars
  ) -> Scalars {
    var loss = LossTerms(step, after: counts)
    for (prefix, first, teacher, ceWeight, kdWeight) in [
      ("", 0, clean, settings.ce, settings.kd),
      ("adversarial_", shard.count, adversarial, settings.adversarialCE, settings.adversarialKD),
    ] {
      let logits = tape.gatherRows(student, Array(first..<first + shard.count))
      loss.add("\(prefix)ce_loss", weight: ceWeight) {
        setup.supervisedLoss(logits, of: shard, on: tape, weight: $0)
      }
      loss.add(prefix.isEmpty ? "clean_divergence" : "adversarial_divergence", weight: kdWeight) {
        adversary.divergence(logits, teacher, on: tape, weight: $0)
      }
    }
    return loss.scalars
  }
}
