/// An element-wise non-linearity, named as in Hugging Face's `hidden_act`.
public enum Activation: String, Sendable, CaseIterable {
  /// x Phi(x) with the exact normal distribution function.
  case gelu
  /// The tanh approximation of GELU.
  case geluTanh = "gelu_new"
  /// max(x, 0).
  case relu
  /// Hyperbolic tangent.
  case tanh
}

extension Kernel {
  /// y = f(x), element by element; x and y may be the same matrix.
  public static func activate(_ f: Activation, _ x: Matrix, into y: Matrix) {
    precondition(x.rows == y.rows && x.columns == y.columns)
    shareRows(x.rows, .activation, bytes: 8 * x.columns) { rows in
      for row in rows {
        let p = x.pointer + row * x.stride
        let q = y.pointer + row * y.stride
        switch f {
        case .gelu:
          vectors(x.columns) { i, n in
            let v = load(p + i, n)
            let half = v * 0.5
            store(half.addingProduct(half, erf(v * 0.707_106_78)), q + i, n)
          }
        case .geluTanh:
          vectors(x.columns) { i, n in
            let v = load(p + i, n)
            let half = v * 0.5
            store(half.addingProduct(half, Kernels.tanh(geluInner(v))), q + i, n)
          }
        case .relu:
          vectors(x.columns) { i, n in
            let v = load(p + i, n)
            store(v.replacing(with: 0, where: v .< 0), q + i, n)
          }
        case .tanh: vectors(x.columns) { i, n in store(Kernels.tanh(load(p + i, n)), q + i, n) }
        }
      }
    }
  }

  /// dx = dy f'(x), element by element; dy and dx may be the same matrix.
  ///
  /// - Parameter x: the activation's input; for `tanh` its output.
  public static func activationGradient(
    _ f: Activation, _ x: Matrix, _ dy: Matrix, into dx: Matrix
  ) {
    precondition(x.rows == dy.rows && x.columns == dy.columns)
    precondition(x.rows == dx.rows && x.columns == dx.columns)
    shareRows(x.rows, .activationGradient, bytes: 12 * x.columns) { rows in
      for row in rows {
        let p = x.pointer + row * x.stride
        let d = dy.pointer + row * dy.stride
        let q = dx.pointer + row * dx.stride
        switch f {
        case .gelu:
          vectors(x.columns) { i, n in
            let v = load(p + i, n)
            let cdf = Vector(repeating: 0.5).addingProduct(
              erf(v * 0.707_106_78), Vector(repeating: 0.5))
            let slope = cdf.addingProduct(v * 0.398_942_28, exp(v * v * -0.5))
            store(load(d + i, n) * slope, q + i, n)
          }
        case .geluTanh:
          vectors(x.columns) { i, n in
            let v = load(p + i, n)
            let t = Kernels.tanh(geluInner(v))
            let inner = Vector(repeating: 0.797_884_56).addingProduct(
              v * v, Vector(repeating: 3 * 0.797_884_56 * 0.044_715))
            let slope = (t + 1) * 0.5 + v * 0.5 * (1 - t * t) * inner
            store(load(d + i, n) * slope, q + i, n)
          }
        case .relu:
          vectors(x.columns) { i, n in
            store(load(d + i, n).replacing(with: 0, where: load(p + i, n) .<= 0), q + i, n)
          }
        case .tanh:
          vectors(x.columns) { i, n in
            let t = load(p + i, n)
            store(load(d + i, n) * (1 - t * t), q + i, n)
          }
        }
      }
    }
  }

  @inline(__always)
  private static func geluInner(_ v: Vector) -> Vector {
    (v * 0.797_884_56).addingProduct(v * v * v, Vector(repeating: 0.797_884_56 * 0.044_715))
  }
}
