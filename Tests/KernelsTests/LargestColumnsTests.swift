import Kernels
import Testing

@Suite struct LargestColumnsTests {
  /// Against sorting; few different values, so many are equal, of which the leftmost comes first.
  @Test(arguments: oddSizes, [0, 1, 2, 5, 200])
  func asSortingWouldFindThem(columns: Int, count: Int) {
    var draws = Draws(columns)
    let x = Guarded(3, columns, (0..<3 * columns).map { _ in Float(draws.below(4)) })
    let expected = (0..<3).map { row in
      (0..<columns).sorted { (-x.view[row, $0], $0) < (-x.view[row, $1], $1) }
        .prefix(count).map { Int32($0) }
    }
    #expect(Kernel.largestColumns(x.view, count: count) == expected)
    #expect(x.isIntact)
  }
}
