import Glibc
import Kernels
import Models

/// What the mean of an ensemble's answers is taken of.
public enum LogitAverage: String, Sendable, CaseIterable {
  /// Probabilities: the softmax of one class's logits, or the sigmoid of each label's. The mean's
  /// logarithm, or log-odds, are the ensemble's logits.
  case probabilities
  /// Logits.
  case logits

  /// The ensemble's logits; of a single member its own.
  ///
  /// - Parameters:
  ///   - members: logits of the same rows by each member.
  ///   - weights: of the members; they are divided by their sum.
  ///   - problem: what logits mean. Scores are averaged as they are.
  package func mean(_ members: [Matrix], weights: [Double], of problem: LabelSet.Problem) -> Matrix
  {
    guard members.count > 1 else { return members[0] }
    let total = weights.reduce(0, +)
    let shares = weights.map { $0 / total }
    let result = Matrix(zeros: members[0].rows, members[0].columns)
    for row in 0..<result.rows {
      let answers = members.map { member in
        (0..<member.columns).map { Double(member[row, $0]) }
      }
      let parts: [[Double]] =
        switch (self, problem) {
        case (.logits, _), (_, .regression): answers
        case (.probabilities, .oneClass): answers.map(Self.logSoftmax)
        case (.probabilities, .severalLabels): answers.map { $0.map { -Self.softplus(-$0) } }
        }
      for column in 0..<result.columns {
        let values = parts.map { $0[column] }
        let mean: Double
        switch (self, problem) {
        case (.logits, _), (_, .regression):
          mean = zip(shares, values).reduce(0) { $0 + $1.0 * $1.1 }
        case (.probabilities, .oneClass): mean = Self.logMean(values, shares)
        case (.probabilities, .severalLabels):
          let others = answers.map { -Self.softplus($0[column]) }
          mean = Self.logMean(values, shares) - Self.logMean(others, shares)
        }
        result[row, column] = Float(mean)
      }
    }
    return result
  }

  private static func logSoftmax(_ logits: [Double]) -> [Double] {
    let largest = logits.max() ?? 0
    let sum = logits.reduce(0) { $0 + exp($1 - largest) }
    return logits.map { $0 - largest - log(sum) }
  }

  /// log(1 + exp(x)); minus it is the logarithm of the sigmoid of -x.
  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  /// The logarithm of the mean of numbers whose logarithms are given.
  private static func logMean(_ logarithms: [Double], _ shares: [Double]) -> Double {
    let largest = logarithms.max() ?? 0
    return largest + log(zip(shares, logarithms).reduce(0) { $0 + $1.0 * exp($1.1 - largest) })
  }
}
