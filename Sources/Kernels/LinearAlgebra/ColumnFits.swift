/// The line of least squares from each column of some rows to the same column of others:
/// target = slope x + intercept. Rows come batch by batch.
public struct ColumnFits {
  private var count = 0.0
  private var sums: [(x: Double, y: Double, xx: Double, xy: Double)]

  /// No rows of so many columns.
  public init(columns: Int) {
    sums = Array(repeating: (0, 0, 0, 0), count: columns)
  }

  /// Counts pairs of rows.
  public mutating func add(_ x: Matrix, target: Matrix) {
    precondition(x.columns == sums.count && target.columns == sums.count && x.rows == target.rows)
    for row in 0..<x.rows {
      for column in sums.indices {
        let (a, b) = (Double(x[row, column]), Double(target[row, column]))
        sums[column].x += a
        sums[column].y += b
        sums[column].xx += a * a
        sums[column].xy += a * b
      }
    }
    count += Double(x.rows)
  }

  /// Slope and intercept of each column. A column that never changes has slope 1.
  public var lines: [(slope: Float, intercept: Float)] {
    sums.map { sum in
      let n = max(1, count)
      let (x, y) = (sum.x / n, sum.y / n)
      let variance = sum.xx / n - x * x
      // 1e-12 of the mean square is what double precision leaves of a difference that is zero.
      let slope =
        variance > 1e-12 * max(sum.xx / n, .leastNormalMagnitude)
        ? (sum.xy / n - x * y) / variance : 1
      return (Float(slope), Float(y - slope * x))
    }
  }
}
