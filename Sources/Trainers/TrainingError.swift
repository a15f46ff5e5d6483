/// A run that cannot start or continue.
public enum TrainingError: Error, CustomStringConvertible, Equatable {
  /// The losses or gradients of so many updates in a row are NaN or infinite.
  ///
  /// - `first`: the weight or gradient that was the first to be so, or the loss.
  case notFinite(first: String, updates: Int)
  /// What a run leaves is NaN or infinite: a weight, or the model's outputs.
  case wentAstray(String)
  /// The data set has no rows to train on.
  case noData(String)
  /// A batch makes more shards than there are names for their random draws.
  case tooManyShards(Int)
  /// More processes share the run than a batch has shards.
  case tooFewShards(Int, processes: Int)

  /// A method has made another number of backward passes for a shard than it said.
  case backwardPasses(Int, expected: Int)
  /// A method calls `forEachShard` again after passes that it said were the last of an update.
  case gradientsAfterLastPass
  /// A method has used a weight after a backward pass for which it asked the tape before it.
  case weightOfAnEarlierPass

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .notFinite(let first, let updates):
      (updates == 1 ? "an update was" : "\(updates) updates in a row were")
        + " skipped because \(first) is not finite; lower train.learning_rate, clip gradients "
        + "(train.max_grad_norm) or look at the batches in the files nonfinite-N.json"
    case .wentAstray(let what):
      "after the last update \(what) NaN or infinite, so there is no model to keep; lower "
        + "train.learning_rate, clip gradients (train.max_grad_norm), or go back to an earlier "
        + "checkpoint"
    case .noData(let what): "\(what) has no rows to train on"
    case .tooManyShards(let count):
      "a batch is worked on in \(count) pieces, and \(StepContext.maximumShards) is the most; "
        + "raise train.max_tokens_per_batch or lower train.per_device_train_batch_size"
    case .tooFewShards(let shards, let processes):
      "a batch has \(shards) shard\(shards == 1 ? "" : "s"), but \(processes) processes share the "
        + "run, and each needs one; set shards to \(2 * processes), with at least as many texts in "
        + "a batch, or start fewer processes; a run that is gone on with keeps its shards"
    case .backwardPasses(let made, let expected):
      "the method made \(made) backward passes for a shard and said \(expected); its code must say "
        + "forEachShard(backwardPasses: \(made))"
    case .gradientsAfterLastPass:
      "the method called forEachShard again for an update whose last backward passes were made; "
        + "its code must say forEachShard(backwardPasses: nil) in the calls before the last"
    case .weightOfAnEarlierPass:
      "the method used a weight after a backward pass that it had asked the tape for before it; "
        + "its code must ask the tape again"
    }
  }
}
