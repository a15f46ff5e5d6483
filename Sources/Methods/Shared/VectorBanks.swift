import Glibc
import Kernels
import Models
import StrictJSON
import Synchronization
import Trainers

/// CoDIR's memory: one vector of the teacher and one of the student for every training text, each
/// of length 1, as they were when the text was last seen.
package final class VectorBanks: Sendable {
  /// Whose vectors.
  package enum Side: Int, Sendable { case teacher, student }

  /// [training rows, width], by `Side`.
  private let vectors: [Matrix]
  /// Class of each training row; empty if there are none.
  private let classes: [Int32]
  private let rowsOfClass: [Int32: Int]
  /// log of the mean of exp(product / temperature) over the first batch, by `Side`.
  private let logMeans = Mutex<[Double?]>([nil, nil])

  /// Banks whose vectors are random, of length about 1.
  ///
  /// - Parameters:
  ///   - classes: of the training rows; empty if rows do not have exactly one class each.
  /// - Throws: `MismatchError` unless there are texts of different classes.
  package init(rows: Int, classes: [Int32], width: Int, seed: UInt64) throws {
    self.classes = classes
    rowsOfClass = classes.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    guard rows > 1, classes.isEmpty || rowsOfClass.count > 1 else {
      throw MismatchError(
        .method,
        "method codir contrasts texts of different classes, but the training data has "
          + "\(rows) rows of \(rowsOfClass.count) classes; take another method")
    }
    vectors = (0..<2).map { side in
      let bank = Matrix(zeros: rows, width)
      Kernel.fillNormal(
        bank, standardDeviation: 1 / Float(width).squareRoot(), seed: seed, site: .bank(side))
      return bank
    }
  }

  /// Rows of other classes than that of a row, or any other rows if there are no classes. No row is
  /// repeated if there are enough.
  ///
  /// - Parameter place: the text's place in the batch, which names its draw.
  package func negatives(of row: Int, count: Int, seed: UInt64, draw: Int, place: Int) -> [Int] {
    let all = vectors[0].rows
    let others = classes.isEmpty ? all - 1 : all - (rowsOfClass[classes[row]] ?? 0)
    let mayRepeat = others < count
    var stream = RandomStream(seed: seed, purpose: .noise, step: draw, site: .text(place))
    var seen: Set<Int> = []
    var result: [Int] = []
    while result.count < count {
      let candidate = stream.nextBelow(all)
      let isOther = classes.isEmpty ? candidate != row : classes[candidate] != classes[row]
      if isOther, mayRepeat || seen.insert(candidate).inserted { result.append(candidate) }
    }
    return result
  }

  /// Copies of some rows' vectors.
  func remembered(_ rows: some Collection<Int>, of side: Side, pool: BufferPool) -> Matrix {
    let result = pool.matrix(rows.count, vectors[side.rawValue].columns)
    Kernel.gatherRows(vectors[side.rawValue], Array(rows), into: result)
    return result
  }

  /// What `Tape.noiseContrastive` subtracts: log Z + log(K / n), where Z, n times the mean of
  /// exp(a . c / temperature), is set by the first batch and kept; n drops out.
  func shift(of side: Side, anchors: Matrix, candidates: Matrix, temperature: Float) -> Double {
    let each = candidates.rows / max(1, anchors.rows)
    return logMeans.withLock { kept in
      let logMean =
        kept[side.rawValue]
        ?? Self.logMean(
          of: anchors, candidates: candidates, each: each, temperature: temperature)
      kept[side.rawValue] = logMean
      return logMean + log(Double(max(1, each - 1)))
    }
  }

  private static func logMean(
    of anchors: Matrix, candidates: Matrix, each: Int, temperature: Float
  ) -> Double {
    var sum = 0.0
    for row in 0..<candidates.rows {
      let product = Kernel.dot(
        anchors.rows(row / each..<row / each + 1), candidates.rows(row..<row + 1))
      // |product| is about 1 and the temperature at least 0.01, so a double does not overflow.
      sum += exp(product / Double(temperature))
    }
    return log(sum / Double(max(1, candidates.rows)))
  }

  /// Moves the rows' vectors towards new ones: momentum x old + (1 - momentum) x new, brought to
  /// length 1.
  package func take(teacher: Matrix, student: Matrix, rows: [Int], momentum: Float) {
    // The vectors need no lock, because a step calls this once, while nothing reads them.
    for (side, new) in [teacher, student].enumerated() {
      for (text, row) in rows.enumerated() {
        let kept = vectors[side].rows(row..<row + 1)
        Kernel.scale(kept, by: momentum)
        Kernel.add(new.rows(text..<text + 1), to: kept, alpha: 1 - momentum)
        _ = Kernel.normalizeRows(kept, into: kept)
      }
    }
  }

  /// A row's vector, which tests read and set.
  package func vector(_ row: Int, of side: Side) -> Matrix {
    vectors[side.rawValue].rows(row..<row + 1)
  }
}

extension VectorBanks: StatePart {
  package var stateName: String { "vector_banks" }

  package func record() -> StateRecord {
    let means = logMeans.withLock { $0 }
    return StateRecord(
      values: JSONObject([
        ("log_means", .array(means.map { $0.map(JSONValue.double) ?? .null }))
      ]),
      arrays: ["teacher": .init(copying: vectors[0]), "student": .init(copying: vectors[1])])
  }

  package func restore(_ record: StateRecord) throws {
    let means = try record.list("log_means").map(\.double)
    guard means.count == 2 else { throw StateError("log_means are not two") }
    // Products of vectors of length 1, divided by a temperature of at least 0.01, are no larger.
    guard means.allSatisfy({ abs($0 ?? 0) <= 1000 }) else {
      throw StateError("log_means are larger than they can be")
    }
    let found = try zip(["teacher", "student"], vectors).map { name, bank in
      try record.floats(name, shape: [bank.rows, bank.columns])
    }
    guard found.allSatisfy(\.isFinite) else { throw StateError("a vector is not finite") }
    for (floats, bank) in zip(found, vectors) { floats.copy(to: bank) }
    logMeans.withLock { $0 = means }
  }
}
