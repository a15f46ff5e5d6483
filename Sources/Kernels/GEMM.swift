/// The namespace of all numeric kernels.
///
/// A kernel runs on the calling thread. In a task of a `ThreadPool`, threads of the pool that have
/// nothing else to do help with it; that changes no result.
public enum Kernel {}

extension Kernel {
  /// Whether a factor of a product is read as stored or transposed.
  public enum Transpose: Sendable {
    case none, transposed
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
    let part = part(transposeA, transposeB, m: m, n: n, k: k)
    if k == 0 || alpha == 0 {
      let span = Profile.begin(part)
      defer { span.end() }
      if beta == 0 { c.fill(0) } else if beta != 1 { scale(c, by: beta) }
      return
    }
    let isBF16 =
      precision == .bf16 && min(m, n, k) >= Precision.smallestSide
      && Precision.hasBF16
    func multiply(_ a: Matrix, _ b: Matrix, into c: Matrix) {
      let span = Profile.begin(
        part, flops: 2 * c.rows * c.columns * k,
        bytes: 4 * (c.rows * k + k * c.columns + (beta == 0 ? 1 : 2) * c.rows * c.columns))
      defer { span.end() }
      if isBF16 {
        multiplyBF16(a, transposeA, b, transposeB, into: c, depth: k, alpha, beta)
      } else {
        self.multiply(
          transposeA, transposeB, c.rows, c.columns, k, alpha, a.pointer, a.stride, b.pointer,
          b.stride, beta, c.pointer, c.stride)
      }
    }
    let grid = ProductGrid(m: m, n: n, k: k, threads: team)
    guard grid.count > 1 else { return multiply(a, b, into: c) }
    share(part, parts: grid.count, work: 2 * m * n * k) { index in
      let (rows, columns) = grid[index]
      multiply(
        transposeA == .none ? a.rows(rows) : a.columns(rows),
        transposeB == .none ? b.columns(columns) : b.rows(columns),
        into: c.rows(rows).columns(columns))
    }
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
}
