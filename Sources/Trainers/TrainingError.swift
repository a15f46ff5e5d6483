/// A run that cannot start or continue.
public enum TrainingError: Error, CustomStringConvertible, Equatable {
  /// A loss or gradient is NaN or infinite.
  case notFinite(String)
  /// The data set has no rows to train on.
  case noData(String)
  /// A batch makes more shards than there are names for their random draws.
  case tooManyShards(Int)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .notFinite(let what):
      "the \(what) is not finite; lower the learning rate, clip gradients (train.max_grad_norm) or "
        + "look at the data"
    case .noData(let what): "\(what) has no rows to train on"
    case .tooManyShards(let count):
      "a batch is worked on in \(count) pieces, and \(StepContext.maximumShards) is the most; "
        + "raise train.max_tokens_per_batch or lower train.per_device_train_batch_size"
    }
  }
}
