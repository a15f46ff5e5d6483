import Foundation

/// The range of an axis with round numbers to label.
package struct Axis {
  /// The range of the data.
  package let data: ClosedRange<Double>
  /// The labelled numbers.
  package let ticks: [Double]
  private let range: ClosedRange<Double>

  package init(_ data: ClosedRange<Double>) {
    self.data = data
    let size = data.upperBound - data.lowerBound
    guard size > 1e-300, size.isFinite else {
      // A single number, or what hardly differs from one, stands in the middle.
      let half = max(abs(data.lowerBound) * 0.1, 1e-9)
      range = data.lowerBound - half...data.upperBound + half
      ticks = [data.lowerBound]
      return
    }
    let step = Self.step(size / 4)
    let first = (data.lowerBound / step).rounded(.down)
    let last = (data.upperBound / step).rounded(.up)
    range = first * step...last * step
    ticks = (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  /// A labelled number with as many digits as tell it from the next one; one that stands alone has
  /// four, as in the tables.
  package func label(_ tick: Double) -> String {
    if ticks.count == 1, tick != tick.rounded() { return NumberFormat.short(tick) }
    let largest = ticks.map(abs).max() ?? 0
    let step = ticks.count > 1 ? ticks[1] - ticks[0] : 0
    let digits = largest > 0 && step > 0 ? log10(largest / step).rounded(.up) + 1 : 0
    return String(format: "%.\(Int(min(15, max(6, digits))))g", tick)
  }

  /// Where a number stands, from 0 to 1.
  package func share(_ value: Double) -> Double {
    (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// The least round number that is no less: 1, 2 or 5 times a power of ten.
  private static func step(_ size: Double) -> Double {
    let power = pow(10, log10(size).rounded(.down))
    return power * ([1, 2, 5].first { $0 * power >= size } ?? 10)
  }
}

extension ClosedRange<Double> {
  /// The range with one more number in it.
  func including(_ value: Double) -> ClosedRange<Double> {
    Swift.min(lowerBound, value)...Swift.max(upperBound, value)
  }
}
