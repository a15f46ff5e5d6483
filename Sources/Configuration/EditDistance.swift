/// Finds the name that a misspelt one was meant to be.
public enum EditDistance {
  /// The number of insertions, deletions, substitutions and swaps of neighbours between two names
  /// (optimal string alignment).
  public static func between(_ left: String, _ right: String) -> Int {
    let (a, b) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
    var older = [Int]()
    var previous = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var cost = min(
          previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, older[j - 1] + 1) }
        row.append(cost)
      }
      (older, previous) = (previous, row)
    }
    return previous[b.count]
  }

  /// The closest of the known names, or nil if none is close: at most a third of the longer name
  /// may differ. Case, `-` and `_` never make a difference. A known name that begins or ends with
  /// the given one (`batch_size`) counts as close, too, if the given one has at least four letters.
  public static func nearest(to name: String, among known: [String]) -> String? {
    // Nobody means any of them by a name that is as long as a book.
    guard name.utf8.count <= 200 else { return nil }
    func folded(_ text: String) -> String {
      text.lowercased().filter { $0 != "-" && $0 != "_" }
    }
    let letters = folded(name)
    if !letters.isEmpty, let same = known.first(where: { folded($0) == letters }) { return same }
    let scored = known.map { (name: $0, distance: between(name, $0)) }
    if let best = scored.min(by: { $0.distance < $1.distance }),
      best.distance * 3 <= max(name.count, best.name.count)
    {
      return best.name
    }
    guard name.count >= 4 else { return nil }
    return known.first { $0.hasSuffix("_" + name) || $0.hasPrefix(name + "_") }
  }

  /// A clause for the end of an error message: the closest name, or all of them.
  public static func suggestion(for name: String, among known: [String]) -> String {
    if let nearest = nearest(to: name, among: known) { return "did you mean \"\(nearest)\"?" }
    if known.isEmpty { return "no key is known here." }
    return "known are \(known.sorted().joined(separator: ", "))."
  }
}
