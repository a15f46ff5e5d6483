import Kernels

/// The numbers that are left of a vector x: s = E x, with orthonormal rows in E.
enum Cut {
  /// Some of the numbers, in ascending order.
  case selected([Int])
  /// E, [left, width].
  case rotated(Matrix)

  /// How many are left.
  var count: Int {
    switch self {
    case .selected(let kept): kept.count
    case .rotated(let basis): basis.rows
    }
  }

  /// The largest of some sizes, in ascending order of their places; the first of equal ones.
  static func largest(_ count: Int, of sizes: [Double]) -> Cut {
    let order = sizes.indices.sorted { (sizes[$0], $1) > (sizes[$1], $0) }
    return .selected(order.prefix(count).sorted())
  }

  /// The coordinates of narrower states.
  ///
  /// - Parameter covariance: of the wide ones.
  /// - Throws: `LAPACKError`.
  static func states(
    _ basis: TeacherCut.Basis, width: Int, covariance: Matrix
  ) throws(LAPACKError) -> Cut {
    guard width < covariance.rows else { return .selected(Array(0..<covariance.rows)) }
    switch basis {
    case .select:
      return .selected(try Kernel.pivots(of: covariance).prefix(width).sorted())
    case .pca:
      let vectors = try SymmetricEigen(covariance).vectors
      // The largest eigenvalues come last. A basis has no signs of its own: the largest number of
      // each vector is made positive, so that the same states give the same student.
      let result = Matrix(zeros: width, covariance.rows)
      for row in 0..<width {
        let vector = vectors.rows(vectors.rows - 1 - row..<vectors.rows - row)
        let sign: Float =
          vector.values.max { abs($0) < abs($1) }.map { $0 < 0 ? -1 : 1 } ?? 1
        for column in 0..<covariance.rows { result[row, column] = sign * vector[0, column] }
      }
      return .rotated(result)
    }
  }

  /// E w: what a layer with weights or a bias w writes.
  func rows(of w: Matrix) -> Matrix {
    let result = Matrix(zeros: count, w.columns)
    switch self {
    case .selected(let kept): Kernel.gatherRows(w, kept, into: result)
    case .rotated(let basis): Kernel.gemm(basis, .none, w, .none, into: result)
    }
    return result
  }

  /// w E^T: vectors that are the rows of w.
  func columns(of w: Matrix) -> Matrix {
    let result = Matrix(zeros: w.rows, count)
    switch self {
    case .selected(let kept):
      for row in 0..<w.rows { for (i, j) in kept.enumerated() { result[row, i] = w[row, j] } }
    case .rotated(let basis): Kernel.gemm(w, .none, basis, .transposed, into: result)
    }
    return result
  }
}

/// What is left of a vector, read back: x is about B s + offset, by least squares over a sample. A
/// layer that read x reads s with the weights W B.
struct Reading {
  private let map: Matrix
  private let offset: Matrix

  /// Added to variances relative to their mean, so that numbers that depend on each other, as those
  /// behind a LayerNorm do, have a solution.
  private static let ridge: Float = 1e-3

  /// - Throws: `LAPACKError` if the sample has numbers that are not finite.
  init(_ cut: Cut, of moments: Moments) throws(LAPACKError) {
    let covariance = moments.covariance
    let width = covariance.rows
    // B = C E^T (E C E^T)^-1.
    map = cut.columns(of: covariance)
    try Cholesky(covariance: cut.rows(of: map), ridge: Self.ridge).solve(rows: map)
    if case .selected(let kept) = cut {
      // A number that is kept follows from itself, whatever the ridge.
      for (i, j) in kept.enumerated() {
        map.rows(j..<j + 1).fill(0)
        map[j, i] = 1
      }
    }
    let mean = Matrix(moments.mean, rows: 1, columns: width)
    let left = cut.columns(of: mean)
    offset = Matrix(zeros: 1, width)
    offset.copy(from: mean)
    Kernel.gemm(left, .none, map, .transposed, into: offset, alpha: -1, beta: 1)
  }

  /// W B.
  func weights(_ w: Matrix) -> Matrix {
    let result = Matrix(zeros: w.rows, map.columns)
    Kernel.gemm(w, .none, map, .none, into: result)
    return result
  }

  /// W offset + b, as a column.
  func bias(_ b: Matrix, weights w: Matrix) -> Matrix {
    let result = Matrix(b.values, rows: w.rows, columns: 1)
    Kernel.gemm(w, .none, offset, .transposed, into: result, beta: 1)
    return result
  }
}
