import Kernels

/// Each loss is a term of the tape's objective. It returns its own sum over rows, in nats for the
/// entropies, and when `backward()` runs it passes on `weight` times its gradient. A mean over a
/// batch of B rows is the sum with weight 1 / B, however the batch is split over tapes.
extension Tape {
  /// Cross-entropy against classes, summed over rows.
  ///
  /// - Parameters:
  ///   - logits: [rows, classes].
  ///   - labels: one class per row.
  ///   - smoothing: `label_smoothing_factor`, as `label_smoothing` of torch.nn.CrossEntropyLoss.
  ///   - weight: factor on the gradient.
  public func crossEntropy(
    _ logits: Tensor, labels: [Int32], smoothing: Float = 0, weight: Float
  ) -> Double {
    // The kernel checks nothing in a release build.
    precondition(labels.allSatisfy { $0 >= 0 && Int($0) < logits.columns })
    let pool = pool
    let gradient = logits.requiresGradient ? pool.matrix(logits.rows, logits.columns) : nil
    let sum = Kernel.crossEntropy(
      logits.value, labels: labels, smoothing: smoothing, weight: weight, gradient: gradient)
    if let gradient { onBackward { logits.accumulate(gradient, pool: pool) } }
    return sum
  }

  /// Divergence of the student's softened distribution from the teacher's, summed over rows.
  ///
  /// This is KL(teacher || student) or the cross-entropy, with softmax at `temperature` and without
  /// a factor T^2. `student` and `teacher` are logits, [rows, classes]. The gradient flows into
  /// each side that wants one.
  public func divergence(
    _ kind: Kernel.Divergence, student: Tensor, teacher: Tensor, temperature: Float = 1,
    weight: Float
  ) -> Double {
    let pool = pool
    let dStudent = student.requiresGradient ? pool.matrix(student.rows, student.columns) : nil
    let dTeacher = teacher.requiresGradient ? pool.matrix(teacher.rows, teacher.columns) : nil
    let sum = Kernel.divergence(
      kind, student: student.value, teacher: teacher.value, temperature: temperature,
      weight: weight, dStudent: dStudent, dTeacher: dTeacher)
    onBackward {
      if let dStudent { student.accumulate(dStudent, pool: pool) }
      if let dTeacher { teacher.accumulate(dTeacher, pool: pool) }
    }
    return sum
  }

  /// Squared error between matrices of the same shape, summed over all elements.
  public func squaredError(_ a: Tensor, _ b: Tensor, weight: Float) -> Double {
    let pool = pool
    let dA = a.requiresGradient ? pool.matrix(a.rows, a.columns) : nil
    let dB = b.requiresGradient ? pool.matrix(b.rows, b.columns) : nil
    let sum = Kernel.squaredError(a.value, b.value, weight: weight, dA: dA, dB: dB)
    onBackward {
      if let dA { a.accumulate(dA, pool: pool) }
      if let dB { b.accumulate(dB, pool: pool) }
    }
    return sum
  }
}
