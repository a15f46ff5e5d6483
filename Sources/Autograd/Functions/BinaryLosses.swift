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
    loss(of: logits) {
      Kernel.binaryCrossEntropy(logits.value, targets: targets, weight: weight, gradient: $0)
    }
  }

  /// Divergence of the student's sigmoids from the teacher's at `temperature`, averaged over labels
  /// and summed over rows; in nats, without a factor T^2. The gradient flows into each side that
  /// wants one.
  public func binaryDivergence(
    _ kind: Kernel.Divergence, student: Tensor, teacher: Tensor, temperature: Float = 1,
    weight: Float
  ) -> Double {
    loss(of: student, and: teacher) {
      Kernel.binaryDivergence(
        kind, student: student.value, teacher: teacher.value, temperature: temperature,
        weight: weight, dStudent: $0, dTeacher: $1)
    }
  }
}
