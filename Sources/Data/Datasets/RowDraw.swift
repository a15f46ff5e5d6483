import Files
import Kernels

/// Draws rows of a data set. The same seed draws the same rows of the same data.
public enum RowDraw {
  /// As many rows as asked for, or all; in file order.
  public static func rows(_ count: Int, of total: Int, seed: UInt64) -> [Int] {
    guard count < total else { return Array(0..<total) }
    var random = RandomStream(seed: seed, purpose: .shuffle, site: .sample)
    return draw(count, of: Array(0..<total), &random)
  }

  /// As many rows of every class as asked for; in file order.
  ///
  /// - Throws: `FileError` for data without classes, or if a class has fewer rows.
  public static func rows(
    perClass count: Int, of text: TextDataset, seed: UInt64
  ) throws -> [Int] {
    var rows: [Int] = []
    for (label, members) in strata(text).enumerated() {
      guard case .class(let id) = text.label(members[0]) else {
        throw FileError(
          file: text.source, problem: "samples_per_class is for rows with one class each.")
      }
      guard members.count >= count else {
        let name = text.task?.labelNames[Int(id)] ?? "\(id)"
        throw FileError(
          file: text.source,
          problem: "samples_per_class is \(count), but the label \"\(name)\" has only "
            + "\(members.count) rows.")
      }
      var random = RandomStream(seed: seed, purpose: .shuffle, step: label, site: .sample)
      rows += draw(count, of: members, &random)
    }
    return rows.sorted()
  }

  /// Divides rows in two: a share that is held out, with as equal a share of every class as whole
  /// rows allow, and the rest; both in file order. Rows without a class are one group.
  public static func heldOut(
    _ share: Double, of text: TextDataset, seed: UInt64
  ) -> (rest: [Int], heldOut: [Int]) {
    let groups = strata(text)
    let wanted = groups.map { Double($0.count) * share }
    var counts = wanted.map { Int($0) }
    // The groups with the largest remainders get what whole numbers leave over.
    let total = Int((Double(text.count) * share).rounded())
    let order = groups.indices.sorted {
      (wanted[$0] - Double(counts[$0]), $1) > (wanted[$1] - Double(counts[$1]), $0)
    }
    for group in order.prefix(max(0, total - counts.reduce(0, +))) { counts[group] += 1 }
    var heldOut: [Int] = []
    for (group, members) in groups.enumerated() {
      var random = RandomStream(seed: seed, purpose: .shuffle, step: group, site: .heldOut)
      heldOut += draw(counts[group], of: members, &random)
    }
    let chosen = Set(heldOut)
    return ((0..<text.count).filter { !chosen.contains($0) }, heldOut.sorted())
  }

  /// The rows of each class, in the order of the classes.
  private static func strata(_ text: TextDataset) -> [[Int]] {
    var groups: [Int32: [Int]] = [:]
    for row in 0..<text.count {
      if case .class(let id) = text.label(row) {
        groups[id, default: []].append(row)
      } else {
        groups[-1, default: []].append(row)
      }
    }
    return groups.sorted { $0.key < $1.key }.map(\.value)
  }

  private static func draw(
    _ count: Int, of rows: [Int], _ random: inout RandomStream
  ) -> [Int] {
    // The beginning of a Fisher-Yates shuffle.
    var rows = rows
    for place in 0..<min(count, rows.count) {
      rows.swapAt(place, place + random.nextBelow(rows.count - place))
    }
    return rows.prefix(count).sorted()
  }
}
