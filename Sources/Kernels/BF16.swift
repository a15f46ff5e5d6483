import CBLAS

// A product of float32 matrices whose factors are rounded to bfloat16 while they are copied into
// panels. That copy has to be made anyway, so no bfloat16 matrix is ever stored.
//
// cblas_sbgemm is not used even if a library has it. It takes bfloat16 inputs, so activations and
// weights would need conversion passes of their own, and it is no faster than this (both reach nine
// tenths of the processor's peak). No packaged OpenBLAS defines it.
extension Kernel {
  private static let rowBlock = 768
  private static let depthBlock = 384
  // Two panels of rows are packed at a time, hence the room for 16 more rows.
  private static let leftWords = (rowBlock + 16) * depthBlock / 2
  private static let rightColumns = MATE_KD_BF16_COLUMNS
  private static let rightWords = rightColumns * depthBlock / 2

  /// Memory for packed panels: as many blocks as threads have ever multiplied at the same time.
  private static let panels = BufferPool()

  /// The product behind `gemm`; m, n and k are at least 1.
  ///
  /// A block of the left factor (0.6 MB) stays in the second-level cache while the right factor
  /// streams past in panels of 48 columns, each packed just before it is used.
  static func multiplyBF16(
    _ a: Matrix, _ transposeA: Transpose, _ b: Matrix, _ transposeB: Transpose, into c: Matrix,
    depth k: Int, _ alpha: Float, _ beta: Float
  ) {
    // One huge page.
    let memory = panels.take(max(panelFloats, leftWords + rightWords))
    let m = c.rows
    let n = c.columns
    let left = UnsafeMutableRawPointer(memory.base).assumingMemoryBound(to: UInt32.self)
    let right = left + leftWords
    let leftIsAlongK: Int32 = transposeA == .none ? 1 : 0
    let rightIsAlongK: Int32 = transposeB == .none ? 0 : 1
    let rows = evenPart(of: m, limit: rowBlock, unit: 8)
    let terms = evenPart(of: k, limit: depthBlock, unit: 2)

    /// Where row (or column) `i` of a factor begins at term `p`.
    func start(_ x: Matrix, _ alongK: Int32, _ i: Int, _ p: Int) -> FloatPointer {
      x.pointer + (alongK == 1 ? i * x.stride + p : p * x.stride + i)
    }

    // Columns from j and terms from p of the right factor; nothing after its last term.
    func rightBlock(_ j: Int, _ p: Int) -> mate_kd_block {
      let (columns, count) = (min(rightColumns, n - j), max(0, min(terms, k - p)))
      return mate_kd_block(
        start: start(b, rightIsAlongK, j, p), stride: b.stride,
        rows: rightIsAlongK == 1 ? columns : count, columns: rightIsAlongK == 1 ? count : columns)
    }

    for i in Swift.stride(from: 0, to: m, by: rows) {
      let height = min(rows, m - i)
      for p in Swift.stride(from: 0, to: k, by: terms) {
        let count = min(terms, k - p)
        mate_kd_bf16_pack_left(
          start(a, leftIsAlongK, i, p), a.stride, leftIsAlongK, height, count, left)
        for j in Swift.stride(from: 0, to: n, by: rightColumns) {
          let width = min(rightColumns, n - j)
          mate_kd_bf16_pack_right(
            start(b, rightIsAlongK, j, p), b.stride, rightIsAlongK, width, count, right)
          let next = j + rightColumns < n ? (j + rightColumns, p) : (0, p + terms)
          mate_kd_bf16_multiply(
            left, right, height, width, count, c.pointer + i * c.stride + j, c.stride, alpha,
            p == 0 ? beta : 1, rightBlock(next.0, next.1))
        }
      }
    }
  }
}
