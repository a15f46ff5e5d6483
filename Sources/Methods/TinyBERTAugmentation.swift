import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Knowledge distillation on texts in which a masked language model has replaced some of the words:
/// TinyBERT's data augmentation with plain distillation, which is a baseline in the MATE-KD and
/// CILDA papers.
///
/// L = w_ce CE(S(x), y) + w_kd T^2 D(T(x), S(x)) + w_akd T^2 D(T(x'), S(x')) + w_ace CE(S(x'), y),
/// x' being x with each word replaced with probability p_t by one of the model's M likeliest words
/// there (`TextAugmentation`). Source: Jiao et al. 2020 (arXiv 1909.10351), algorithm 1 and the
/// authors' `data_augmentation.py`; docs/methods/tinybert-augmentation.md lists every difference.
public struct TinyBERTAugmentation: Objective {
  static let description = MethodDescription(
    name: "tinybert-augmentation",
    summary: "logit distillation on texts with replaced words (Jiao et al. 2020)",
    needsGenerator: true, takesSeveralLabels: true, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: TinyBERTAugmentation.init(_:settings:))

  /// The method's constants.
  package struct Settings: Sendable {
    package var augmentation = TextAugmentation.Settings()
    /// On x. The default weights are those of MATE-KD, for comparison.
    package var terms = LogitTerms(ce: 1.0 / 3, kd: 1.0 / 3)
    /// w_ace and w_akd, on x'.
    package var augmentedCE = 0.0
    package var augmentedKD = 1.0 / 3

    package init() {}

    package init(_ section: ConfigSection) throws {
      augmentation = try TextAugmentation.Settings(
        section,
        form: section.choice(
          "augmentation", default: .joint,
          "How words are replaced: all chosen ones at once, or one at a time in copies of the "
            + "text, without stop words, as in the official code."))
      try section.lossWeights { weights in
        terms = try terms.reading(section, weights: weights)
        augmentedKD = try weights.number(
          "augmented_kd", default: 1.0 / 3, in: 0...1e6,
          "Weight of the teacher's outputs on the changed text.")
        augmentedCE = try weights.number(
          "augmented_ce", default: 0, in: 0...1e6, "Weight of the gold labels on the changed text.")
      }
    }
  }

  /// The student.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let settings: Settings
  private let augmentation: TextAugmentation

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    augmentation = try TextAugmentation(
      setup, settings: settings.augmentation, method: "tinybert-augmentation")
    trainedModels = [setup.studentTraining]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let sums = try step.forEachShard(backwardPasses: 2) { shard, tape in
      let (augmented, counts) = augmentation.texts(shard, step: step, tape: tape)
      var scalars = studentLoss(step, shard, tape, augmented: augmented)
      scalars.add(counts)
      return scalars
    }
    return TextAugmentation.rates(step, sums)
  }

  /// The four terms, given x'.
  package func studentLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, augmented: PackedTokens
  ) -> Scalars {
    let terms = settings.terms
    let teacher = setup.teacherCache.logits(for: shard, tape: tape)
    let teacherAugmented = setup.teacher.logits(augmented, tape: tape, training: false)
    let factor = terms.factor(of: setup.student)
    var loss = LossTerms(step)
    loss.add(
      terms, student: setup.student.logits(shard.tokens, tape: tape, training: true),
      teacher: teacher, of: shard, on: tape, setup: setup)
    tape.backward()
    let logits = setup.student.logits(augmented, tape: tape, training: true)
    loss.add("augmented_kd_loss", weight: settings.augmentedKD * factor) {
      setup.student.divergence(
        terms.divergence, student: logits, teacher: teacherAugmented,
        temperature: terms.temperature, on: tape, weight: $0)
    }
    if settings.augmentedCE > 0 {
      loss.add("augmented_ce_loss", weight: settings.augmentedCE) {
        setup.supervisedLoss(logits, of: shard, on: tape, weight: $0)
      }
    }
    tape.backward()
    return loss.scalars
  }
}
