import Kernels
import StrictJSON
import TestSupport
import Testing

/// Factorisations beside scipy's in double precision (scripts/goldens/linear_algebra.py). With e
/// the roundings of a factorisation (LinearAlgebraTests), eigenvalues and singular values move by
/// at most e times the matrix's norm (Weyl), and what eigenvectors span by 2 e / gap (Davis and
/// Kahan).
@Suite struct LinearAlgebraGoldenTests {
  private static func cases(_ kind: String) throws -> [JSONValue] {
    let path = TestFiles.golden("functions/linear_algebra.json")
    let root = try StrictJSON.parse(TestFiles.bytes(path), file: path)
    let found = (root["cases"]?.array ?? []).filter { $0["kind"]?.string == kind }
    #expect(found.count >= 3)
    return found
  }

  private func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  private func difference(_ a: [Float], _ b: [Float]) -> Double {
    a.count == b.count ? norm(zip(a, b).map { $0 - $1 }) : .infinity
  }

  @Test func eigenvaluesAndVectors() throws {
    for one in try Self.cases("eigen") {
      let a = one.matrix("matrix")
      let found = try SymmetricEigen(a)
      let error = Roundings.gamma(10 * a.rows * a.rows) * norm(a.values)
      let expected = one.matrix("values").values
      // Nine digits of a golden are a rounding of float32 too.
      #expect(
        difference(found.values, expected)
          <= error * Double(a.rows).squareRoot() + Roundings.unit * norm(expected))
      let borders = one.integers("borders")
      for (group, projector) in (one["projectors"]?.array ?? []).enumerated() {
        let range = borders[group]..<borders[group + 1]
        let outside = expected.indices.filter { !range.contains($0) }
        let gap = outside.map { i in
          range.map { abs(Double(expected[$0] - expected[i])) }.min() ?? .infinity
        }.min()
        guard gap != 0 else { continue }
        let vectors = found.vectors.rows(range)
        let product = Matrix(zeros: a.rows, a.rows)
        Kernel.gemm(vectors, .transposed, vectors, .none, into: product)
        let size = Double(range.count).squareRoot()
        let shape = JSONValue.object([("p", projector)]).matrix("p").values
        #expect(
          difference(product.values, shape)
            <= size * (2 * error / (gap ?? .infinity) + Roundings.gamma(10 * a.rows * a.rows)),
          "\(one["name"]?.string ?? "") \(group)")
      }
    }
  }

  @Test func choleskyFactors() throws {
    var count = 0
    for one in try Self.cases("eigen") where one["cholesky"] != nil {
      let a = one.matrix("matrix")
      let values = one.matrix("values").values
      // Sun 1991: a relative change e of A changes L by at most kappa e.
      let condition = Double((values.last ?? 0) / (values.first ?? 1))
      let expected = one.matrix("cholesky").values
      let found = try Cholesky(a).lower.values
      #expect(
        difference(found, expected)
          <= condition * Roundings.gamma((a.rows + 1) * a.rows) * norm(expected))
      count += 1
    }
    #expect(count >= 2)
  }

  @Test func singularValues() throws {
    for one in try Self.cases("singular") {
      let a = one.matrix("matrix")
      let k = Double(min(a.rows, a.columns))
      let side = max(a.rows, a.columns)
      let error = Roundings.gamma(10 * side * side) * norm(a.values) * k.squareRoot()
      #expect(difference(try SingularValues(a).values, one.matrix("values").values) <= error)
    }
  }

  @Test func leastSquares() throws {
    for one in try Self.cases("least squares") {
      let (a, b) = (one.matrix("matrix"), one.matrix("sides"))
      let expected = one.matrix("solution").values
      let condition = one.number("condition")
      // Higham 20.1: a relative change e of A and B changes X by kappa e (|X| + |B| / |A|), and by
      // kappa^2 e of the rest.
      let size = norm(expected) + norm(b.values) * condition / norm(a.values)
      #expect(
        difference(try Kernel.leastSquares(a, b).values, expected)
          <= 2 * condition * Roundings.gamma(10 * a.rows * a.columns) * size,
        "\(one["name"]?.string ?? "")")
    }
  }
}
