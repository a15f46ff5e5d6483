import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Text smoothing: the student also learns from texts whose words are mixed with what a masked
/// language model expects in their place (see `WordSmoothing`).
///
/// The loss of a text x or smoothed text x^ is CE(S(.), y), T^2 KL(T(.) || S(.)), or a weighted sum
/// of both. Source: Wu et al. 2020 (arXiv 2005.03848, distillation) and 2022 (arXiv 2202.13840,
/// whose code makes a plain and a smoothed update with every batch);
/// docs/methods/text-smoothing.md.
public enum TextSmoothing {
  static let description = MethodDescription(
    name: "text-smoothing",
    summary: "words smoothed by a masked language model (Wu et al. 2020, 2022)",
    needsGenerator: true, takesSeveralLabels: true, unlabelledTexts: .besideLabelled,
    settings: Settings.init(_:),
    objective: { try SmoothedDistillation($0, settings: $1) },
    spanObjective: { try SmoothedDistillation($0, settings: $1) })

  /// The losses of an update.
  package enum Updates: String, CaseIterable, Sendable {
    /// Two updates with every batch: on the texts, then on the smoothed texts (2022 code).
    case alternate
    /// One update with both losses.
    case together
    /// One update on the smoothed texts.
    case smoothed
  }

  /// What the student learns from.
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
    /// Gold labels and the teacher's outputs.
    package var terms = LogitTerms(ce: 1, kd: 0)

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
      case .both:
        let weights = try LossWeights(section, ce: 0.5, kd: 0.5)
        terms = LogitTerms(ce: weights.ce, kd: weights.kd)
      case .gold, .teacher:
        guard !section.has("loss_weights") else {
          throw section.fail(
            "loss_weights",
            "\(section.name("loss_weights")) counts only where \(section.name("targets")) is "
              + "\"both\"; leave it out.")
        }
        terms = LogitTerms(ce: targets == .gold ? 1 : 0, kd: targets == .gold ? 0 : 1)
      }
      terms = try terms.readingDivergence(section)
    }
  }
}

/// The objective of text smoothing.
package struct SmoothedDistillation<Head: DistillableModel>: Objective {
  /// The student.
  package let trainedModels: [TrainedModel]
  private let setup: MethodSetup<Head>
  private let settings: TextSmoothing.Settings
  private let smoothing: WordSmoothing

  package init(_ setup: MethodSetup<Head>, settings: TextSmoothing.Settings) throws {
    guard let languageModel = setup.generator else {
      throw MismatchError(
        .method,
        "method text-smoothing needs a masked language model: add a section \"generator\" with one "
          + "(mate-kd pretrain makes one)")
    }
    self.setup = setup
    self.settings = settings
    smoothing = WordSmoothing(languageModel, settings: settings.smoothing)
    trainedModels = [setup.studentTraining]
  }

  /// Two where plain and smoothed updates alternate. With lambda 0 there is no smoothed text, and
  /// the method is plain training whatever `updates` is.
  package var updatesPerBatch: Int {
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
  package func loss(_ step: StepContext) throws -> Scalars {
    let terms = terms(of: step)
    var scalars = try step.forEachShard(backwardPasses: terms.count) { shard, tape in
      var loss = LossTerms(step)
      for term in terms {
        add(term, to: &loss, step: step, shard: shard, tape: tape)
        tape.backward()
      }
      return loss.scalars
    }
    if terms.contains(where: \.isSmoothed) {
      let smoothed = max(1, scalars["smoothed_tokens"])
      scalars["original_probability"] /= smoothed
      scalars["smoothed_tokens"] /= Double(step.count)
    }
    return scalars
  }

  private func add(
    _ term: Term, to loss: inout LossTerms, step: StepContext, shard: Shard, tape: Tape
  ) {
    let (student, teacher) = (setup.student, setup.teacher)
    let (ce, kd) = (settings.terms.ce, settings.terms.kd * settings.terms.factor(of: student))
    let teacherIsSmoothed = term.isSmoothed && settings.teacherReads == .smoothed && kd > 0

    var smoothed: [Tensor] = []
    if term.isSmoothed {
      let vectors = smoothing.vectors(
        of: shard.tokens, isSpecial: shard.isSpecial,
        for: [student] + (teacherIsSmoothed ? [teacher] : []), tape: tape)
      loss.scalars["original_probability"] = vectors.kept
      loss.scalars["smoothed_tokens"] = Double(vectors.count)
      smoothed = vectors.vectors
    }
    let logits = student.logits(
      shard.tokens, tape: tape, training: true, vectors: smoothed.first)
    // Logged by the name of what the student reads, as if it were the only loss.
    let name = term.isSmoothed ? "smoothed_loss" : "plain_loss"
    loss.scalars[name] += 0
    if ce > 0 {
      loss.add(name, weight: term.weight, scale: ce) {
        setup.supervisedLoss(logits, of: shard, on: tape, weight: $0)
      }
    }
    if kd > 0 {
      let target =
        teacherIsSmoothed
        ? teacher.logits(shard.tokens, tape: tape, training: false, vectors: smoothed.last)
        : setup.teacherCache.logits(for: shard, tape: tape)
      loss.add(name, weight: term.weight, scale: kd) {
        student.divergence(
          settings.terms.divergence, student: logits, teacher: target, of: shard,
          temperature: settings.terms.temperature, on: tape, weight: $0)
      }
    }
  }
}
