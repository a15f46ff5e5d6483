import Kernels

/// Losses for texts that may have several labels. They are terms of the objective, like those of
/// `Losses.swift`.
extension Tape {
  /// Cross-entropy of each label's sigmoid against a target from 0 to 1, averaged over labels and
  /// summed over rows; in nats.
  ///
  /// - Parameters:
  ///   - logits: [rows, labels].
  ///   - targets: [rows, labels], without gradient.
  ///   - weight: factor on the gradient.
  public func binaryCrossEntropy(_ logits: Tensor, targets: Matrix, weight: Float) -> Double {
    let pool = pool
    let gradient = logits.requiresGradient ? pool.matrix(logits.rows, logits.columns) : nil
    let sum = Kernel.binaryCrossEntropy(
      logits.value, targets: targets, weight: weight, gradient: gradient)
    if let gradient { onBackward { logits.accumulate(gradient, pool: pool) } }
    return sum
  }

  /// Divergence of the student's sigmoids from the teacher's at `temperature`, averaged over labels
  /// and summed over rows; in nats, without a factor T^2. The gradient flows into each side that
  /// wants one.
  public func binaryDivergence(
    _ kind: Kernel.Divergence, student: Tensor, teacher: Tensor, temperature: Float = 1,
    weight: Float
  ) -> Double {
    let pool = pool
    let dStudent = student.requiresGradient ? pool.matrix(student.rows, student.columns) : nil
    let dTeacher = teacher.requiresGradient ? pool.matrix(teacher.rows, teacher.columns) : nil
    let sum = Kernel.binaryDivergence(
      kind, student: student.value, teacher: teacher.value, temperature: temperature,
      weight: weight, dStudent: dStudent, dTeacher: dTeacher)
    onBackward {
      if let dStudent { student.accumulate(dStudent, pool: pool) }
      if let dTeacher { teacher.accumulate(dTeacher, pool: pool) }
    }
    return sum
  }
}
