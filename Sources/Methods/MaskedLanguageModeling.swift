import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Masked-language-model training: BERT's pre-training task without next-sentence prediction.
///
/// Source: Devlin et al. 2019, section 3.1; the mean is over masked tokens as in transformers'
/// `BertForMaskedLM`.
public struct MaskedLanguageModeling: Objective {
  /// The model.
  public let trainedModels: [TrainedModel]
  private let model: MaskedLanguageModel
  private let probability: Float
  private let alwaysMask: Bool
  private let maskID: Int32

  /// Language modelling.
  ///
  /// - Parameters:
  ///   - probability: share of ordinary tokens to predict (`mlm_probability`).
  ///   - alwaysMask: true replaces every chosen token by [MASK]; false follows BERT's rule: 80 %
  ///     [MASK], 10 % a random word, 10 % unchanged.
  public init(
    _ model: MaskedLanguageModel, training: TrainedModel, probability: Float, alwaysMask: Bool,
    maskID: Int32
  ) {
    self.model = model
    self.probability = probability
    self.alwaysMask = alwaysMask
    self.maskID = maskID
    trainedModels = [training]
  }

  /// One batch; scalars as the method logs them.
  public func loss(_ step: StepContext) throws -> Scalars {
    let masking = Masking(probability: probability, seed: step.seed)
    // These are counted before the shards run, because the weight of every shard depends on the
    // total.
    let chosen = step.shards.map { masking.rows(of: $0, draw: step.drawNumber) }
    let total = chosen.reduce(0) { $0 + $1.count }
    return try step.forEachShard { shard, tape in
      var loss = LossTerms(step, count: total)
      let rows = chosen[shard.index]
      guard !rows.isEmpty else { return loss.scalars }
      let targets = rows.map { shard.tokens.ids[$0] }
      let hidden = hide(rows, of: shard, step: step)
      let logits = model.logits(hidden, rows: rows, tape: tape, training: true)
      let right = zip(Kernel.argmaxRows(logits.value), targets).count { $0 == $1 }
      loss.add(nil) { tape.crossEntropy(logits, labels: targets, weight: $0) }
      tape.backward()
      loss.scalars["masked_accuracy"] = Double(right) / Double(total)
      return loss.scalars
    }
  }

  package func hide(_ rows: [Int], of shard: Shard, step: StepContext) -> PackedTokens {
    if alwaysMask { return shard.tokens.replacing(rows, with: maskID) }
    var stream = RandomStream(
      seed: step.seed, purpose: .noise, step: step.drawNumber, site: .shard(shard.index))
    let vocabulary = model.encoder.configuration.vocabularySize
    let ids = rows.map { row -> Int32 in
      let draw = stream.nextUniform()
      if draw < 0.8 { return maskID }
      if draw < 0.9 { return Int32(truncatingIfNeeded: stream.nextBelow(vocabulary)) }
      return shard.tokens.ids[row]
    }
    return shard.tokens.replacing(rows, with: ids)
  }
}

extension MaskedLanguageModeling {
  /// The section `mlm`: what is hidden from a masked language model.
  public struct Settings: Sendable {
    /// What a chosen token becomes.
    public enum Masking: String, Sendable, CaseIterable {
      /// BERT's: 80 % [MASK], 10 % a random token, 10 % unchanged.
      case bert = "80-10-10"
      /// Always [MASK], which is how MATE-KD's generator sees its texts.
      case mask
    }

    /// `mlm_probability`: how likely a token is chosen; special tokens never are.
    public var mlmProbability: Double
    /// `masking`
    public var masking: Masking

    /// Settings made by the program.
    public init(mlmProbability: Double = 0.15, masking: Masking = .bert) {
      self.mlmProbability = mlmProbability
      self.masking = masking
    }

    /// Reads the section to its end.
    /// - Throws: `ConfigError`.
    package init(reading section: ConfigSection) throws {
      mlmProbability = try section.number(
        "mlm_probability", default: 0.15, in: .above(0, upTo: 1),
        "How likely a token is to be predicted; special tokens never are.")
      masking = try section.choice(
        "masking", default: .bert,
        "What a token to be predicted becomes: BERT's rule, or always [MASK].")
      try section.finish()
    }
  }
}
