import Kernels
import Testing

/// Means of the rows of a text and rows of length 1, with their gradients.
@Suite struct RowMeansTests {
  /// Texts of one row, of several, and of many.
  private static let offsets = [0, 1, 3, 10, 41]

  @Test(arguments: oddSizes)
  func means(columns: Int) {
    var draws = Draws(columns)
    let rows = Self.offsets.last ?? 0
    let texts = zip(Self.offsets, Self.offsets.dropFirst()).map { $0..<$1 }
    let (x, y) = (Guarded(rows, columns, &draws), Guarded(texts.count, columns))
    Kernel.meanRows(x.view, offsets: Self.offsets, into: y.view)
    var expected = Table(texts.count, columns)
    for (text, range) in texts.enumerated() {
      for column in 0..<columns {
        let sum = range.reduce(0.0) { $0 + Double(x.view[$1, column]) }
        expected[text, column] = sum / Double(range.count)
      }
    }
    // 31 numbers up to 2, then a factor that is rounded itself.
    #expect(deviation(y.view, expected.values) <= 2 * 33 * roundoff)

    let (dy, dx) = (Guarded(texts.count, columns, &draws), Guarded(rows, columns, &draws))
    var gradient = Table(dx)
    for (text, range) in texts.enumerated() {
      for row in range {
        for column in 0..<columns {
          gradient[row, column] += Double(dy.view[text, column]) / Double(range.count)
        }
      }
    }
    Kernel.addMeanRowsGradient(dy.view, offsets: Self.offsets, to: dx.view)
    // A factor and a fused sum of numbers up to 2 each.
    #expect(deviation(dx.view, gradient.values) <= 2 * 3 * roundoff)
    #expect([x, y, dy, dx].allSatisfy { $0.isIntact })
  }

  /// Rows of any length, but for those that are shorter than torch's 1e-12.
  @Test(arguments: oddSizes.filter { $0 > 0 }, [1, 1e-5, 1e-10, 1e10] as [Float])
  func normalizedRows(columns: Int, size: Float) {
    var draws = Draws(columns)
    let x = Guarded(3, columns, draws.floats(3 * columns).map { ($0 + 3) * size })
    let (y, dy) = (Guarded(3, columns), Guarded(3, columns, &draws))
    let norms = Kernel.normalizeRows(x.view, into: y.view)
    let rows = (0..<3).map { Table(x).row($0) }
    let exact = rows.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let expected = zip(rows, exact).flatMap { row, norm in row.map { $0 / norm } }
    // The squares of a lane and of 16 lanes, halved by the root, then a reciprocal and a product.
    let roundings = Double(columns / 16 + 8)
    #expect(deviation(y.view, expected, scale: expected) <= roundings * roundoff)
    #expect(deviation(norms, exact, scale: exact) <= roundings * roundoff)

    let dx = Guarded(3, columns)
    Kernel.normalizeRowsGradient(y.view, norms: norms, dy.view, into: dx.view)
    var gradient: [Double] = []
    for row in 0..<3 {
      let (unit, d) = (Table(y).row(row), Table(dy).row(row))
      let along = zip(unit, d).reduce(0) { $0 + $1.0 * $1.1 }
      gradient += zip(unit, d).map { ($1 - $0 * along) / Double(norms[row]) }
    }
    // Of at most 2 and 2 sqrt(columns) times 1, in numbers of 1 / the length.
    let scale = (0..<3 * columns).map { _ in
      2 * (1 + Double(columns).squareRoot()) / Double(norms.min() ?? 1)
    }
    #expect(deviation(dx.view, gradient, scale: scale) <= roundings * roundoff)
    #expect([x, y, dy, dx].allSatisfy { $0.isIntact })
  }

  @Test func aRowOfZerosStays() {
    let y = Matrix(zeros: 1, 5)
    #expect(Kernel.normalizeRows(Matrix(zeros: 1, 5), into: y) == [1e-12])
    #expect(y.values.allSatisfy { $0 == 0 })
  }
}
