/// Holm's correction for several tests: it bounds the probability that any true null hypothesis is
/// rejected, whatever the tests have to do with each other. Source: Holm, "A simple sequentially
/// rejective multiple test procedure", 1979.
public enum Holm {
  /// The adjusted p values, in the order of the given ones: the smallest of m is multiplied by m,
  /// the next by m - 1 and so on; none is below one that was smaller, and none above 1. What is NaN
  /// stays so and does not count.
  public static func adjusted(_ pValues: [Double]) -> [Double] {
    let order = pValues.indices.filter { !pValues[$0].isNaN }.sorted {
      (pValues[$0], $0) < (pValues[$1], $1)
    }
    var adjusted = pValues
    var largest = 0.0
    for (place, index) in order.enumerated() {
      largest = max(largest, min(1, pValues[index] * Double(order.count - place)))
      adjusted[index] = largest
    }
    return adjusted
  }
}
