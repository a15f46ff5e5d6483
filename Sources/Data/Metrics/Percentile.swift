/// Percentiles as numpy's `percentile` computes them.
public enum Percentile {
  /// The percentile `share` (0 to 1) of ascending values, with linear interpolation between
  /// neighbours; NaN without values.
  public static func value(_ share: Double, ofAscending values: [Double]) -> Double {
    guard let last = values.last else { return .nan }
    let position = share * Double(values.count - 1)
    let below = Int(position)
    guard below + 1 < values.count else { return last }
    return values[below] + (position - Double(below)) * (values[below + 1] - values[below])
  }
}
