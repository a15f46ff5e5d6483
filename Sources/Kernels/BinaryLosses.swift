import Glibc

/// Losses in which each output is a decision of its own, one per label: a text may have several
/// labels, or none. Rows are averaged over their columns, so the number of labels does not change
/// the scale of a loss.
extension Kernel {
  /// Cross-entropy of sigmoid(logit) against targets from 0 to 1; returns the sum over rows of the
  /// mean over columns (torch's `binary_cross_entropy_with_logits`, mean, times the rows).
  ///
  /// - Parameters:
  ///   - logits: [rows, labels].
  ///   - targets: [rows, labels].
  ///   - gradient: receives d(sum)/d(logits) times `weight`; may be `logits`; nil for none.
  public static func binaryCrossEntropy(
    _ logits: Matrix, targets: Matrix, weight: Float = 1, gradient: Matrix?
  ) -> Double {
    precondition(logits.rows == targets.rows && logits.columns == targets.columns)
    let span = Profile.begin(.loss, bytes: (gradient == nil ? 8 : 12) * logits.count)
    defer { span.end() }
    let share = 1 / Double(max(1, logits.columns))
    var total = 0.0
    for row in 0..<logits.rows {
      for column in 0..<logits.columns {
        let (x, y) = (Double(logits[row, column]), Double(targets[row, column]))
        total += (softplus(x) - y * x) * share
        if let gradient { gradient[row, column] = Float((sigmoid(x) - y) * share) * weight }
      }
    }
    return total
  }

  /// Divergence of sigmoid(student / T) from sigmoid(teacher / T), label by label; returns the sum
  /// over rows of the mean over columns.
  ///
  /// `kl` is KL(teacher || student) of the two outcomes, label or not, `ce` their cross-entropy. No
  /// factor T^2 is applied.
  /// - Parameters:
  ///   - student: logits, [rows, labels].
  ///   - teacher: logits, [rows, labels].
  ///   - dStudent: receives the gradient of the sum times `weight`; nil for none.
  ///   - dTeacher: receives the gradient of the sum times `weight`; nil for none.
  public static func binaryDivergence(
    _ kind: Divergence, student: Matrix, teacher: Matrix, temperature: Float = 1, weight: Float = 1,
    dStudent: Matrix?, dTeacher: Matrix?
  ) -> Double {
    precondition(student.rows == teacher.rows && student.columns == teacher.columns)
    let span = Profile.begin(.loss, bytes: 12 * student.count)
    defer { span.end() }
    let share = 1 / Double(max(1, student.columns))
    let scale = 1 / Double(temperature)
    let factor = share * scale * Double(weight)
    var total = 0.0
    for row in 0..<student.rows {
      for column in 0..<student.columns {
        let s = Double(student[row, column]) * scale
        let t = Double(teacher[row, column]) * scale
        let p = sigmoid(t)
        // log sigmoid(x) = x - softplus(x) and log(1 - sigmoid(x)) = -softplus(x).
        let cross = softplus(s) - p * s
        total += (kind == .kl ? cross - softplus(t) + p * t : cross) * share
        if let dStudent { dStudent[row, column] = Float((sigmoid(s) - p) * factor) }
        if let dTeacher {
          let slope = p * sigmoid(-t)
          dTeacher[row, column] = Float(slope * (kind == .kl ? t - s : -s) * factor)
        }
      }
    }
    return total
  }

  /// log(1 + exp(x)), even if exp(x) is too large for a double.
  private static func softplus(_ x: Double) -> Double {
    max(x, 0) + Glibc.log1p(Glibc.exp(-abs(x)))
  }

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + Glibc.exp(-x)) }
}
