extension Kernel {
  /// The columns of the `count` largest elements of each row, largest first. Of equal elements, the
  /// leftmost comes first. A row shorter than `count` gives all its columns.
  public static func largestColumns(_ x: Matrix, count: Int) -> [[Int32]] {
    let span = Profile.begin(.elementwise, bytes: 4 * x.count)
    defer { span.end() }
    return (0..<x.rows).map { row in
      let p = x.pointer + row * x.stride
      var best: [(value: Float, column: Int32)] = []
      best.reserveCapacity(count + 1)
      for column in 0..<x.columns {
        let value = p[column]
        if best.count == count {
          guard let last = best.last, value > last.value else { continue }
          best.removeLast()
        }
        let place = best.firstIndex { $0.value < value } ?? best.count
        best.insert((value, Int32(truncatingIfNeeded: column)), at: place)
      }
      return best.map(\.column)
    }
  }
}
