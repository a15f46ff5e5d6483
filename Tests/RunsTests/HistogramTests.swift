import Testing

import Runs

@Suite struct HistogramTests {
  @Test func valuesLieInTheRangesThatContainThem() {
    let histogram = Histogram([0, 0.24, 0.25, 1.1, -1e-7, .nan, .infinity], width: 0.25)
    #expect(histogram.counts == [3, 1, 0, 0, 1])
    #expect(histogram.count == 5 && histogram.least == 0 && histogram.greatest == 1.1)
    #expect(histogram.sum == 0.24 + 0.25 + 1.1)
    #expect(histogram.sumOfSquares == 0.24 * 0.24 + 0.25 * 0.25 + 1.1 * 1.1)
  }

  @Test func nothingHasNoRanges() {
    let histogram = Histogram([.nan], width: 0.25)
    #expect(histogram.counts.isEmpty && histogram.count == 0 && histogram.sum == 0)
  }
}
