/// Correlations of scores, equal to scipy's, even for degenerate input. Both arrays have one
/// element per row; rows beyond the shorter array are ignored.
public enum Correlation {
  /// Pearson's coefficient in [−1, 1]; NaN for fewer than two rows, a constant side or a NaN
  /// (`scipy.stats.pearsonr`).
  public static func pearson(_ first: [Double], _ second: [Double]) -> Double {
    let count = min(first.count, second.count)
    guard count > 1 else { return .nan }
    let x = centred(first.prefix(count))
    let y = centred(second.prefix(count))
    guard first.prefix(count).contains(where: { $0 != first[0] }),
      second.prefix(count).contains(where: { $0 != second[0] })
    else { return .nan }
    let normX = norm(x)
    let normY = norm(y)
    // Each side is first scaled by its norm, as in scipy, so that squares cannot overflow.
    let r = zip(x, y).reduce(0) { $0 + $1.0 / normX * ($1.1 / normY) }
    return r.isNaN ? r : max(-1, min(1, r))
  }

  /// Spearman's coefficient: Pearson's over ranks, where equal scores share their mean rank. NaN in
  /// the same cases as `pearson` (`scipy.stats.spearmanr`).
  public static func spearman(_ first: [Double], _ second: [Double]) -> Double {
    let count = min(first.count, second.count)
    guard !first.prefix(count).contains(where: \.isNaN),
      !second.prefix(count).contains(where: \.isNaN)
    else { return .nan }
    return pearson(ranks(first.prefix(count)), ranks(second.prefix(count)))
  }

  /// Ranks from 1; ties get their mean rank.
  static func ranks(_ scores: ArraySlice<Double>) -> [Double] {
    let values = Array(scores)
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for position in start..<end { ranks[order[position]] = Double(start + end + 1) / 2 }
      start = end
    }
    return ranks
  }

  private static func centred(_ values: ArraySlice<Double>) -> [Double] {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.map { $0 - mean }
  }

  private static func norm(_ values: [Double]) -> Double {
    let largest = values.reduce(0) { max($0, abs($1)) }
    guard largest > 0 else { return 0 }
    return largest * values.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot()
  }
}
