import Autograd
import Kernels
import Models
import Trainers

/// A method whose generator makes adversarial texts of the training texts.
package protocol AdversarialTextMethod: Objective {
  /// The texts of a shard as the generator makes them now. Changes nothing.
  ///
  /// - Parameter draw: names the masked tokens.
  func adversarialTexts(of shard: Shard, draw: Int, on tape: Tape) -> PackedTokens
}

extension MaskedAdversary {
  /// x' for people to look at.
  func texts(_ shard: Shard, seed: UInt64, draw: Int, on tape: Tape) -> PackedTokens {
    let masking = Masking(probability: settings.maskProbability, seed: seed)
    return texts(shard, (masking.rows(of: shard, draw: draw), nil), on: tape).tokens
  }
}

extension MATEKD: AdversarialTextMethod {
  package func adversarialTexts(of shard: Shard, draw: Int, on tape: Tape) -> PackedTokens {
    adversary.texts(shard, seed: setup.seed, draw: draw, on: tape)
  }
}

extension CILDA: AdversarialTextMethod {
  package func adversarialTexts(of shard: Shard, draw: Int, on tape: Tape) -> PackedTokens {
    adversary.texts(shard, seed: setup.seed, draw: draw, on: tape)
  }
}

extension ComKD: AdversarialTextMethod {
  package func adversarialTexts(of shard: Shard, draw: Int, on tape: Tape) -> PackedTokens {
    adversary.texts(shard, seed: setup.seed, draw: draw, on: tape)
  }
}
