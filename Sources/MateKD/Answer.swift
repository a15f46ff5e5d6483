import Glibc
import Kernels

/// What a classifier says of a text or of a pair of texts.
public struct Answer: Sendable, Equatable {
  /// A label and how likely it is.
  public struct Probability: Sendable, Equatable {
    /// The label's name.
    public let label: String
    /// From 0 to 1.
    public let probability: Float
  }

  /// The likeliest label; nil for regression and for texts that may have several labels.
  public let label: String?
  /// The labels that the text has: the likeliest one, or, where a text may have several labels or
  /// none, all that are more likely than not. Empty for regression.
  public let labels: [String]
  /// The score of a regression model, otherwise nil.
  public let score: Float?
  /// All labels in the order of the logits. Their probabilities add up to 1, unless a text may have
  /// several labels: then each stands alone. Empty for regression.
  public let probabilities: [Probability]
  /// The model's outputs.
  public let logits: [Float]

  /// The probability of a label; nil if the model has no label of that name.
  public func probability(of label: String) -> Float? {
    probabilities.first { $0.label == label }?.probability
  }

  init(logits: [Float], names: [String], isRegression: Bool, isMultiLabel: Bool) {
    self.logits = logits
    score = isRegression ? logits.first : nil
    let values: [Float]
    if isRegression {
      values = []
    } else if isMultiLabel {
      values = logits.map { Float(1 / (1 + exp(-Double($0)))) }
    } else {
      let row = Matrix(logits, rows: 1, columns: logits.count)
      Kernel.softmaxRows(row)
      values = row.values
    }
    probabilities = zip(names, values).map(Probability.init)
    let best = logits.indices.max { logits[$0] < logits[$1] || logits[$0] == logits[$1] && $0 > $1 }
    label = isRegression || isMultiLabel ? nil : best.map { names[$0] }
    labels =
      isMultiLabel
      ? zip(names, logits).filter { $0.1 > 0 }.map(\.0) : label.map { [$0] } ?? []
  }
}
