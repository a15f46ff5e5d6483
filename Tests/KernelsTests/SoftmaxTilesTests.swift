import Kernels
import TestSupport
import Testing

@Suite struct SoftmaxTilesTests {
  /// Rows of 130 columns in tiles that do and do not divide them: weighted means, log-sum-exp and
  /// probabilities are those of whole rows, also where the largest logit comes late.
  @Test(arguments: [1, 3, 33, 64, 65, 130, 200], [1, 0.25, 3] as [Float])
  func tilesMakeWholeRows(tile: Int, scale: Float) {
    let columns = 130
    // Every tile rescales what came before, at six roundings; logits up to 15 are scaled by up to
    // 3.
    let tolerance = Roundings.gamma(6 * columns + 2 * 45)
    for (rows, width) in [(0, 3), (1, 1), (3, 33), (7, 17)] {
      var draws = Draws(rows + 10 * tile)
      let logits = Table(rising(rows, columns, &draws))
      let words = Table(Guarded(columns, width, &draws))
      let (tops, sums) = (Guarded(rows, 1), Guarded(rows, 1))
      tops.view.fill(Kernel.noLogit)
      sums.view.fill(0)
      let means = [Guarded(rows, width), Guarded(rows, width)]
      for mean in means { mean.view.fill(0) }
      for start in stride(from: 0, to: columns, by: tile) {
        let range = start..<min(columns, start + tile)
        let part = Guarded(
          rows, range.count, logits.part(0..<rows, range).values.map { Float($0) })
        Kernel.addSoftmaxTile(
          part.view, scale: scale, tops: tops.view, sums: sums.view,
          weighted: means.map(\.view))
        let product = Table(part) * words.part(range, 0..<width)
        for mean in means {
          for i in 0..<rows {
            for j in 0..<width { mean.view[i, j] += Float(product[i, j]) }
          }
        }
        #expect(part.isIntact)
      }
      Kernel.finishSoftmaxTiles(
        tops: tops.view, sums: sums.view, weighted: means.map(\.view), factor: 0.5)
      let soft = logits.softmax(scale: Double(scale))
      let expected = (soft * words).map { 0.5 * $0 }
      for mean in means {
        #expect(deviation(mean.view, expected.values) < tolerance)
        #expect(mean.isIntact)
      }
      let whole = Guarded(rows, columns, logits.values.map { Float($0) })
      Kernel.exponentials(whole.view, scale: scale, shifts: tops.view)
      #expect(deviation(whole.view, soft.values) < tolerance)
      for row in 0..<rows {
        let sum = whole.view.rows(row..<row + 1).values.reduce(0) { $0 + Double($1) }
        #expect(abs(sum - 1) < tolerance)
      }
      #expect(tops.isIntact && sums.isIntact && whole.isIntact)
    }
  }

  /// Logits that grow from left to right, so that every tile raises the maximum.
  private func rising(_ rows: Int, _ columns: Int, _ draws: inout Draws) -> Guarded {
    Guarded(
      rows, columns,
      (0..<rows * columns).map { Float($0 % columns) * 0.1 + draws.float() })
  }

  @Test func hugeAndFarApartLogitsStayFinite() {
    let (tops, sums) = (Matrix(zeros: 2, 1), Matrix(zeros: 2, 1))
    tops.fill(Kernel.noLogit)
    let mean = Matrix(zeros: 2, 1)
    for (left, right) in [([-1e30, 1e30], [-1e4, 1e4]), ([1e30, -1e30], [1e4, -1e4])]
      as [(
        [Float], [Float]
      )]
    {
      let tile = Matrix(left + right, rows: 2, columns: 2)
      Kernel.addSoftmaxTile(tile, tops: tops, sums: sums, weighted: [mean])
      // Every word has the value 1.
      for row in 0..<2 { mean[row, 0] += tile[row, 0] + tile[row, 1] }
    }
    Kernel.finishSoftmaxTiles(tops: tops, sums: sums, weighted: [mean])
    #expect(mean.values.allSatisfy { Double(abs($0 - 1)) < Roundings.gamma(16) })
    #expect(tops.isFinite)
  }

  @Test func notANumberSpoilsItsRow() {
    let (tops, sums) = (Matrix(zeros: 2, 1), Matrix(zeros: 2, 1))
    tops.fill(Kernel.noLogit)
    let mean = Matrix(zeros: 2, 1)
    let tile = Matrix([0, .nan, 0, 0], rows: 2, columns: 2)
    Kernel.addSoftmaxTile(tile, tops: tops, sums: sums, weighted: [mean])
    for row in 0..<2 { mean[row, 0] += tile[row, 0] + tile[row, 1] }
    Kernel.finishSoftmaxTiles(tops: tops, sums: sums, weighted: [mean])
    #expect(mean[0, 0].isNaN && tops[0, 0].isNaN)
    #expect(mean[1, 0] == 1)
  }
}
