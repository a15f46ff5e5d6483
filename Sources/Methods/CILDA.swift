import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// CILDA: MATE-KD whose generator also drives the inner layers of teacher and student apart.
///
/// The generator maximises output divergence plus a contrastive term over the states of all layers
/// (`LayerContrast`); the student learns from gold labels and teacher on the text and on the
/// adversarial text. Source: Haidar et al., COLING 2022 (arXiv 2204.07674), of which only the abstract
/// could be read; all else follows a third party's code, see docs/methods/cilda.md.
public struct CILDA: Objective {
  static let description = MethodDescription(
    name: "cilda",
    summary: "mate-kd with a contrastive term over all layers (Haidar et al. 2022)",
    needsGenerator: true
  ) { section in
    let settings = try Settings(section)
    try section.finish()
    return { try CILDA($0, settings: settings) }
  }

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
    /// What it has in common with MATE-KD; the weights in it are not looked at.
    package var game = MATEKD.Settings()
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
      game = try MATEKD.Settings(gameOf: section)
      contrast = try LayerContrast.Settings(section)
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
      let student = try section.sectionOrEmpty(
        "loss_weights", "The factors of the student's loss terms.")
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
      try student.finish()
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

  /// The masked tokens of a shard and the Gumbel noise at them; nil draws it.
  package typealias Masks = @Sendable (Shard) -> (rows: [Int], noise: Matrix?)

  /// The student, the generator and, if they have an optimiser of their own, the projections.
  public let trainedModels: [TrainedModel]
  /// The contrastive term.
  package let contrast: LayerContrast
  private let setup: DistillationSetup
  private let settings: Settings
  private let generator: MaskedLanguageModel

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    generator = try setup.requiredGenerator(of: "cilda")
    contrast = LayerContrast(
      settings.contrast, teacher: setup.teacher.encoder.configuration,
      student: setup.student.encoder.configuration, seed: setup.seed)
    let projections = contrast.projections.parameters
    let training = settings.projectionTraining
    var student = setup.studentTraining
    if training == .student || training == .both { student.companions = projections }
    var models = [
      student,
      settings.game.trainedGenerator(
        generator, studentUpdates: setup.totalSteps,
        companions: training == .generator || training == .both ? projections : nil),
    ]
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

  /// The generator's turn in the first n_G of every n_G + n_S batches. Projections with an optimiser
  /// of their own have a batch before each of the generator's.
  public func turn(batch: Int) -> Int {
    let (steps, isOwn) = (settings.game.generatorSteps, settings.projectionTraining == .own)
    let adversarial = isOwn ? 2 * steps : steps
    let place = batch % (adversarial + settings.game.studentSteps)
    if place >= adversarial { return 0 }
    return isOwn && place.isMultiple(of: 2) ? 2 : 1
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let masking = Masking(probability: settings.game.maskProbability, seed: step.seed)
    let masks: Masks = { (masking.rows(of: $0, draw: step.drawNumber), nil) }
    return MATEKD.health(
      step,
      try step.turn == 0 ? studentStep(step, masks: masks) : adversarialStep(step, masks: masks))
  }

  /// Max step of the generator: minus w_d D(S(x'), T(x')) minus w_c L(x'), differentiated through the
  /// states of both models into the generator. In the projections' own turn plus L(x'), by them alone.
  package func adversarialStep(_ step: StepContext, masks: Masks) throws -> Scalars {
    let game = settings.game
    let learnsProjections = step.turn == 2
    let count = Double(step.count)
    return try step.forEachShard { shard, tape in
      let (rows, noise) = masks(shard)
      let masked = shard.tokens.replacing(rows, with: setup.maskID)
      let logits = generator.logits(masked, rows: rows, tape: tape, training: true)
      let entropy = learnsProjections ? 0 : Kernel.entropyOfRows(logits.value)
      let sample = tape.gumbelSoftmax(logits, temperature: game.gumbelTemperature, noise: noise)
      let adversarial = shard.tokens.replacing(rows, with: sample.ids)
      let student = setup.student.logitsAndStates(
        adversarial, tape: tape, training: true, sample: (rows, sample))
      let teacher = setup.teacher.logitsAndStates(
        adversarial, tape: tape, training: false, sample: (rows, sample))
      var scalars = MATEKD.counts(shard, rows: rows, ids: sample.ids)
      if !learnsProjections {
        let divergence = tape.outputDivergence(
          game.divergence, student: student.logits, teacher: teacher.logits,
          labels: setup.student.labels, temperature: game.temperature,
          weight: Float(-settings.generatorDivergence * step.share / count))
        scalars["entropy"] = entropy
        scalars["loss"] = -settings.generatorDivergence * divergence / count
        scalars["adversarial_divergence"] = divergence / count
      }
      return ShardFeatures(
        scalars: scalars,
        features: [
          contrast.teacherVectors(teacher.states, of: adversarial, tape: tape),
          contrast.studentVectors(student.states, of: adversarial, tape: tape),
        ])
    } joint: { tape, features in
      let weight = learnsProjections ? 1 : -settings.generatorContrastive
      let value = contrast.loss(
        teacher: features[0], student: features[1], rows: step.rows, tape: tape,
        weight: weight * step.share)
      var scalars = Scalars()
      scalars["loss"] = weight * value
      scalars["contrastive_loss"] = value
      return scalars
    }
  }

  /// Min step: gold labels, teacher and, where they have a weight, contrastive terms on x and x'; the
  /// generator is fixed.
  package func studentStep(_ step: StepContext, masks: Masks) throws -> Scalars {
    guard settings.studentIsContrasted else {
      return try step.forEachShard { shard, tape in
        let (adversarial, scalars) = adversarialText(shard, tape, masks: masks)
        let logits = setup.student.logits(
          shard.tokens.followed(by: adversarial), tape: tape, training: true)
        let result = outputTerms(
          step, shard, tape, student: logits,
          clean: setup.teacherCache.logits(for: shard, tape: tape),
          adversarial: setup.teacher.logits(adversarial, tape: tape, training: false), scalars)
        tape.backward()
        return result
      }
    }
    return try step.forEachShard { shard, tape in
      let (adversarial, scalars) = adversarialText(shard, tape, masks: masks)
      let both = shard.tokens.followed(by: adversarial)
      let student = setup.student.logitsAndStates(both, tape: tape, training: true)
      let teacher = setup.teacher.logitsAndStates(both, tape: tape, training: false)
      let (clean, hostile) = (Array(0..<shard.count), Array(shard.count..<2 * shard.count))
      let result = outputTerms(
        step, shard, tape, student: student.logits,
        clean: tape.gatherRows(teacher.logits, clean),
        adversarial: tape.gatherRows(teacher.logits, hostile), scalars)
      let vectors = [
        contrast.teacherVectors(teacher.states, of: both, tape: tape),
        contrast.studentVectors(student.states, of: both, tape: tape),
      ]
      return ShardFeatures(
        scalars: result,
        features: [clean, hostile].flatMap { half in vectors.map { tape.gatherRows($0, half) } })
    } joint: { tape, features in
      var scalars = Scalars()
      for (name, weight, first) in [
        ("contrastive_loss", settings.contrastive, 0),
        ("adversarial_contrastive_loss", settings.adversarialContrastive, 2),
      ] where weight > 0 {
        let value = contrast.loss(
          teacher: features[first], student: features[first + 1], rows: step.rows, tape: tape,
          weight: weight * step.share)
        scalars["loss"] += weight * value
        scalars[name] = value
      }
      return scalars
    }
  }

  /// x' of a shard, and what the log tells of it.
  private func adversarialText(
    _ shard: Shard, _ tape: Tape, masks: Masks
  ) -> (tokens: PackedTokens, scalars: Scalars) {
    let (rows, noise) = masks(shard)
    let masked = shard.tokens.replacing(rows, with: setup.maskID)
    let ids =
      rows.isEmpty
      ? []
      : tape.gumbelArgmax(
        generator.logits(masked, rows: rows, tape: tape, training: true), noise: noise)
    return (shard.tokens.replacing(rows, with: ids), MATEKD.counts(shard, rows: rows, ids: ids))
  }

  /// The min step's terms of labels and outputs.
  ///
  /// - Parameters:
  ///   - student: logits on the shard's texts, then on its adversarial texts.
  ///   - clean, adversarial: the teacher's logits.
  /// - Returns: `scalars` with the terms.
  private func outputTerms(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, student: Tensor, clean: Tensor,
    adversarial: Tensor, _ scalars: Scalars
  ) -> Scalars {
    let count = Double(step.count)
    let weight = step.share / count
    let labels = setup.student.labels
    var scalars = scalars
    for (prefix, first, teacher, ceWeight, kdWeight) in [
      ("", 0, clean, settings.ce, settings.kd),
      ("adversarial_", shard.count, adversarial, settings.adversarialCE, settings.adversarialKD),
    ] {
      let logits = tape.gatherRows(student, Array(first..<first + shard.count))
      let ce = tape.supervisedLoss(
        logits, shard: shard, labels: labels, smoothing: setup.labelSmoothing,
        weight: Float(ceWeight * weight))
      let kd = tape.outputDivergence(
        settings.game.divergence, student: logits, teacher: teacher, labels: labels,
        temperature: settings.game.temperature, weight: Float(kdWeight * weight))
      scalars["loss"] += (ceWeight * ce + kdWeight * kd) / count
      scalars["\(prefix)ce_loss"] = ce / count
      scalars[prefix.isEmpty ? "clean_divergence" : "adversarial_divergence"] = kd / count
    }
    return scalars
  }
}
