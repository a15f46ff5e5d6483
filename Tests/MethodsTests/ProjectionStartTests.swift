import Kernels
import Methods
import TestSupport
import Testing

@Suite struct ProjectionStartTests {
  private func apply(_ maps: Projections, _ x: Matrix, outputs: Int) -> [[Double]] {
    let (w, b) = (maps.parameters.entries[0].slot, maps.parameters.entries[1].slot)
    let (weight, bias) = (maps.parameters.matrix(w), maps.parameters.matrix(b))
    return (0..<x.rows).map { row in
      (0..<outputs).map { output in
        (0..<x.columns).reduce(Double(bias[0, output])) {
          $0 + Double(weight[output, $1]) * Double(x[row, $1])
        }
      }
    }
  }

  /// States that are a linear function of others are found again, but for the ridge: it takes at
  /// most a thousandth of the mean variance over that of the direction.
  @Test func linearFunctionsAreFound() throws {
    var stream = RandomStream(seed: 4, purpose: .noise, site: .sample)
    let (rows, n, m) = (60, 5, 3)
    func drawn(_ rows: Int, _ columns: Int) -> Matrix {
      let values = (0..<rows * columns).map { _ in Float.random(in: -1...1, using: &stream) }
      return Matrix(values, rows: rows, columns: columns)
    }
    let (x, w) = (drawn(rows, n), drawn(m, n))
    let y = Matrix(zeros: rows, m)
    Kernel.gemm(x, .none, w, .transposed, into: y)
    for row in 0..<rows { for column in 0..<m { y[row, column] += 2 } }
    let maps = Projections([("map", inputs: n, outputs: m)], seed: 1)
    // In two batches.
    try maps.fit(
      0, inputs: [x.rows(0..<25), x.rows(25..<rows)], targets: [y.rows(0..<25), y.rows(25..<rows)])
    let found = apply(maps, x, outputs: m)
    // The smallest of five variances over 60 draws is at least a tenth of their mean.
    for row in 0..<rows {
      for column in 0..<m { #expect(abs(found[row][column] - Double(y[row, column])) < 0.01 * 5) }
    }
    let mean = (0..<rows).reduce(0.0) { $0 + found[$1][0] - Double(y[$1, 0]) }
    #expect(abs(mean) / Double(rows) <= Roundings.gamma(10 * rows))
  }

  /// Fewer rows than columns, and columns that depend on each other, have a solution too.
  @Test func fewRows() throws {
    let x = Matrix([1, -1, 2, -2], rows: 2, columns: 2)
    let y = Matrix([3, 5], rows: 2, columns: 1)
    let maps = Projections([("map", inputs: 2, outputs: 1)], seed: 1)
    try maps.fit(0, inputs: [x], targets: [y])
    let found = apply(maps, x, outputs: 1)
    #expect(abs(found[0][0] - 3) < 0.01 && abs(found[1][0] - 5) < 0.01)
    #expect(throws: LAPACKError.self) {
      try maps.fit(0, inputs: [Matrix([.nan, 1], rows: 1, columns: 2)], targets: [y.rows(0..<1)])
    }
  }
}
