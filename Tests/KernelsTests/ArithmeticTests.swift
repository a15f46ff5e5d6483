import Kernels
import Testing

@Suite struct ArithmeticTests {
  @Test(arguments: oddSizes, oddSizes)
  func elementwise(rows: Int, columns: Int) {
    var draws = Draws(rows + 1000 * columns)
    let x = Guarded(rows, columns, &draws)
    let y = Guarded(rows, columns, &draws)
    let before = Table(y)
    Kernel.add(x.view, to: y.view, alpha: -0.75)
    let sum = Table(x).with(before) { -0.75 * $0 + $1 }
    let magnitude = Table(x).with(before) { abs($0) + abs($1) + 1e-30 }
    #expect(deviation(y.view, sum.values, scale: magnitude.values) <= 2 * roundoff)
    let added = y.view.values
    Kernel.scale(y.view, by: 3)
    #expect(y.view.values == added.map { $0 * 3 })
    Kernel.add(x.view, to: y.view)
    #expect(y.view.values == zip(added, x.view.values).map { $0 * 3 + $1 })
    #expect(x.isIntact && y.isIntact)
  }

  @Test(arguments: oddSizes, oddSizes)
  func rowsAndColumns(rows: Int, columns: Int) {
    var draws = Draws(rows + 1000 * columns)
    let bias = Guarded(1, columns, &draws)
    let y = Guarded(rows, columns)
    Kernel.broadcast(row: bias.view, into: y.view)
    #expect(y.view.values == (0..<rows).flatMap { _ in bias.view.values })

    let x = Guarded(rows, columns, &draws)
    let sums = Guarded(1, columns, &draws)
    var expected = Table(sums)
    var magnitude = expected.map { abs($0) + 1e-30 }
    for i in 0..<rows {
      for j in 0..<columns {
        expected[0, j] += Double(x.view[i, j])
        magnitude[0, j] += Double(abs(x.view[i, j]))
      }
    }
    Kernel.addColumnSums(x.view, to: sums.view)
    #expect(
      deviation(sums.view, expected.values, scale: magnitude.values) <= Double(rows + 1) * roundoff)
    #expect(x.isIntact && y.isIntact && sums.isIntact && bias.isIntact)
  }

  @Test(arguments: oddSizes + [5000], [0, 1, 3, 33])
  func dot(columns: Int, rows: Int) {
    var draws = Draws(rows + 1000 * columns)
    let x = Guarded(rows, columns, &draws)
    let y = Guarded(rows, columns, &draws)
    var expected = 0.0
    var magnitude = 1e-30
    for (a, b) in zip(x.view.values, y.view.values) {
      expected += Double(a) * Double(b)
      magnitude += abs(Double(a) * Double(b))
    }
    // Float sums of at most 64 terms a lane, then 4 levels over the lanes.
    #expect(abs(Kernel.dot(x.view, y.view) - expected) <= magnitude * 70 * roundoff)
    #expect(x.isIntact && y.isIntact)
  }

  /// Double precision over many rows: a float accumulator would be off by more than a millionth.
  @Test func dotOfManyRows() {
    let x = Matrix(zeros: 20_000, 16)
    x.fill(0.1)
    let exact = 320_000 * Double(Float(0.1)) * Double(Float(0.1))
    #expect(abs(Kernel.dot(x, x) / exact - 1) < 2e-7)
  }

  @Test(arguments: oddSizes)
  func gatherAndScatter(columns: Int) {
    var draws = Draws(columns)
    let table = Guarded(9, columns, &draws)
    for rows in [[], [4], [8, 0, 3, 3, 8, 3], Array(0..<9)] {
      let gathered = Guarded(rows.count, columns)
      Kernel.gatherRows(table.view, rows, into: gathered.view)
      #expect(gathered.view.values == rows.flatMap { table.view.rows($0..<$0 + 1).values })
      #expect(gathered.isIntact)

      let target = Guarded(9, columns, &draws)
      var expected = Table(target)
      for (i, row) in rows.enumerated() {
        for j in 0..<columns { expected[row, j] += Double(gathered.view[i, j]) }
      }
      Kernel.scatterAddRows(gathered.view, rows, to: target.view)
      // At most four additions of numbers up to 2, sums up to 8.
      #expect(deviation(target.view, expected.values) <= 16 * roundoff)
      #expect(target.isIntact && gathered.isIntact && table.isIntact)
    }
  }
}
