/// The slope of a function that is computed in float32, by central differences, and by how much the
/// slope may be off.
///
/// Values at one, two and three steps to either side give a difference of the sixth order. It is
/// off by
/// - its truncation, h^6 |f^(7)| / 140. That is 64 times the truncation at half the step, so it is
///   what the differences at a half and at a quarter of the step are away, where the series
///   converges; where it does not, the two do not agree with it by chance;
/// - the roundings of the values, (3/2 + 3/10 + 1/30) e / h if each is off by e.
///
/// The former falls with the step and the latter rises, so the step with the least sum is taken.
package struct CentralDifference {
  /// f'(0).
  package let slope: Double
  /// A bound of its error.
  package let error: Double

  /// The slope of a sum of terms.
  ///
  /// - Parameters:
  ///   - longest: the first step; the next ones are each half as long.
  ///   - halvings: how many steps there are to choose from.
  ///   - deviation: the standard deviation of a term's roundings, which are independent of those
  ///     of other terms. Terms that are the same everywhere cancel with all their roundings. Six
  ///     deviations of the sum are counted.
  ///   - terms: at a distance from the place of the slope.
  package init(
    longest: Double, halvings: Int, deviation: (_ term: Double) -> Double,
    terms: (_ distance: Double) throws -> [Double]
  ) rethrows {
    var found: [(slope: Double, rounding: Double)] = []
    for halving in 0..<halvings + 2 {
      let step = longest / Double(1 << halving)
      let places = try [-3, -2, -1, 1, 2, 3].map { try terms($0 * step) }
      var variance = 0.0
      for term in places[0].indices {
        let values = places.map { $0[term] }
        if values.contains(where: { $0 != values[0] }) {
          let largest = values.map { deviation(abs($0)) }.max() ?? 0
          variance += largest * largest
        }
      }
      let sums = places.map { $0.reduce(0, +) }
      let differences = (1...3).map { (distance: Int) -> Double in
        (sums[2 + distance] - sums[3 - distance]) / (2 * Double(distance) * step)
      }
      let slope = 1.5 * differences[0] - 0.6 * differences[1] + 0.1 * differences[2]
      found.append((slope, 11.0 / 6 * 6 * variance.squareRoot() / step))
    }
    var best = (slope: Double.nan, error: Double.infinity)
    for step in 0..<halvings {
      let truncation = max(
        abs(found[step].slope - found[step + 1].slope),
        abs(found[step].slope - found[step + 2].slope))
      let error = truncation + found[step].rounding
      if error < best.error { best = (found[step].slope, error) }
    }
    (slope, error) = best
  }

  /// Whether a slope found otherwise is this one.
  ///
  /// - Parameter error: how far the other may be off.
  package func agrees(with found: Double, within error: Double) -> Bool {
    abs(found - slope) <= self.error + error
  }
}
