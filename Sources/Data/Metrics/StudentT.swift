import Glibc

/// Student's t distribution.
public enum StudentT {
  /// The probability that |T| is at least |t| with `degrees` degrees of freedom: the p value of a
  /// two-sided test (`2 * scipy.stats.t.sf(abs(t), degrees)`). It is 0 for an infinite t, and NaN
  /// if t is NaN or there are no degrees of freedom. The relative error is below 1e-11 where p is
  /// above 1e-300.
  public static func twoSided(_ t: Double, degrees: Int) -> Double {
    guard degrees > 0, !t.isNaN else { return .nan }
    let n = Double(degrees)
    let square = t * t
    guard square.isFinite else { return 0 }
    // P(|T| > t) = I_x(n/2, 1/2), the regularised incomplete beta function, at x = n / (n + t^2).
    // The complement of x is computed separately, since it may be tiny.
    let (x, y) = (n / (n + square), square / (n + square))
    guard y > 0 else { return 1 }
    let front = inverseBeta(degrees) * exp(n / 2 * log(x)) * y.squareRoot()
    // The fraction converges fast on this side of the mean; on the other side, use the symmetric
    // one.
    return x < (n / 2 + 1) / (n / 2 + 2.5)
      ? front * betaFraction(x, n / 2, 0.5) / (n / 2) : 1 - front * betaFraction(y, 0.5, n / 2) * 2
  }

  /// The probability that T is at least t: the p value of a one-sided test
  /// (`scipy.stats.t.sf(t, degrees)`).
  public static func oneSided(_ t: Double, degrees: Int) -> Double {
    let half = twoSided(t, degrees: degrees) / 2
    return t < 0 ? 1 - half : half
  }

  /// The t with P(|T| <= t) = level (`scipy.stats.t.ppf((1 + level) / 2, degrees)`); NaN without
  /// degrees of freedom.
  public static func bound(level: Double, degrees: Int) -> Double {
    guard degrees > 0, level > 0, level < 1 else { return .nan }
    var (low, high) = (0.0, 1.0)
    while twoSided(high, degrees: degrees) > 1 - level { high *= 2 }
    while true {
      let middle = (low + high) / 2
      guard low < middle, middle < high else { return middle }
      if twoSided(middle, degrees: degrees) > 1 - level { low = middle } else { high = middle }
    }
  }

  /// 1 / B(n/2, 1/2) = gamma((n + 1)/2) / (gamma(n/2) sqrt(pi)), by the recurrence of gamma.
  private static func inverseBeta(_ n: Int) -> Double {
    var value = n % 2 == 0 ? 0.5 : 1 / Double.pi
    for k in stride(from: n % 2 == 0 ? 2 : 1, to: n, by: 2) { value *= Double(k + 1) / Double(k) }
    return value
  }

  /// The continued fraction of I_x(a, b) (Abramowitz and Stegun 26.5.8) by Lentz's method.
  private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    func away(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    var c = 1.0
    var d = 1 / away(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...1000 {
      let m = Double(step)
      for term in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 / away(1 + term * d)
        c = away(1 + term / c)
        result *= c * d
      }
      if abs(c * d - 1) < 1e-16 { break }
    }
    return result
  }
}

/// The paired t test: whether the mean of differences is 0 (`scipy.stats.ttest_rel`).
public struct PairedTTest: Sendable, Equatable {
  /// Number of pairs.
  public let count: Int
  /// Mean of the differences.
  public let mean: Double
  /// Mean / (standard deviation / sqrt(count)). Infinite if all differences are equal, NaN if all
  /// are 0.
  public let statistic: Double
  /// Two-sided p value with count - 1 degrees of freedom.
  public let pValue: Double
  /// One-sided p value, for the hypothesis that the mean is above 0.
  public let pGreater: Double
  private let error: Double

  /// The test of the given differences; nil for fewer than two.
  public init?(_ differences: [Double]) {
    guard differences.count > 1 else { return nil }
    let summary = SampleSummary(differences)
    count = differences.count
    mean = summary.mean
    error = summary.standardDeviation / Double(count).squareRoot()
    statistic = differences.allSatisfy { $0 == 0 } ? .nan : mean / error
    pValue = StudentT.twoSided(statistic, degrees: count - 1)
    pGreater = StudentT.oneSided(statistic, degrees: count - 1)
  }

  /// The interval for the mean that covers it with probability `level` (scipy's
  /// `ttest_rel(…).confidence_interval(level)`); nil if a difference is undefined.
  public func interval(level: Double = 0.95) -> ClosedRange<Double>? {
    guard mean.isFinite, error.isFinite else { return nil }
    let reach = error == 0 ? 0 : StudentT.bound(level: level, degrees: count - 1) * error
    return mean - reach...mean + reach
  }
}

/// Mean and spread of a few numbers.
public struct SampleSummary: Sendable, Equatable {
  /// How many numbers.
  public let count: Int
  /// Their mean; NaN without numbers.
  public let mean: Double
  /// Their standard deviation with count - 1 in the denominator; NaN for fewer than two.
  public let standardDeviation: Double

  /// The summary of numbers.
  public init(_ values: [Double]) {
    count = values.count
    // The shifted mean of equal numbers is that number, so that their deviation is 0.
    let shift = values.first ?? .nan
    mean = shift + values.reduce(0) { $0 + ($1 - shift) } / Double(values.count)
    let centre = mean
    let squares = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    standardDeviation = count > 1 ? (squares / Double(count - 1)).squareRoot() : .nan
  }
}
