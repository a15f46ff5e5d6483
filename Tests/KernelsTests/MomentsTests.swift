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
}
