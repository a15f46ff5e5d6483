import Kernels
import Testing

@Suite struct EmbeddingTests {
  @Test(arguments: oddSizes, [true, false])
  func lookUpAndItsGradient(columns: Int, hasTypes: Bool) {
    for rows in oddSizes {
      var draws = Draws(rows + 1000 * columns)
      let words = Guarded(11, columns, &draws)
      let positions = Guarded(131, columns, &draws)
      let types = Guarded(2, columns, &draws)
      let ids = (0..<rows).map { _ in Int32(draws.below(11)) }
      let positionIDs = (0..<rows).map { Int32(130 - $0) }
      let typeIDs = (0..<rows).map { _ in Int32(draws.below(2)) }
      let out = Guarded(rows, columns)
      Kernel.embed(
        words: words.view, ids: ids, positions: positions.view, positionIDs: positionIDs,
        types: hasTypes ? types.view : nil, typeIDs: typeIDs, into: out.view)
      var expected: [Float] = []
      for i in 0..<rows {
        for j in 0..<columns {
          let word = words.view[Int(ids[i]), j]
          let place = positions.view[Int(positionIDs[i]), j]
          // Same order of additions as transformers, hence equality.
          expected.append(hasTypes ? word + types.view[Int(typeIDs[i]), j] + place : word + place)
        }
      }
      #expect(out.view.values == expected)
      #expect(out.isIntact)

      let table = Guarded(11, columns, &draws)
      var sums = Table(table)
      var magnitude = sums.map { abs($0) + 1e-30 }
      for i in 0..<rows {
        for j in 0..<columns {
          sums[Int(ids[i]), j] += Double(out.view[i, j])
          magnitude[Int(ids[i]), j] += Double(abs(out.view[i, j]))
        }
      }
      Kernel.embedGradient(out.view, ids: ids, into: table.view)
      #expect(
        deviation(table.view, sums.values, scale: magnitude.values) <= Double(rows + 1) * roundoff)
      #expect(table.isIntact && out.isIntact && words.isIntact && positions.isIntact)
    }
  }
}
