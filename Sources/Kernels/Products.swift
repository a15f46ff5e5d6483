import CBLAS
import Glibc

// A product of float32 matrices. It is our own because its parts can be computed by any number of
// threads without changing a bit, which no BLAS promises.
extension Kernel {
  /// Terms of a block. Sums go through memory between blocks, so this is part of the result.
  private static let termBlock = 384

  /// Rows of the left factor that stay in the second-level cache while panels of the right factor
  /// stream past. No result depends on it.
  private static let rowBlock: Int = {
    let cache = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
    let rows = (cache > 0 ? cache : 512 << 10) / (4 * termBlock)
    return max(96, min(768, rows)) / productRows * productRows
  }()

  private static let productRows = MATE_KD_SGEMM_ROWS
  private static let productColumns = MATE_KD_SGEMM_COLUMNS

  /// The floats of a thread's block for packed panels of a product: one huge page. Each precision
  /// has blocks of its own.
  package static let panelFloats = 1 << 19

  /// Memory for packed panels: as many blocks as threads have ever multiplied at the same time.
  private static let panels = BufferPool()

  /// Splits a total into parts of at most `limit`, all about the same size and a multiple of
  /// `unit`.
  static func evenPart(of total: Int, limit: Int, unit: Int) -> Int {
    let parts = (total + limit - 1) / limit
    return ((total + parts - 1) / parts + unit - 1) / unit * unit
  }

  /// c = alpha op(a) op(b) + beta c on the calling thread; m, n and k are at least 1.
  static func multiply(
    _ transposeA: Transpose, _ transposeB: Transpose, _ m: Int, _ n: Int, _ k: Int, _ alpha: Float,
    _ a: FloatPointer, _ strideA: Int, _ b: FloatPointer, _ strideB: Int, _ beta: Float,
    _ c: FloatPointer, _ strideC: Int
  ) {
    let terms = evenPart(of: k, limit: termBlock, unit: 8)
    let rows = evenPart(of: m, limit: rowBlock, unit: productRows)
    let onePanel = (terms * productColumns + 15) / 16 * 16
    // Two panels of the right factor: one is packed while the other is multiplied.
    let rightFloats = (m > rows || n > productColumns || k > terms ? 2 : 1) * onePanel
    let floats = rightFloats + (transposeA == .none ? 0 : terms * rows)
    let isAlongTerms: Int32 = transposeB == .none ? 0 : 1
    // Columns from j and terms from p of the right factor.
    func rightBlock(_ j: Int, _ p: Int) -> mate_kd_block {
      let (columns, count) = (min(productColumns, n - j), min(terms, k - p))
      return transposeB == .none
        ? mate_kd_block(
          start: b + p * strideB + j, stride: strideB, rows: count, columns: columns)
        : mate_kd_block(
          start: b + j * strideB + p, stride: strideB, rows: columns, columns: count)
    }
    // The panel after that of rows i, terms p and columns j; none after the last.
    func nextBlock(_ i: Int, _ p: Int, _ j: Int) -> mate_kd_block {
      if j + productColumns < n { return rightBlock(j + productColumns, p) }
      if p + terms < k { return rightBlock(0, p + terms) }
      if i + rows < m { return rightBlock(0, 0) }
      return mate_kd_block(start: b, stride: strideB, rows: 0, columns: 0)
    }
    let isSmall = floats <= 8192
    let memory = isSmall ? nil : panels.take(max(panelFloats, floats))
    withScratch(isSmall ? floats : 0) { scratch in
      var right = memory?.base ?? scratch
      let left = right + rightFloats
      var next = rightFloats > onePanel ? right + onePanel : right
      mate_kd_sgemm_pack_right(
        b, strideB, isAlongTerms, min(productColumns, n), min(terms, k), right)
      for i in Swift.stride(from: 0, to: m, by: rows) {
        let height = min(rows, m - i)
        for p in Swift.stride(from: 0, to: k, by: terms) {
          let count = min(terms, k - p)
          let start = a + (transposeA == .none ? i * strideA + p : p * strideA + i)
          if transposeA == .transposed {
            mate_kd_sgemm_pack_left(start, strideA, height, count, left)
          }
          for j in Swift.stride(from: 0, to: n, by: productColumns) {
            mate_kd_sgemm_panel(
              transposeA == .none ? start : left, strideA, transposeA == .none ? 0 : 1, right,
              height, min(productColumns, n - j), count, c + i * strideC + j, strideC, alpha,
              p == 0 ? beta : 1, nextBlock(i, p, j), isAlongTerms, next)
            swap(&right, &next)
          }
        }
      }
    }
  }
}

/// A product cut into parts of about the same size, for threads to share.
///
/// A part packs its own columns of the right factor. So the fewer rows it has, the more it costs,
/// and rows are cut only where there are too few columns, or where it evens out the threads' work.
struct ProductGrid {
  /// Borders of rows and columns lie at multiples of these, so that no part has a remainder that
  /// the whole has not.
  private static let rowUnit = 8, columnUnit = 48
  /// Packing a column costs about as much as multiplying it with so many rows.
  private static let packedRows = 10
  /// Multiplications that are worth handing to another thread: they take some 10 microseconds.
  private static let smallestPart = 1 << 20

  private let m, n: Int
  private let rowParts, columnParts: Int

  /// The grid in which `threads` threads are ready first with a product [m, k] x [k, n].
  init(m: Int, n: Int, k: Int, threads: Int) {
    self.m = m
    self.n = n
    let mostParts = threads == 1 ? 1 : min(4 * threads, m * n * k / Self.smallestPart)
    let units = (n + Self.columnUnit - 1) / Self.columnUnit
    var best = (cost: Int.max, rows: 1, columns: 1)
    for rows in 1...max(1, min(mostParts, m / 32, 16)) {
      let height = (m + rows - 1) / rows + Self.packedRows
      var columns = 1
      while columns <= units, rows * columns <= max(1, mostParts) {
        let width = (units + columns - 1) / columns
        let rounds = (rows * columns + threads - 1) / threads
        let cost = rounds * height * width
        if cost < best.cost { best = (cost, rows, columns) }
        columns += 1
      }
    }
    (rowParts, columnParts) = (best.rows, best.columns)
  }

  /// Number of parts.
  var count: Int { rowParts * columnParts }

  /// The rows and columns of a part.
  subscript(part: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    (
      Self.part(part / columnParts, of: rowParts, total: m, unit: Self.rowUnit),
      Self.part(part % columnParts, of: columnParts, total: n, unit: Self.columnUnit)
    )
  }

  private static func part(_ index: Int, of parts: Int, total: Int, unit: Int) -> Range<Int> {
    let units = (total + unit - 1) / unit
    let lower = min(total, units * index / parts * unit)
    return lower..<min(total, units * (index + 1) / parts * unit)
  }
}
