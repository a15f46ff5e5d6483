import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// MATE-KD: masked adversarial text, a companion to knowledge distillation.
///
/// A generator fills randomly masked tokens so that teacher and student disagree as much as
/// possible (`MaskedAdversary`). The student learns from gold labels and teacher on the text, and
/// from the teacher on the adversarial text. Source: Rashid, Lioutas and Rezagholizadeh, ACL 2021
/// (arXiv 2105.05912), and the authors' code; docs/methods.md lists every difference.
public struct MATEKD: AdversarialMethod {
  static let description = MethodDescription(
    name: "mate-kd",
    summary: "masked adversarial text by a generator (Rashid et al. 2021)", needsGenerator: true,
    generatorUse: {
      let fill = $0.value(of: "fill")?.string.flatMap(MaskFill.Kind.init(rawValue:))
      return fill?.needsGenerator == false ? .optional : .needed
    },
    takesSeveralLabels: true, readsDecodedTexts: TeacherInput.isDecoded, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: MATEKD.init(_:settings:))

  /// The method's constants; the defaults are the official code's.
  package struct Settings: Sendable {
    package var adversary = MaskedAdversary.Settings()
    package var weights = LossWeights(ce: 1.0 / 3, kd: 1.0 / 3, adversarial: 1.0 / 3)

    package init() {}

    package init(_ section: ConfigSection) throws {
      adversary = try MaskedAdversary.Settings(section)
      adversary.fill = try section.choice(
        "fill", default: .adversarial,
        "What fills the masks: the generator that learns, or, as a control, the generator as it "
          + "was, its likeliest words or, without any generator, words of the training texts, any "
          + "words, or [MASK].")
      if adversary.fill == .topK {
        adversary.fillLikeliest = try section.int(
          "fill_top_k", default: 10, in: 1...1000,
          "The generator's likeliest words that `fill` \"top-k\" draws from.")
      }
      adversary.teacherInput = try TeacherInput(section)
      if adversary.teacherInput == .decodedText, adversary.fill == .mask {
        throw section.fail(
          TeacherInput.key,
          "\(section.name(TeacherInput.key)) is \"decoded_text\", but [MASK], which fill \"mask\" "
            + "leaves, is no text; take another fill.")
      }
      weights = try LossWeights(section, ce: 1.0 / 3, kd: 1.0 / 3, adversarial: 1.0 / 3)
    }
  }

  /// The student and, unless a control does without it, the generator.
  public let trainedModels: [TrainedModel]
  private let setup: DistillationSetup
  private let settings: Settings
  /// What makes x'.
  package let adversary: MaskedAdversary

  package init(_ setup: DistillationSetup, settings: Settings) throws {
    self.setup = setup
    self.settings = settings
    adversary = try MaskedAdversary(setup, settings: settings.adversary, method: "mate-kd")
    trainedModels = [
      setup.studentTraining, adversary.trainedModel(studentUpdates: setup.totalSteps),
    ].compactMap { $0 }
  }

  /// The generator's turn in the first n_G of every n_G + n_S batches.
  public func turn(batch: Int) -> Int { adversary.turn(batch: batch) == nil ? 0 : 1 }

  /// The generator's drift and what the probe texts tell.
  public func diagnostics() throws -> [(name: String, value: Double)] {
    try adversary.diagnostics()
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let sums = try step.forEachShard(backwardPasses: step.turn == 1 ? 1 : 2) { shard, tape in
      let masks = adversary.masks(shard, step: step)
      return step.turn == 1
        ? generatorLoss(step, shard, tape, masks) : studentLoss(step, shard, tape, masks)
    }
    return MaskedAdversary.rates(step, sums)
  }

  /// Max step: -D(S(x'), T(x')), differentiated through the inputs of both models into the
  /// generator, or through the student's alone if the teacher reads decoded texts.
  package func generatorLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, _ masks: MaskedAdversary.Masks
  ) -> Scalars {
    let sample = adversary.sample(shard, masks, on: tape)
    var counts = sample.texts.counts
    counts["entropy"] = Kernel.entropyOfRows(sample.logits)
    var loss = LossTerms(step, after: counts)
    loss.add("adversarial_divergence", weight: -1) {
      adversary.divergence(
        setup.student.logits(
          sample.texts.tokens, tape: tape, training: true, sample: sample.words),
        adversary.teacherLogits(sample.texts.tokens, of: shard, on: tape, words: sample.words),
        on: tape, weight: $0)
    }
    tape.backward()
    return loss.scalars
  }

  /// Min step: w_ce CE(S(x), y) + w_kd D(S(x), T(x)) + w_adv D(S(x'), T(x')). The generator is
  /// fixed.
  package func studentLoss(
    _ step: StepContext, _ shard: Shard, _ tape: Tape, _ masks: MaskedAdversary.Masks
  ) -> Scalars {
    let weights = settings.weights
    let adversarial = adversary.texts(shard, masks, on: tape)
    let teacherClean = setup.teacherCache.logits(for: shard, tape: tape)
    let teacherAdversarial = adversary.teacherLogits(adversarial.tokens, of: shard, on: tape)

    let logits = setup.student.logits(shard.tokens, tape: tape, training: true)
    var loss = LossTerms(step, after: adversarial.counts)
    loss.add("ce_loss", weight: weights.ce) {
      setup.supervisedLoss(logits, of: shard, on: tape, weight: $0)
    }
    loss.add("clean_divergence", weight: weights.kd) {
      adversary.divergence(logits, teacherClean, on: tape, weight: $0)
    }
    // Two passes, because the activations of one text at a time take half the memory.
    tape.backward()
    loss.add("adversarial_divergence", weight: weights.adversarial) {
      adversary.divergence(
        setup.student.logits(adversarial.tokens, tape: tape, training: true), teacherAdversarial,
        on: tape, weight: $0)
    }
    tape.backward()
    return loss.scalars
  }
}
