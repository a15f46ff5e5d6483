import Kernels
import TestSupport
import Testing

@Suite struct MomentsTests {
  /// Batches of which the first has one row, far from zero beside their spread.
  @Test(arguments: [1, 3, 17, 33])
  func covarianceOfBatches(columns: Int) {
    var draws = Draws(columns)
    let batches = [1, 0, 7, 33].map { rows in
      Guarded(rows, columns, draws.floats(rows * columns).map { $0 + 1000 })
    }
    let moments = Moments(columns: columns)
    for batch in batches { moments.add(batch.view) }
    let rows = batches.flatMap { batch in (0..<batch.view.rows).map { Table(batch).row($0) } }
    let n = Double(rows.count)
    let means = (0..<columns).map { column in rows.reduce(0) { $0 + $1[column] } / n }
    var covariance = Table(columns, columns)
    for row in rows {
      for i in 0..<columns {
        for j in 0..<columns { covariance[i, j] += (row[i] - means[i]) * (row[j] - means[j]) / n }
      }
    }
    #expect(moments.count == 41)
    // The differences from a number near the mean are exact and at most 4; their products are
    // summed in float32. The mean is rounded once.
    #expect(
      deviation(moments.covariance, covariance.values, scale: covariance.map { _ in 16 }.values)
        <= Roundings.gamma(43))
    #expect(deviation(moments.mean, means) <= roundoff)
    #expect(batches.allSatisfy { $0.isIntact })
  }

  @Test func nothingHasNoMoments() {
    let moments = Moments(columns: 2)
    #expect(moments.mean == [0, 0] && moments.covariance.values == [0, 0, 0, 0])
  }
}

@Suite struct ColumnFitsTests {
  /// Points on lines, in batches; sums are in double precision, so the lines come back but for the
  /// rounding of the points and of the result. A column that never changes keeps its size.
  @Test func linesComeBack() {
    let lines: [(slope: Float, intercept: Float)] = [(3, -2), (-0.5, 100), (0, 7), (1, 4.9)]
    var fits = ColumnFits(columns: lines.count)
    var draws = Draws(5)
    for rows in [1, 0, 20] {
      let x = Guarded(rows, lines.count, &draws)
      for row in 0..<rows { x.view[row, 3] = 0.1 }
      let target = Guarded(rows, lines.count)
      for row in 0..<rows {
        for (column, line) in lines.enumerated() {
          target.view[row, column] = line.slope * x.view[row, column] + line.intercept
        }
      }
      fits.add(x.view, target: target.view)
    }
    // Each target is off by two roundings of at most 101, and the slope by as much over the spread
    // of x, which is above a half.
    for (found, line) in zip(fits.lines, lines) {
      #expect(abs(Double(found.slope - line.slope)) <= 2 * 101 * Roundings.gamma(3))
      #expect(abs(Double(found.intercept - line.intercept)) <= 2 * 101 * Roundings.gamma(5))
    }
    #expect(fits.lines[3].slope == 1)
  }

  /// A column counts as unchanged if its variance is what double precision leaves of zero: below
  /// 1e-12 of its mean square.
  @Test(arguments: [(0x1p-22, 1.0), (0x1p-16, 3)])
  func changesBelowDoublePrecisionAreNone(change: Double, slope: Double) {
    var fits = ColumnFits(columns: 1)
    for sign: Float in [1, -1, 1, -1] {
      let x = 1 + (sign + 1) / 2 * Float(change)
      fits.add(
        Matrix([x], rows: 1, columns: 1), target: Matrix([3 * (x - 1)], rows: 1, columns: 1))
    }
    // The variance, change² / 4, is a difference of sums near 1, each with a rounding a row and
    // two more. Targets are exact, as are all inputs.
    let error = 2 * 6 * 0x1p-53 / (change * change / 4)
    #expect(abs(Double(fits.lines[0].slope) - slope) <= (slope == 1 ? 0 : 2 * slope * error))
  }

  /// What the roundings of double precision leave of a variance of zero is no slope.
  @Test func constantsThatRoundHaveNoSlope() {
    var fits = ColumnFits(columns: 7)
    for row in 0..<1000 {
      let x = Matrix((0..<7).map { Float($0) * 0.3 + 0.1 }, rows: 1, columns: 7)
      let target = Matrix(
        (0..<7).map { Float(row % 2) + Float($0) }, rows: 1, columns: 7)
      fits.add(x, target: target)
    }
    #expect(fits.lines.allSatisfy { $0.slope == 1 })
  }
}
