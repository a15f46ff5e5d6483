/// The constants of an optimiser, named as in HF's TrainingArguments.
public struct OptimizerSettings: Sendable {
  /// `weight_decay`, never applied to biases and LayerNorm weights.
  public var weightDecay: Double
  /// `adam_beta1`, `adam_beta2`, `adam_epsilon`.
  public var beta1, beta2, epsilon: Double
  /// True for AdamW, false for Adam (weight decay as an L2 penalty).
  public var decoupled: Bool
  /// `max_grad_norm`; 0 turns clipping off.
  public var maxGradNorm: Double

  /// Settings; the defaults are HF Trainer's.
  public init(
    weightDecay: Double = 0, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    decoupled: Bool = true, maxGradNorm: Double = 1
  ) {
    self.weightDecay = weightDecay
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.decoupled = decoupled
    self.maxGradNorm = maxGradNorm
  }
}

extension OptimizerSettings {
  /// The optimiser that the section `train` asks for.
  public init(_ arguments: TrainingArguments) {
    self.init(
      weightDecay: arguments.weightDecay, beta1: arguments.adamBeta1, beta2: arguments.adamBeta2,
      epsilon: arguments.adamEpsilon, decoupled: arguments.optim == .adamw,
      maxGradNorm: arguments.maxGradNorm)
  }
}
