import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// FreeLB with knowledge distillation: the student learns from gold labels and teacher on perturbed
/// word embeddings.
///
/// An update minimises the mean over the K passes of w_ce CE(S(E_S x + delta_k), y) + w_kd T^2
/// KL(T(E_T x + delta_k) || S(E_S x + delta_k)); between the passes delta climbs the divergence,
/// the cross-entropy or the whole loss. The loss is ours: MATE-KD (Rashid et al. 2021) compares
/// with this baseline without giving its loss. FreeLB itself: Zhu et al. 2020 (arXiv 1909.11764);
/// see `EmbeddingPerturbation`.
public struct FreeLBKD: Objective {
  static let description = MethodDescription(
    name: "freelb-kd",
    summary: "logit distillation on perturbed word embeddings (baseline of MATE-KD)",
    takesSeveralLabels: true, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: FreeLBKD.init(_:settings:))

  /// What delta climbs.
  package enum Ascent: String, CaseIterable, Sendable {
    /// KL(T || S), through the inputs of both models where the teacher is perturbed, too.
    case kl
    /// The student's cross-entropy against the gold labels.
    case ce
    /// The loss that the student descends, which takes no extra passes.
    case loss
  }

  /// The method's constants.
  package struct Settings: Sendable {
    package var perturbation = EmbeddingPerturbation()
    package var ascent = Ascent.kl
    /// False lets the teacher read the unperturbed text.
    package var perturbsTeacher = true
    /// True keeps the student's word embeddings as they were when the run began.
    package var freezesWords = false
    package var temperature: Float = 1
    package var squaredTemperature = true
    package var weights = LossWeights(ce: 0.5, kd: 0.5, adversarial: 0)

    package init() {}

    package init(_ section: ConfigSection) throws {
      perturbation = try EmbeddingPerturbation(section)
      ascent = try section.choice(
        "ascent", default: .kl,
        "What the perturbation makes large: the divergence, the label loss, or the whole loss.")
      perturbsTeacher = try section.bool(
        "perturb_teacher", default: true,
        "Whether the teacher sees the perturbation, too, or the text itself.")
      freezesWords = try section.bool(
        "freeze_word_embeddings", default: false,
        "Whether the student keeps the word embeddings it began with.")
      temperature = Float(
        try section.number(
          "temperature", default: 1, in: 0.01...1000,
          "What logits are divided by in both softmaxes of the divergence."))
      squaredTemperature = try section.bool(
        "multiply_by_temperature_squared", default: true,
        "Whether the divergence is multiplied by the square of `temperature`.")
      weights = try LossWeights(section, ce: 0.5, kd: 0.5)
    }

    /// True if delta follows the gradient of the whole loss.
    var climbsTheLoss: Bool {
      switch ascent {
      case .loss: true
      case .kl: weights.ce == 0
      case .ce: weights.kd == 0
      }
    }
  }

  /// The student.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let settings: Settings

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    let width = setup.student.encoder.configuration.wordWidth
    let teacherWidth = setup.teacher.encoder.configuration.wordWidth
    guard !settings.perturbsTeacher || width == teacherWidth else {
      throw MismatchError(
        .method,
        "method freelb-kd adds one perturbation to the word embeddings of teacher and student, but "
          + "the teacher's have width \(teacherWidth) and the student's \(width); set "
          + "\"perturb_teacher\": false, then the teacher reads the text itself")
    }
    guard !settings.freezesWords || setup.studentTraining.optimizer.weightDecay == 0 else {
      throw MismatchError(
        .method,
        "method freelb-kd: \"freeze_word_embeddings\" is true, but train.weight_decay "
          + "(\(setup.studentTraining.optimizer.weightDecay)) would shrink them; set it to 0")
    }
    self.setup = setup
    self.settings = settings
    trainedModels = [setup.studentTraining]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    try settings.perturbation.forEachShard(of: step, read: setup.student) { shard, tape, delta in
      shardLoss(step, shard, tape, initial: delta)
    }
  }

  /// The K passes over a shard.
  ///
  /// - Parameter initial: delta_1, [tokens, width]; overwritten.
  package func shardLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, initial delta: Matrix
  ) -> Scalars {
    let passes = settings.perturbation.steps
    let weights = settings.weights
    let kdWeight =
      weights.kd
      * setup.student.temperatureFactor(
        settings.temperature, squared: settings.squaredTemperature)
    let count = Double(step.count)
    let position = tape.drawPosition
    var loss = LossTerms(step, count: step.count * passes)
    for pass in 0..<passes {
      let isLast = pass == passes - 1
      let climbs = !isLast && settings.climbsTheLoss
      let shift = climbs ? tape.leaf(delta) : tape.constant(delta)
      let (logits, teacher) = outputs(
        shard, tape: tape, shift: shift, drawPosition: position, teacher: kdWeight > 0)
      loss.add("ce_loss", weight: weights.ce) {
        weights.ce > 0 ? setup.supervisedLoss(logits, of: shard, on: tape, weight: $0) : 0
      }
      let divergence = loss.add("kd_loss", weight: kdWeight) { weight in
        teacher.map { self.divergence(logits, $0, tape, weight: weight) } ?? 0
      }
      tape.backward()
      if pass == 0 { loss.scalars["first_divergence"] = divergence / count }
      if isLast { loss.scalars["last_divergence"] = divergence / count }
      guard !isLast else { break }
      let gradient =
        climbs
        ? shift.leafGradient
        : ascentGradient(
          shard, beside: tape, delta: delta, drawPosition: position,
          weight: Float(step.share / (count * Double(passes))))
      if let gradient {
        settings.perturbation.ascend(delta, along: gradient, offsets: shard.tokens.offsets)
      }
    }
    loss.scalars["perturbation_norm"] =
      settings.perturbation.sumOfNorms(delta, offsets: shard.tokens.offsets) / count
    return loss.scalars
  }

  /// The student's outputs on the perturbed texts, and the teacher's if asked for.
  ///
  /// - Parameter drawPosition: of the student's dropout, so that it is the same in all passes.
  private func outputs(
    _ shard: Shard, tape: Tape, shift: Tensor, drawPosition: Int, teacher isWanted: Bool
  ) -> (student: Tensor, teacher: Tensor?) {
    tape.drawPosition = drawPosition
    let student = setup.student
    var words = student.encoder.wordVectors(
      shard.tokens.ids, parameters: student.parameters, tape: tape)
    if settings.freezesWords { words = tape.constant(words.value) }
    let logits = student.logits(
      shard.tokens, tape: tape, training: true, vectors: tape.sum(words, shift))
    guard isWanted else { return (logits, nil) }
    guard settings.perturbsTeacher else {
      return (logits, setup.teacherCache.logits(for: shard, tape: tape))
    }
    let teacher = setup.teacher
    let teacherWords = teacher.encoder.wordVectors(
      shard.tokens.ids, parameters: teacher.parameters, tape: tape)
    return (
      logits,
      teacher.logits(
        shard.tokens, tape: tape, training: false, vectors: tape.sum(teacherWords, shift))
    )
  }

  /// The gradient by delta of the divergence or of the cross-entropy alone, on a tape that no
  /// weights are bound to.
  private func ascentGradient(
    _ shard: Shard, beside outer: Tape, delta: Matrix, drawPosition: Int, weight: Float
  ) -> Matrix? {
    let tape = Tape(
      pool: outer.pool, seed: outer.seed, step: outer.step, lane: shard.index,
      precision: outer.precision)
    let shift = tape.leaf(delta)
    let (logits, teacher) = outputs(
      shard, tape: tape, shift: shift, drawPosition: drawPosition,
      teacher: settings.ascent == .kl)
    if let teacher {
      _ = divergence(logits, teacher, tape, weight: weight)
    } else {
      _ = setup.supervisedLoss(logits, of: shard, on: tape, weight: weight)
    }
    tape.backward()
    return shift.leafGradient
  }

  private func divergence(
    _ student: Tensor, _ teacher: Tensor, _ tape: Tape, weight: Float
  ) -> Double {
    setup.student.divergence(
      .kl, student: student, teacher: teacher, temperature: settings.temperature, on: tape,
      weight: weight)
  }
}
