import Kernels
import Testing

@Suite struct DropoutTests {
  private func pattern(
    _ p: Float, _ rows: Int, _ columns: Int, seed: UInt64 = 1, step: Int = 0, site: Int = 0
  ) throws -> [Float] {
    let dropout = try #require(Dropout(probability: p, seed: seed, step: step, site: .part(site)))
    let out = Guarded(rows, columns)
    let ones = Guarded(rows, columns, Array(repeating: 1, count: rows * columns))
    Kernel.applyDropout(dropout, ones.view, into: out.view)
    #expect(out.isIntact)
    return out.view.values
  }

  @Test func probabilityZeroIsNoDropout() {
    #expect(Dropout(probability: 0, seed: 1, step: 0, site: .part(0)) == nil)
  }

  @Test(arguments: oddSizes, oddSizes)
  func elementsAreDroppedOrScaled(rows: Int, columns: Int) throws {
    let p: Float = 0.1
    let dropout = try #require(Dropout(probability: p, seed: 7, step: 3, site: .part(2)))
    var draws = Draws(rows * 1000 + columns)
    let x = Guarded(rows, columns, draws.floats(rows * columns, 1, 2))
    let y = Guarded(rows, columns)
    Kernel.applyDropout(dropout, x.view, into: y.view)
    #expect(y.isIntact && x.isIntact)
    let keep = 1 / (1 - p)
    for (a, b) in zip(x.view.values, y.view.values) { #expect(b == 0 || b == a * keep) }
    // The backward pass draws the same factors again, in place.
    Kernel.applyDropout(dropout, x.view, into: x.view)
    #expect(x.view.values == y.view.values)
    #expect(x.isIntact)
  }

  @Test(arguments: [0.001, 0.1, 0.5, 0.9] as [Float])
  func rate(p: Float) throws {
    let rows = 700
    let columns = 300
    let factors = try pattern(p, rows, columns)
    let n = Double(rows * columns)
    let dropped = Double(factors.count { $0 == 0 })
    let sigma = (n * Double(p) * Double(1 - p)).squareRoot()
    #expect(abs(dropped - n * Double(p)) < 5 * sigma)
    // Neighbours in a row and in a column are independent.
    var right = 0.0
    var below = 0.0
    for row in 0..<rows - 1 {
      for column in 0..<columns - 1 where factors[row * columns + column] == 0 {
        right += factors[row * columns + column + 1] == 0 ? 1 : 0
        below += factors[(row + 1) * columns + column] == 0 ? 1 : 0
      }
    }
    let pairs = Double((rows - 1) * (columns - 1)) * Double(p) * Double(p)
    #expect(abs(right - pairs) < 6 * pairs.squareRoot() + 3)
    #expect(abs(below - pairs) < 6 * pairs.squareRoot() + 3)
  }

  @Test func everyPartOfTheNameMatters() throws {
    let base = try pattern(0.5, 3, 70)
    #expect(try pattern(0.5, 3, 70) == base)
    #expect(try pattern(0.5, 3, 70, seed: 2) != base)
    #expect(try pattern(0.5, 3, 70, seed: 1 << 32 | 1) != base)
    #expect(try pattern(0.5, 3, 70, step: 1) != base)
    #expect(try pattern(0.5, 3, 70, site: 1) != base)
    let rows: [[Float]] = [0, 70, 140].map { Array(base[$0..<$0 + 70]) }
    #expect(Set(rows).count == 3)
  }

  @Test func leadingRowsDoNotDependOnTheirNumber() throws {
    let tall = try pattern(0.3, 9, 65)
    #expect(try pattern(0.3, 4, 65) == Array(tall.prefix(4 * 65)))
  }
}
