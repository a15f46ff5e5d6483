/// Mean and covariance of rows that come batch by batch.
public final class Moments {
  /// Number of rows so far.
  public private(set) var count = 0
  /// What is subtracted from every row, so that squares of large means do not swallow the
  /// variances: the mean of the first batch.
  private var shift: [Float]
  private var sums: [Double]
  private let products: Matrix

  /// No rows of so many columns.
  public init(columns: Int) {
    shift = Array(repeating: 0, count: columns)
    sums = Array(repeating: 0, count: columns)
    products = Matrix(zeros: columns, columns)
  }

  /// Counts the rows of a matrix.
  public func add(_ rows: Matrix) {
    precondition(rows.columns == shift.count)
    guard rows.rows > 0 else { return }
    if count == 0 {
      for column in shift.indices {
        var sum = 0.0
        for row in 0..<rows.rows { sum += Double(rows[row, column]) }
        shift[column] = Float(sum / Double(rows.rows))
      }
    }
    let shifted = Matrix(zeros: rows.rows, rows.columns)
    for row in 0..<rows.rows {
      for column in shift.indices {
        let value = rows[row, column] - shift[column]
        shifted[row, column] = value
        sums[column] += Double(value)
      }
    }
    Kernel.gemm(shifted, .transposed, shifted, .none, into: products, beta: 1)
    count += rows.rows
  }

  /// The mean of each column; zeros before there are rows.
  public var mean: [Float] {
    shift.indices.map { Float(Double(shift[$0]) + sums[$0] / Double(max(1, count))) }
  }

  /// The covariance, [columns, columns], divided by the number of rows.
  public var covariance: Matrix {
    let result = Matrix(zeros: shift.count, shift.count)
    let n = Double(max(1, count))
    for i in shift.indices {
      for j in shift.indices {
        result[i, j] = Float(Double(products[i, j]) / n - sums[i] / n * (sums[j] / n))
      }
    }
    return result
  }
}
