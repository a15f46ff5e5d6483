import Kernels
import Testing

@Suite struct MatrixTests {
  @Test func viewsOfViews() {
    let all = Matrix((0..<35).map(Float.init), rows: 5, columns: 7)
    let view = all.rows(1..<4).columns(2..<6)
    #expect(view.rows == 3 && view.columns == 4 && view.stride == 7 && view.count == 12)
    #expect(view.values == [9, 10, 11, 12, 16, 17, 18, 19, 23, 24, 25, 26])
    #expect(view[2, 1] == 24)
    view[2, 1] = -1
    #expect(all[3, 3] == -1)
    #expect(all.isContiguous && !view.isContiguous && view.rows(1..<2).isContiguous)
    #expect(all.rows(5..<5).values.isEmpty && all.columns(7..<7).values.isEmpty)
  }

  @Test(arguments: oddSizes, oddSizes)
  func fillAndCopyStayInside(rows: Int, columns: Int) {
    var draws = Draws(rows + 1000 * columns)
    let source = Guarded(rows, columns, &draws)
    let target = Guarded(rows, columns)
    target.view.copy(from: source.view)
    #expect(target.view.values == source.view.values)
    #expect(target.isIntact)
    target.view.fill(3)
    #expect(target.view.values == Array(repeating: 3, count: rows * columns))
    #expect(target.isIntact)
  }

  @Test(arguments: oddSizes.filter { $0 > 0 })
  func oneNumberThatIsNotFiniteIsFound(columns: Int) {
    let rows = 3
    // NaN guard words around the view must not count.
    let x = Guarded(rows, columns, Array(repeating: 1e38, count: rows * columns))
    #expect(x.view.isFinite)
    for bad in [Float.nan, .infinity, -.infinity, .signalingNaN] {
      for column in [0, columns / 2, columns - 1] {
        for row in 0..<rows {
          x.view[row, column] = bad
          #expect(!x.view.isFinite, "\(bad) at \(row), \(column)")
          x.view[row, column] = -1e38
        }
      }
    }
    #expect(x.view.isFinite)
  }

  @Test func emptyIsFinite() {
    #expect(Matrix(zeros: 0, 5).isFinite)
    #expect(Matrix(zeros: 5, 0).isFinite)
  }
}
