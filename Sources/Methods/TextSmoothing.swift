import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Text smoothing: the student also learns from texts whose words are mixed with what a masked
/// language model expects in their place (see `WordSmoothing`).
///
/// Of a text x or smoothed text x^ the loss is CE(S(.), y), T^2 KL(T(.) || S(.)), or a weighted sum of
/// both. Source: Wu et al. 2020 (arXiv 2005.03848, distillation) and 2022 (arXiv 2202.13840, whose
/// code makes a plain and a smoothed update with every batch); docs/methods/text-smoothing.md.
public struct TextSmoothing: Objective {
  static let description = MethodDescription(
    name: "text-smoothing",
    summary: "words smoothed by a masked language model (Wu et al. 2020, 2022)",
    needsGenerator: true,
    configure: { section in
      let settings = try Settings(section)
      try section.finish()
      return { try TextSmoothing($0, settings: settings) }
    },
    configureSpans: { section in
      let settings = try Settings(section)
      try section.finish()
      return { try TextSmoothing($0, settings: settings) }
    })

  /// Which losses an update is made of.
  package enum Updates: String, CaseIterable, Sendable {
    /// Two updates with every batch: on the texts, then on the smoothed texts (2022 code).
    case alternate
    /// One update with both losses.
    case together
    /// One update on the smoothed texts.
    case smoothed
  }

  /// What the student shall say.
  package enum Targets: String, CaseIterable, Sendable {
    case gold, teacher, both
  }

  /// What the teacher reads where the student reads smoothed text.
  package enum TeacherInput: String, CaseIterable, Sendable {
    case text, smoothed
  }

  /// The method's constants.
  package struct Settings: Sendable {
    package var smoothing = WordSmoothing.Settings()
    package var updates = Updates.alternate
    /// Weight of the smoothed loss in updates with both; the plain one has the rest.
    package var smoothedWeight = 0.5
    package var targets = Targets.gold
    package var teacherReads = TeacherInput.text
    package var weights = LossWeights(ce: 1, kd: 0, adversarial: 0)
    /// Of both softmaxes of the divergence, and whether their divergence is multiplied by its square.
    package var temperature: Float = 1
    package var squaredTemperature = true
    package var divergence = Kernel.Divergence.kl

    package init() {}

    package init(_ section: ConfigSection) throws {
      smoothing = try WordSmoothing.Settings(section)
      updates = try section.choice(
        "updates", default: .alternate,
        "The texts of an update: plain and smoothed ones in turn, both together, or smoothed ones."
      )
      smoothedWeight = try section.number(
        "smoothed_weight", default: 0.5, in: 0...1,
        "With `updates` \"together\": weight of the smoothed loss; the plain one has the rest.")
      targets = try section.choice(
        "targets", default: .gold,
        "What the student shall say: gold labels, the teacher's outputs, or both.")
      teacherReads = try section.choice(
        "teacher_reads", default: .text,
        "What the teacher reads where the student reads smoothed text.")
      switch targets {
      case .both: weights = try LossWeights(section, ce: 0.5, kd: 0.5)
      case .gold, .teacher:
        guard !section.has("loss_weights") else {
          throw section.fail(
            "loss_weights",
            "\(section.name("loss_weights")) counts only where \(section.name("targets")) is "
              + "\"both\"; leave it out.")
        }
        weights = LossWeights(
          ce: targets == .gold ? 1 : 0, kd: targets == .gold ? 0 : 1, adversarial: 0)
      }
      temperature = Float(
        try section.number(
          "temperature", default: 1, in: 0.01...1000,
          "What logits are divided by in both softmaxes of the divergence."))
      squaredTemperature = try section.bool(
        "multiply_by_temperature_squared", default: true,
        "Whether the divergence is multiplied by the square of `temperature`.")
      divergence = try section.choice(
        "divergence", default: .kl,
        "KL divergence, or cross-entropy with the teacher's probabilities.")
    }
  }

  /// The student.
  public let trainedModels: [TrainedModel]
  private let models: DistillationPair
  private let settings: Settings
  private let smoothing: WordSmoothing

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    try self.init(
      DistillationPair(setup), languageModel: setup.generator, training: setup.studentTraining,
      settings: settings)
  }

  /// The same for models that find answers: positions do not move, so neither do the answers.
  package init(_ setup: SpanDistillationSetup, settings: Settings) throws {
    try self.init(
      DistillationPair(setup), languageModel: setup.generator, training: setup.studentTraining,
      settings: settings)
  }

  private init(
    _ models: DistillationPair, languageModel: MaskedLanguageModel?, training: TrainedModel,
    settings: Settings
  ) throws {
    guard let languageModel else {
      throw MismatchError(
        .method,
        "method text-smoothing needs a masked language model: add a section \"generator\" with one "
          + "(mate-kd pretrain makes one)")
    }
    self.models = models
    self.settings = settings
    smoothing = WordSmoothing(languageModel, settings: settings.smoothing)
    trainedModels = [training]
  }

  /// Two where plain and smoothed updates alternate. With lambda 0 there is no smoothed text: the
  /// method is plain training then, whatever `updates` says.
  public var updatesPerBatch: Int {
    settings.updates == .alternate && settings.smoothing.rate > 0 ? 2 : 1
  }

  /// A loss term of an update.
  private struct Term {
    let isSmoothed: Bool
    let weight: Double
  }

  private func terms(of step: StepContext) -> [Term] {
    guard settings.smoothing.rate > 0 else { return [Term(isSmoothed: false, weight: 1)] }
    switch settings.updates {
    case .alternate: return [Term(isSmoothed: step.batchNumber % 2 == 1, weight: 1)]
    case .together:
      return [
        Term(isSmoothed: false, weight: 1 - settings.smoothedWeight),
        Term(isSmoothed: true, weight: settings.smoothedWeight),
      ].filter { $0.weight > 0 }
    case .smoothed: return [Term(isSmoothed: true, weight: 1)]
    }
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let terms = terms(of: step)
    var scalars = try step.forEachShard { shard, tape in
      var scalars = Scalars()
      scalars["loss"] = 0
      for term in terms {
        add(term, to: &scalars, step: step, shard: shard, tape: tape)
        tape.backward()
      }
      return scalars
    }
    if terms.contains(where: \.isSmoothed) {
      let smoothed = max(1, scalars[Self.countName])
      scalars["original_probability"] /= smoothed
      scalars[Self.countName] /= Double(step.count)
    }
    return scalars
  }

  /// Mean number of smoothed tokens of a text.
  private static let countName = "smoothed_tokens"

  private func add(
    _ term: Term, to scalars: inout Scalars, step: StepContext, shard: Shard, tape: Tape
  ) {
    let weight = step.share / Double(step.count)
    let t = Double(settings.temperature)
    let ceWeight = settings.weights.ce * term.weight
    let kdWeight =
      settings.weights.kd * (settings.squaredTemperature ? t * t : 1) * term.weight
    let teacherIsSmoothed = term.isSmoothed && settings.teacherReads == .smoothed && kdWeight > 0

    var smoothed: WordSmoothing.Vectors?
    if term.isSmoothed {
      let vectors = smoothing.vectors(
        of: shard.tokens, isSpecial: shard.isSpecial,
        for: [models.student] + (teacherIsSmoothed ? [models.teacher] : []), tape: tape)
      scalars["original_probability"] = vectors.kept
      scalars[Self.countName] = Double(vectors.count)
      smoothed = vectors
    }
    let logits = models.studentLogits(shard, tape, smoothed?.vectors.first, true)
    var loss = 0.0
    if ceWeight > 0 {
      loss +=
        ceWeight * models.supervisedLoss(tape, logits, shard, Float(ceWeight * weight))
    }
    if kdWeight > 0 {
      let teacher =
        teacherIsSmoothed
        ? models.teacherLogits(shard, tape, smoothed?.vectors.last, false)
        : models.teacherCache.logits(for: shard, tape: tape)
      loss +=
        kdWeight
        * models.divergence(
          tape, settings.divergence, logits, teacher, shard, settings.temperature,
          Float(kdWeight * weight))
    }
    scalars["loss"] += loss / Double(step.count)
    scalars[term.isSmoothed ? "smoothed_loss" : "plain_loss"] =
      loss / term.weight / Double(step.count)
  }
}
