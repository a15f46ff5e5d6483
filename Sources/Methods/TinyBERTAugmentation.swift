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
/// there. Source: Jiao et al. 2020 (arXiv 1909.10351), algorithm 1 and the authors'
/// `data_augmentation.py`; docs/methods/tinybert-augmentation.md lists every difference.
public struct TinyBERTAugmentation: Objective {
  static let description = MethodDescription(
    name: "tinybert-augmentation",
    summary: "logit distillation on texts with replaced words (Jiao et al. 2020)",
    needsGenerator: true, takesSeveralLabels: true, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: TinyBERTAugmentation.init(_:settings:))

  /// The method's constants.
  package struct Settings: Sendable {
    /// p_t, 0.4 in the paper.
    package var probability: Float = 0.4
    /// M, 15 in the paper (K there).
    package var candidates = 15
    /// On x. The default weights are those of MATE-KD, for comparison.
    package var terms = LogitTerms(ce: 1.0 / 3, kd: 1.0 / 3)
    /// w_ace and w_akd, on x'.
    package var augmentedCE = 0.0
    package var augmentedKD = 1.0 / 3

    package init() {}

    package init(_ section: ConfigSection) throws {
      probability = Float(
        try section.number(
          "replacement_probability", default: 0.4, in: 0...1, "How likely a word is replaced."))
      candidates = try section.int(
        "candidates", default: 15, in: 1...1000,
        "The likeliest words of the language model from which a replacement is drawn.")
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
  private let model: MaskedLanguageModel
  private let borders: WordBorders

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    guard let model = setup.generator, let tokenizer = setup.tokenizer else {
      throw MismatchError(
        .method,
        "method tinybert-augmentation needs a masked language model that replaces words: add a "
          + "section \"generator\" (mate-kd pretrain makes one)")
    }
    self.setup = setup
    self.settings = settings
    self.model = model
    borders = WordBorders(tokenizer)
    trainedModels = [setup.studentTraining]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let replacement = WordReplacement(
      probability: settings.probability, candidates: settings.candidates, borders: borders,
      maskID: setup.maskID, seed: step.seed)
    var sums = try step.forEachShard { shard, tape in
      let (chosen, words) = replacement.choose(shard, draw: step.drawNumber)
      var augmented = shard.tokens
      var new: [Int32?] = []
      if !chosen.isEmpty {
        let masked = shard.tokens.replacing(chosen, with: chosen.map { _ in setup.maskID })
        let logits = model.logits(
          masked.tokens, rows: masked.rows, tape: tape, training: false)
        new = replacement.draw(chosen, logits: logits.value, of: shard, draw: step.drawNumber)
        augmented = shard.tokens.replacing(chosen, with: new).tokens
      }
      var scalars = studentLoss(step, shard, tape, augmented: augmented)
      scalars["words"] = Double(words)
      scalars["replacement_rate"] = Double(chosen.count)
      scalars["unchanged_rate"] = Double(
        zip(chosen, new).count { word, id in
          id.map { shard.tokens.ids[word] == [$0] } ?? true
        })
      return scalars
    }
    let (words, chosen) = (sums["words"], sums["replacement_rate"])
    sums["words"] = words / Double(step.count)
    sums["replacement_rate"] = chosen / max(1, words)
    sums["unchanged_rate"] /= max(1, chosen)
    return sums
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
