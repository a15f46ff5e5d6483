import CBLAS

/// The namespace of all numeric kernels. Every kernel runs on the calling thread.
public enum Kernel {}

extension Kernel {
  /// Whether a factor of a product is read as stored or transposed.
  public enum Transpose: Sendable {
    case none, transposed

    fileprivate var code: CBLAS_TRANSPOSE { self == .none ? CblasNoTrans : CblasTrans }
  }

  /// c = alpha op(a) op(b) + beta c, in row-major order.
  ///
  /// Shapes: op(a) is [m, k], op(b) [k, n], c [m, n]; all may be strided views. If `beta` is 0, c
  /// need not be initialised.
  ///
  /// - Parameter precision: the precision of the factors. Products with a side below
  ///   `Precision.smallestSide`, and all products on a processor for which `Precision.complaint` is
  ///   not nil, are float32 in any case.
  public static func gemm(
    _ a: Matrix, _ transposeA: Transpose = .none, _ b: Matrix, _ transposeB: Transpose = .none,
    into c: Matrix, alpha: Float = 1, beta: Float = 0, precision: Precision = .float32
  ) {
    let (m, k) = transposeA == .none ? (a.rows, a.columns) : (a.columns, a.rows)
    let (kb, n) = transposeB == .none ? (b.rows, b.columns) : (b.columns, b.rows)
    precondition(k == kb && c.rows == m && c.columns == n, "gemm shapes do not fit")
    guard m > 0, n > 0 else { return }
    let span = Profile.begin(
      part(transposeA, transposeB, m: m, n: n, k: k), flops: 2 * m * n * k,
      bytes: 4 * (m * k + k * n + (beta == 0 ? 1 : 2) * m * n))
    defer { span.end() }
    if k == 0 {
      if beta == 0 { c.fill(0) } else if beta != 1 { scale(c, by: beta) }
      return
    }
    if precision == .bf16, alpha != 0, min(m, n, k) >= Precision.smallestSide,
      Precision.hasBF16
    {
      return multiplyBF16(a, transposeA, b, transposeB, into: c, depth: k, alpha, beta)
    }
    multiply(
      transposeA, transposeB, m, n, k, alpha, a.pointer, a.stride, b.pointer, b.stride, beta,
      c.pointer, c.stride)
  }

  /// The part of a profile that a product counts towards, guessed from its transposes and sizes.
  ///
  /// The transposes are those of `Tape.linear`: x W^T is its forward pass, d^T x the gradient of
  /// the weights, and d W that of the input. Other callers with the same transposes, such as
  /// `Tape.softEmbedding` with its tiles of words, count towards the same parts. A product of the
  /// linear layer with more than 8192 outputs counts as one with the vocabulary.
  private static func part(
    _ transposeA: Transpose, _ transposeB: Transpose, m: Int, n: Int, k: Int
  ) -> Profile.Part {
    let weightGradient = transposeA == .transposed
    if n > 8192 || (weightGradient ? m : k) > 8192 { return .vocabularyProduct }
    if weightGradient { return .weightGradientProduct }
    return transposeB == .transposed ? .forwardProduct : .inputGradientProduct
  }

  @inline(__always)
  static func multiply(
    _ transposeA: Transpose, _ transposeB: Transpose, _ m: Int, _ n: Int, _ k: Int, _ alpha: Float,
    _ a: FloatPointer, _ strideA: Int, _ b: FloatPointer, _ strideB: Int, _ beta: Float,
    _ c: FloatPointer, _ strideC: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA.code, transposeB.code, Int32(truncatingIfNeeded: m),
      Int32(truncatingIfNeeded: n), Int32(truncatingIfNeeded: k), alpha, a,
      Int32(truncatingIfNeeded: strideA), b, Int32(truncatingIfNeeded: strideB), beta, c,
      Int32(truncatingIfNeeded: strideC))
  }
}
