extension Kernel {
  /// Cross-entropy of each row's logits against a class. Returns the sum over rows.
  ///
  /// Row r contributes -(1 - smoothing) log p[label] - smoothing mean_c log p[c]
  /// (torch's `label_smoothing`).
  /// - Parameters:
  ///   - logits: [rows, classes].
  ///   - gradient: receives d(sum)/d(logits) times `weight`; may be `logits`; nil for none.
  public static func crossEntropy(
    _ logits: Matrix, labels: [Int32], smoothing: Float = 0, weight: Float = 1, gradient: Matrix?
  ) -> Double {
    precondition(labels.count == logits.rows)
    let span = Profile.begin(.loss, bytes: (gradient == nil ? 4 : 8) * logits.count)
    defer { span.end() }
    let columns = logits.columns
    var total = 0.0
    for row in 0..<logits.rows {
      let p = logits.pointer + row * logits.stride
      let label = Int(labels[row])
      precondition(label >= 0 && label < columns)
      let shift = logSumExp(p, columns, 1)
      total -= Double(1 - smoothing) * Double(p[label] - shift)
      if smoothing > 0 {
        var sum = Vector.zero
        vectors(columns) { i, n in sum += load(p + i, n) }
        total -= Double(smoothing) * (Double(sum.sum()) / Double(columns) - Double(shift))
      }
      if let gradient {
        let g = gradient.pointer + row * gradient.stride
        let uniform = smoothing / Float(columns)
        vectors(columns) { i, n in
          store((exp(load(p + i, n) - shift) - uniform) * weight, g + i, n)
        }
        g[label] -= (1 - smoothing) * weight
      }
    }
    return total
  }

  /// Which divergence between a teacher's and a student's distribution is used.
  public enum Divergence: String, Sendable, CaseIterable {
    /// KL(teacher || student) = sum_c t_c (log t_c - log s_c).
    case kl
    /// Cross-entropy -sum_c t_c log s_c: KL plus the teacher's entropy.
    case ce
  }

  /// Divergence of softmax(student / T) from softmax(teacher / T). Returns the sum over rows.
  ///
  /// No factor T^2 is applied. Direction: the teacher is the target.
  /// - Parameters:
  ///   - student: logits, [rows, classes].
  ///   - teacher: logits, [rows, classes].
  ///   - dStudent: receives the gradient of the sum times `weight`; nil for none.
  ///   - dTeacher: receives the gradient of the sum times `weight`; nil for none.
  public static func divergence(
    _ kind: Divergence, student: Matrix, teacher: Matrix, temperature: Float = 1, weight: Float = 1,
    dStudent: Matrix?, dTeacher: Matrix?
  ) -> Double {
    precondition(student.rows == teacher.rows && student.columns == teacher.columns)
    let span = Profile.begin(.loss, bytes: 12 * student.count)
    defer { span.end() }
    let columns = student.columns
    let scale = 1 / temperature
    var total = 0.0
    for row in 0..<student.rows {
      let s = student.pointer + row * student.stride
      let t = teacher.pointer + row * teacher.stride
      let shiftS = logSumExp(s, columns, scale)
      let shiftT = logSumExp(t, columns, scale)
      var sum = 0.0
      for c in 0..<columns {
        let logS = Double(s[c] * scale - shiftS)
        let logT = Double(t[c] * scale - shiftT)
        let p = Double(exponential(t[c] * scale - shiftT))
        sum += p * (kind == .kl ? logT - logS : -logS)
      }
      total += sum
      if let dStudent {
        let g = dStudent.pointer + row * dStudent.stride
        vectors(columns) { i, n in
          let ps = exp(load(s + i, n) * scale - shiftS)
          let pt = exp(load(t + i, n) * scale - shiftT)
          store((ps - pt) * (weight * scale), g + i, n)
        }
      }
      if let dTeacher {
        // d/dt_c of sum_j p_j f_j with f = (log p -) log s: p_c (f_c - sum); the log p's own
        // derivative sums to zero.
        let g = dTeacher.pointer + row * dTeacher.stride
        let mean = Float(sum)
        vectors(columns) { i, n in
          let logS = load(s + i, n) * scale - shiftS
          let logT = load(t + i, n) * scale - shiftT
          let f = kind == .kl ? logT - logS : -logS
          store(exp(logT) * (f - mean) * (weight * scale), g + i, n)
        }
      }
    }
    return total
  }

  @inline(__always)
  private static func exponential(_ x: Float) -> Float { exp(Vector(repeating: x))[0] }

  /// Squared error. Returns the sum over all elements.
  ///
  /// - Parameters:
  ///   - dA: receives the gradient of the sum times `weight`; nil for none.
  ///   - dB: receives the gradient of the sum times `weight`; nil for none.
  public static func squaredError(
    _ a: Matrix, _ b: Matrix, weight: Float = 1, dA: Matrix?, dB: Matrix?
  ) -> Double {
    precondition(a.rows == b.rows && a.columns == b.columns)
    let span = Profile.begin(.loss, bytes: 12 * a.count)
    defer { span.end() }
    var total = 0.0
    for row in 0..<a.rows {
      let p = a.pointer + row * a.stride
      let q = b.pointer + row * b.stride
      var sum = Vector.zero
      vectors(a.columns) { i, n in
        let v = load(p + i, n) - load(q + i, n)
        sum.addProduct(v, v)
        let g = v * (2 * weight)
        if let dA { store(g, dA.pointer + row * dA.stride + i, n) }
        if let dB { store(-g, dB.pointer + row * dB.stride + i, n) }
      }
      total += Double(sum.sum())
    }
    return total
  }
}
