/// The two factors of scaled dot products between the rows of packed texts, head by head: the
/// queries and the keys. Both may be the same matrix.
public struct ScoreFactors: Sendable {
  /// [query rows, heads * d].
  public let queries: Matrix
  /// [key rows, heads * d].
  public let keys: Matrix

  /// Factors of the same width.
  public init(queries: Matrix, keys: Matrix) {
    precondition(queries.columns == keys.columns)
    self.queries = queries
    self.keys = keys
  }
}

extension Kernel {
  /// KL(softmax(teacher's scores) || softmax(student's scores)) over the keys of each query. A
  /// text's value is the mean over heads and queries; the result is the sum over texts.
  ///
  /// Scores are q k^T / sqrt(d) with each side's own d, so the widths may differ. Direction: the
  /// teacher is the target. Texts without queries count as 0.
  /// - Parameters:
  ///   - dStudent: the gradients of the sum times `weight` are added to these, in the shapes of
  ///     `student`; nil for none. Queries and keys may share memory if the factors do.
  ///   - dTeacher: the same for `teacher`.
  public static func relationDivergence(
    student: ScoreFactors, teacher: ScoreFactors, layout: AttentionLayout, heads: Int,
    weight: Float = 1, dStudent: ScoreFactors?, dTeacher: ScoreFactors?
  ) -> Double {
    let isDifferentiated = dStudent != nil || dTeacher != nil
    return compareScores(student, teacher, layout, heads, dStudent, dTeacher) {
      s, t, rows, length, room in
      let share = weight / Float(rows * heads)
      var total = 0.0
      for row in 0..<rows {
        let (p, q) = (s + row * room, t + row * room)
        let shiftS = logSumExp(p, length, 1)
        let shiftT = logSumExp(q, length, 1)
        var sum = Vector.zero
        vectors(length) { i, n in
          let logS = load(p + i, n) - shiftS
          let logT = load(q + i, n) - shiftT
          sum += Kernels.first(n, of: exp(logT) * (logT - logS), else: 0)
        }
        let divergence = sum.sum()
        total += Double(divergence)
        if !isDifferentiated { continue }
        vectors(length) { i, n in
          let logS = load(p + i, n) - shiftS
          let logT = load(q + i, n) - shiftT
          let target = exp(logT)
          store((exp(logS) - target) * share, p + i, n)
          // The logarithm's own derivative sums to zero (see `divergence`).
          store(target * (logT - logS - divergence) * share, q + i, n)
        }
      }
      return total / Double(rows * heads)
    }
  }

  /// Squared error of the student's scores q k^T / sqrt(d) from the teacher's, before any softmax.
  /// A text's value is the mean over heads, queries and keys; the result is the sum over texts.
  ///
  /// - Parameters:
  ///   - dStudent: as in `relationDivergence`.
  ///   - dTeacher: as in `relationDivergence`.
  public static func scoreError(
    student: ScoreFactors, teacher: ScoreFactors, layout: AttentionLayout, heads: Int,
    weight: Float = 1, dStudent: ScoreFactors?, dTeacher: ScoreFactors?
  ) -> Double {
    compareScores(student, teacher, layout, heads, dStudent, dTeacher) {
      s, t, rows, length, room in
      let elements = rows * length * heads
      let share = 2 * weight / Float(elements)
      var total = 0.0
      for row in 0..<rows {
        let (p, q) = (s + row * room, t + row * room)
        var sum = Vector.zero
        vectors(length) { i, n in
          let difference = load(p + i, n) - load(q + i, n)
          sum.addProduct(difference, difference)
          store(difference * share, p + i, n)
          store(difference * -share, q + i, n)
        }
        total += Double(sum.sum())
      }
      return total / Double(elements)
    }
  }

  /// Calls `compare` with the scores of every text and head, which it overwrites with the loss's
  /// gradients with respect to them, and passes these on to the factors. Returns the sum of what
  /// `compare` returns.
  private static func compareScores(
    _ student: ScoreFactors, _ teacher: ScoreFactors, _ layout: AttentionLayout, _ heads: Int,
    _ dStudent: ScoreFactors?, _ dTeacher: ScoreFactors?,
    _ compare: (
      _ student: FloatPointer, _ teacher: FloatPointer, _ rows: Int, _ length: Int, _ room: Int
    ) -> Double
  ) -> Double {
    precondition(student.queries.columns % heads == 0 && teacher.queries.columns % heads == 0)
    precondition(
      student.queries.rows == teacher.queries.rows && student.keys.rows == teacher.keys.rows)
    let products =
      (dStudent == nil ? 2 : 6) * student.queries.columns
      + (dTeacher == nil ? 2 : 6) * teacher.queries.columns
    let span = Profile.begin(
      .loss, flops: products * (0..<layout.count).reduce(0) { $0 + layout.pairs($1) },
      bytes: 8 * (student.queries.count + teacher.queries.count))
    defer { span.end() }
    var largest = 0
    for text in 0..<layout.count {
      let rows = layout.queries[text + 1] - layout.queries[text]
      largest = max(
        largest, rows * AttentionLayout.room(layout.keys[text + 1] - layout.keys[text]))
    }
    var total = 0.0
    withScratch(2 * largest) { scratch in
      let (s, t) = (scratch, scratch + largest)
      for text in 0..<layout.count {
        let queries = layout.queries[text]..<layout.queries[text + 1]
        let keys = layout.keys[text]..<layout.keys[text + 1]
        if queries.isEmpty || keys.isEmpty { continue }
        let room = AttentionLayout.room(keys.count)
        for head in 0..<heads {
          let ofStudent = HeadFactors(student, queries, keys, head: head, of: heads)
          let ofTeacher = HeadFactors(teacher, queries, keys, head: head, of: heads)
          ofStudent.scores(into: s, room)
          ofTeacher.scores(into: t, room)
          total += compare(s, t, queries.count, keys.count, room)
          if let dStudent {
            ofStudent.addGradient(
              s, room, to: HeadFactors(dStudent, queries, keys, head: head, of: heads))
          }
          if let dTeacher {
            ofTeacher.addGradient(
              t, room, to: HeadFactors(dTeacher, queries, keys, head: head, of: heads))
          }
        }
      }
    }
    return total
  }
}

/// One head of one text's factors.
private struct HeadFactors {
  let queries, keys: FloatPointer
  let queryStride, keyStride: Int
  let rows, length, size: Int

  init(
    _ factors: ScoreFactors, _ queries: Range<Int>, _ keys: Range<Int>, head: Int, of heads: Int
  ) {
    size = factors.queries.columns / heads
    rows = queries.count
    length = keys.count
    queryStride = factors.queries.stride
    keyStride = factors.keys.stride
    self.queries = factors.queries.pointer + queries.lowerBound * queryStride + head * size
    self.keys = factors.keys.pointer + keys.lowerBound * keyStride + head * size
  }

  private var scale: Float { 1 / Float(size).squareRoot() }

  /// q k^T / sqrt(d), with a row of `room` floats per query.
  func scores(into s: FloatPointer, _ room: Int) {
    Kernel.multiply(
      .none, .transposed, rows, length, size, scale, queries, queryStride, keys, keyStride, 0, s,
      room)
  }

  /// Adds to the factors' gradients what a gradient of the scores implies for them.
  func addGradient(_ gradient: FloatPointer, _ room: Int, to target: HeadFactors) {
    Kernel.multiply(
      .none, .none, rows, size, length, scale, gradient, room, keys, keyStride, 1, target.queries,
      target.queryStride)
    Kernel.multiply(
      .transposed, .none, length, size, rows, scale, gradient, room, queries, queryStride, 1,
      target.keys, target.keyStride)
  }
}
