import Glibc
import Kernels
import Testing

/// The losses between two models' attention scores against the plainest double-precision form.
@Suite struct ScoreLossesTests {
  enum Loss: CaseIterable { case divergence, error }

  private struct Side {
    let queries, keys: Guarded
    let dQueries, dKeys: Guarded
    let size: Int

    init(_ shape: AttentionTests.Shape, size: Int, _ draws: inout Draws) {
      let width = shape.heads * size
      self.size = size
      queries = Guarded(shape.queryRows, width, &draws)
      keys = Guarded(shape.keyRows, width, &draws)
      // Gradients are added to what is there.
      dQueries = Guarded(shape.queryRows, width, Array(repeating: 2, count: queries.view.count))
      dKeys = Guarded(shape.keyRows, width, Array(repeating: 2, count: keys.view.count))
    }

    var factors: ScoreFactors { ScoreFactors(queries: queries.view, keys: keys.view) }
    var gradients: ScoreFactors { ScoreFactors(queries: dQueries.view, keys: dKeys.view) }
    var all: [Guarded] { [queries, keys, dQueries, dKeys] }
  }

  /// The loss of one head of one text, and its gradients by both sides' scores.
  private func reference(_ loss: Loss, _ s: Table, _ t: Table) -> (Double, ds: Table, dt: Table) {
    switch loss {
    case .error:
      let difference = s.with(t, -)
      return (
        difference.values.reduce(0) { $0 + $1 * $1 }, difference.map { 2 * $0 },
        difference.map { -2 * $0 }
      )
    case .divergence:
      let (logS, logT) = (s.logSoftmax(), t.logSoftmax())
      let p = logT.map { exp($0) }
      let gap = logT.with(logS, -)
      return (
        p.with(gap, *).values.reduce(0, +), logS.map { exp($0) }.with(p, -),
        p.softmaxGradient(gap)
      )
    }
  }

  @Test(arguments: AttentionTests.shapes, Loss.allCases)
  func againstReference(shape: AttentionTests.Shape, loss: Loss) {
    var draws = Draws(shape.queryRows * 31 + shape.keyRows)
    let student = Side(shape, size: shape.size, &draws)
    let teacher = Side(shape, size: shape.size + 2, &draws)
    let layout = shape.layout
    let kernel = loss == .divergence ? Kernel.relationDivergence : Kernel.scoreError
    let sum = kernel(
      student.factors, teacher.factors, layout, shape.heads, 0.5, student.gradients,
      teacher.gradients)
    var expected = 0.0
    var gradients = [student, teacher].map {
      (Table($0.queries).map { _ in 2 }, Table($0.keys).map { _ in 2 })
    }
    for text in 0..<layout.count {
      let rows = layout.queries[text]..<layout.queries[text + 1]
      let keys = layout.keys[text]..<layout.keys[text + 1]
      if rows.isEmpty || keys.isEmpty { continue }
      let elements =
        Double(rows.count * shape.heads) * (loss == .error ? Double(keys.count) : 1)
      for head in 0..<shape.heads {
        let parts = [student, teacher].map { side in
          let columns = head * side.size..<(head + 1) * side.size
          let scale = 1 / Double(side.size).squareRoot()
          let q = Table(side.queries).part(rows, columns)
          let k = Table(side.keys).part(keys, columns)
          return (
            q: q, k: k, columns: columns, scale: scale,
            scores: (q * k.transposed).map { $0 * scale }
          )
        }
        let (value, ds, dt) = reference(loss, parts[0].scores, parts[1].scores)
        expected += value / elements
        for (index, d) in [ds, dt].enumerated() {
          let part = parts[index]
          let slope = d.map { $0 * 0.5 * part.scale / elements }
          let column = part.columns.lowerBound
          func add(_ table: inout Table, _ row: Int, _ more: Table) {
            let old = table.part(row..<row + more.rows, column..<column + more.columns)
            table.set(row, column, old.with(more, +))
          }
          add(&gradients[index].0, rows.lowerBound, slope * part.k)
          add(&gradients[index].1, keys.lowerBound, slope.transposed * part.q)
        }
      }
    }
    // Scores of some 40 terms, a softmax over 65 keys, and its logarithm: 160 roundings.
    #expect(abs(sum - expected) <= 160 * roundoff * max(1, expected))
    for (side, expected) in zip([student, teacher], gradients) {
      for (found, table) in [(side.dQueries, expected.0), (side.dKeys, expected.1)] {
        let worst = zip(Table(found).values, table.values).reduce(0) {
          $1.0.isNaN ? .infinity : max($0, abs($1.0 - $1.1))
        }
        #expect(worst < 160 * roundoff)
      }
      let isIntact = side.all.allSatisfy { $0.isIntact }
      #expect(isIntact)
    }
  }

  /// A matrix that is both factors gets the gradients of both.
  @Test func sharedFactors() {
    var draws = Draws(9)
    let layout = AttentionLayout(offsets: [0, 3, 7])
    let (x, y) = (Guarded(7, 6, &draws), Guarded(7, 4, &draws))
    let zeros = Array<Float>(repeating: 0, count: 42)
    let (apart, together) = ((Guarded(7, 6, zeros), Guarded(7, 6, zeros)), Guarded(7, 6, zeros))
    for d in [
      ScoreFactors(queries: apart.0.view, keys: apart.1.view),
      ScoreFactors(queries: together.view, keys: together.view),
    ] {
      _ = Kernel.relationDivergence(
        student: ScoreFactors(queries: x.view, keys: x.view),
        teacher: ScoreFactors(queries: y.view, keys: y.view), layout: layout, heads: 2,
        dStudent: d, dTeacher: nil)
    }
    let sum = Table(apart.0).with(Table(apart.1), +)
    let worst = zip(sum.values, Table(together).values).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(worst < 16 * roundoff && sum.values.contains { abs($0) > 1e-3 })
  }

  @Test func noGradientsLeaveTheLossAlone() {
    var draws = Draws(4)
    let shape = AttentionTests.Shape.all([3, 17], heads: 2, size: 3)
    let (student, teacher) = (Side(shape, size: 3, &draws), Side(shape, size: 5, &draws))
    func divergence(_ d: ScoreFactors?) -> Double {
      Kernel.relationDivergence(
        student: student.factors, teacher: teacher.factors, layout: shape.layout, heads: 2,
        dStudent: d, dTeacher: nil)
    }
    #expect(divergence(nil) == divergence(student.gradients) && divergence(nil) > 0)
  }

  @Test(arguments: [(1, 3), (7, 3), (33, 15), (5, 40)])
  func largestColumns(columns: Int, count: Int) {
    var draws = Draws(columns)
    let x = Guarded(4, columns, &draws)
    for row in 0..<4 where columns > 4 { x.view[row, 2] = x.view[row, 4] }  // equal elements
    for (row, found) in Kernel.largestColumns(x.view, count: count).enumerated() {
      let expected = (0..<columns).sorted { a, b in
        (-x.view[row, a], a) < (-x.view[row, b], b)
      }
      #expect(found.map { Int($0) } == Array(expected.prefix(count)))
    }
    #expect(x.isIntact)
  }
}
