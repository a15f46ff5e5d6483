import Kernels
import TestSupport
import Testing

/// Residuals and orthogonality. A matrix of order n goes through at most n reflections, each with
/// some 4n roundings in every number it changes, and an iteration of the same kind: 10 n^2
/// roundings of at most the matrix's norm (Higham, Accuracy and Stability of Numerical Algorithms,
/// 19.3).
@Suite struct LinearAlgebraTests {
  static func bound(_ n: Int) -> Double { Roundings.gamma(10 * n * n) }

  /// The norm of Frobenius.
  private func norm(_ table: Table) -> Double {
    table.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private func difference(_ a: Table, _ b: Table) -> Double { norm(a.with(b) { $0 - $1 }) }

  private func identity(_ n: Int) -> Table {
    var result = Table(n, n)
    for i in 0..<n { result[i, i] = 1 }
    return result
  }

  private func diagonal(_ values: [Float]) -> Table {
    var result = Table(values.count, values.count)
    for (i, value) in values.enumerated() { result[i, i] = Double(value) }
    return result
  }

  /// A symmetric matrix of some rank with guards around it; `shift` is added to its diagonal.
  private func symmetric(_ n: Int, rank: Int, shift: Double = 0, seed: Int) -> Guarded {
    var draws = Draws(seed)
    let factor = Table(Guarded(n, rank, &draws))
    let product = factor * factor.transposed
    return Guarded(
      n, n,
      (0..<n * n).map {
        Float(product.values[$0] + ($0 / n == $0 % n ? shift : 0))
      })
  }

  @Test(arguments: [0, 1, 2, 3, 7, 31, 33])
  func eigenvectorsDiagonalise(n: Int) throws {
    for rank in Set([n, n / 2, 0]) {
      let a = symmetric(n, rank: rank, seed: n)
      let found = try SymmetricEigen(a.view)
      let (v, table) = (Table(found.vectors), Table(a))
      #expect(difference(v * v.transposed, identity(n)) <= Self.bound(n))
      #expect(
        difference(v.transposed * diagonal(found.values) * v, table)
          <= Self.bound(n) * norm(table))
      #expect(found.values == found.values.sorted() && a.isIntact)
    }
  }

  @Test func onlyTheUpperTriangleIsRead() throws {
    let a = symmetric(7, rank: 7, seed: 3)
    let spoiled = Matrix(zeros: 7, 7)
    spoiled.copy(from: a.view)
    for row in 0..<7 { for column in 0..<row { spoiled[row, column] = 99 } }
    let (whole, half) = (try SymmetricEigen(a.view), try SymmetricEigen(spoiled))
    #expect(whole.values == half.values && whole.vectors.values == half.vectors.values)
  }

  @Test func eigenvaluesThatAreEqual() throws {
    let found = try SymmetricEigen(Guarded(9, 9, identity(9).values.map(Float.init)).view)
    #expect(found.values == Array(repeating: 1, count: 9))
    let v = Table(found.vectors)
    #expect(difference(v * v.transposed, identity(9)) <= Self.bound(9))
  }

  @Test(arguments: [(0, 3), (3, 0), (1, 1), (2, 7), (31, 7), (7, 33), (33, 33)])
  func singularVectorsFactorise(m: Int, n: Int) throws {
    var draws = Draws(m + 100 * n)
    let full = Guarded(m, n, &draws)
    let (left, right) = (Table(Guarded(m, 1, &draws)), Table(Guarded(1, n, &draws)))
    let thin = Guarded(m, n, (left * right).values.map(Float.init))
    for a in [full, thin, Guarded(m, n, Array(repeating: 0, count: m * n))] {
      let found = try SingularValues(a.view)
      let (u, v, k) = (Table(found.left), Table(found.right), min(m, n))
      let bound = Self.bound(max(m, n))
      #expect(found.values.count == k && found.values.allSatisfy { $0 >= 0 } && a.isIntact)
      #expect(found.values == found.values.sorted(by: >))
      #expect(difference(u.transposed * u, identity(k)) <= bound)
      #expect(difference(v * v.transposed, identity(k)) <= bound)
      #expect(difference(u * diagonal(found.values) * v, Table(a)) <= bound * norm(Table(a)))
    }
  }

  /// The rest of a least-squares solution is orthogonal to the columns.
  @Test(arguments: [(1, 1, 1), (7, 3, 2), (33, 31, 7), (31, 31, 1), (5, 0, 2), (5, 2, 0)])
  func leastSquares(m: Int, n: Int, count: Int) throws {
    var draws = Draws(m + n)
    let (a, b) = (Guarded(m, n, &draws), Guarded(m, count, &draws))
    let x = Table(try Kernel.leastSquares(a.view, b.view))
    let (left, sides) = (Table(a), Table(b))
    let rest = (left * x).with(sides) { $0 - $1 }
    #expect(
      norm(left.transposed * rest)
        <= Self.bound(m) * norm(left) * (norm(left) * norm(x) + norm(sides)))
    #expect(a.isIntact && b.isIntact && x.rows == n && x.columns == count)
  }

  @Test func columnsThatDependOnEachOther() throws {
    // The third column is the sum of the others, in numbers without rounding and with.
    for scale in [1, 0.1] as [Float] {
      let values = (0..<8).flatMap { row -> [Float] in
        let (a, b) = (scale * Float(row), scale * Float(row * row % 5))
        return [a, b, a + b]
      }
      #expect {
        try Kernel.leastSquares(Matrix(values, rows: 8, columns: 3), Matrix(zeros: 8, 1))
      } throws: { ($0 as? LAPACKError)?.reason == .rankDeficient }
    }
    #expect(throws: LAPACKError.self) {
      try Kernel.leastSquares(Matrix(zeros: 4, 2), Matrix(zeros: 4, 1))
    }
  }

  @Test(arguments: [0, 1, 2, 7, 31, 33])
  func choleskyFactorises(n: Int) throws {
    let a = symmetric(n, rank: n, shift: 0.5, seed: n)
    let found = try Cholesky(a.view)
    let (l, table) = (Table(found.lower), Table(a))
    // Higham 10.3: n + 1 roundings of at most |L| |L^T|.
    #expect(
      difference(l * l.transposed, table)
        <= Roundings.gamma(n + 1) * norm(l.map(abs)) * norm(l.map(abs)) && a.isIntact)
    for i in 0..<n { for j in i + 1..<max(i + 1, n) { #expect(l[i, j] == 0) } }
    var draws = Draws(n)
    let sides = Guarded(3, n, &draws)
    let old = Table(sides)
    try found.solve(rows: sides.view)
    let solved = Table(sides)
    // Two triangular systems and the factor: 3 n + 1 roundings (Higham 10.4).
    #expect(
      difference(solved * table, old)
        <= Roundings.gamma(3 * n + 1) * norm(l.map(abs)) * norm(l.map(abs)) * norm(solved) + 1e-30)
    #expect(sides.isIntact)
  }

  @Test func matricesThatAreNotDefinite() {
    let values: [Float] = [2, 1, 0, 1, -3, 0, 0, 0, 1]
    #expect {
      try Cholesky(Matrix(values, rows: 3, columns: 3))
    } throws: { error in
      (error as? LAPACKError)?.reason == .notPositiveDefinite(order: 2)
        && "\(error)" == "spotrf: the leading block of 2 rows is not positive definite"
    }
    #expect(throws: LAPACKError.self) { try Cholesky(Matrix(zeros: 1, 1)) }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func numbersThatAreNotFinite(wrong: Float) {
    let a = Matrix([1, 0, wrong, 1], rows: 2, columns: 2)
    let fine = Matrix([1, 0, 0, 1], rows: 2, columns: 2)
    func isRefused(_ error: any Error) -> Bool { (error as? LAPACKError)?.reason == .notFinite }
    #expect { try SymmetricEigen(a) } throws: { isRefused($0) }
    #expect { try SingularValues(a) } throws: { isRefused($0) }
    #expect { try Kernel.leastSquares(a, fine) } throws: { isRefused($0) }
    #expect { try Kernel.leastSquares(fine, a) } throws: { isRefused($0) }
    #expect { try Cholesky(a) } throws: { isRefused($0) }
    #expect { try Cholesky(fine).solve(rows: a) } throws: { isRefused($0) }
  }

  /// More rows than 32 bits number, which are the same row again and again: no memory is asked for.
  @Test func sizesThatDoNotFit() throws {
    let empty = Matrix(Buffer(zeroed: 1), rows: 1 << 31, columns: 0, stride: 0)
    #expect {
      try SingularValues(empty)
    } throws: { ($0 as? LAPACKError)?.reason == .tooLarge(rows: 1 << 31, columns: 0) }
    #expect { try Kernel.leastSquares(empty, empty) } throws: {
      "\($0)" == "sgels: a matrix of 2147483648 x 0 is larger than LAPACK can number"
    }
  }

  @Test func libraryTellsItsVersion() {
    #expect(LAPACK.version.split(separator: ".").count == 3)
    #expect(LAPACK.routineAddress != nil)
  }
}
