import Kernels
import Testing

@Suite struct AttentionTests {
  /// Packed sequences of one test: how many rows ask and how many there are to attend to.
  struct Shape: Sendable, CustomStringConvertible {
    let queries: [Int]
    let keys: [Int]
    let heads: Int
    let size: Int

    static func all(_ lengths: [Int], heads: Int, size: Int) -> Shape {
      Shape(queries: lengths, keys: lengths, heads: heads, size: size)
    }

    private static func borders(_ lengths: [Int]) -> [Int] {
      lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
    }

    var layout: AttentionLayout {
      queries == keys
        ? AttentionLayout(offsets: Self.borders(keys))
        : AttentionLayout(queries: Self.borders(queries), keys: Self.borders(keys))
    }
    var width: Int { heads * size }
    var queryRows: Int { queries.reduce(0, +) }
    var keyRows: Int { keys.reduce(0, +) }
    var description: String { "\(queries) of \(keys), \(heads) heads of \(size)" }
  }

  static let shapes: [Shape] = [
    .all([], heads: 1, size: 4), .all([1], heads: 1, size: 1), .all([1, 1, 1], heads: 2, size: 3),
    .all([3, 1, 5], heads: 2, size: 4), .all([0, 2, 0, 7, 0], heads: 3, size: 5),
    .all([15, 16, 17], heads: 2, size: 8), .all([31, 33, 2], heads: 1, size: 7),
    .all([64, 65, 1, 130], heads: 2, size: 16),
    Shape(queries: [1, 1, 1], keys: [3, 1, 5], heads: 2, size: 4),
    Shape(queries: [0, 2, 0, 1], keys: [3, 4, 17, 70], heads: 2, size: 5),
    Shape(queries: [0, 0], keys: [2, 33], heads: 1, size: 3),
    Shape(queries: [5, 0, 33], keys: [31, 2, 65], heads: 3, size: 4),
  ]

  /// softmax(q k^T / sqrt(d)), times the dropout factors, times v; and the gradients of all three.
  private struct Reference {
    var context: Table
    var dq, dk, dv: Table

    init(
      _ shape: Shape, q: Table, k: Table, v: Table, dContext: Table,
      factors: (_ sequence: Int, _ head: Int) -> Table?
    ) {
      context = Table(q.rows, q.columns)
      dq = Table(q.rows, q.columns)
      dk = Table(k.rows, k.columns)
      dv = Table(k.rows, k.columns)
      let d = shape.size
      let scale = 1 / Double(d).squareRoot()
      let layout = shape.layout
      for s in 0..<layout.count {
        let rows = layout.queries[s]..<layout.queries[s + 1]
        let keys = layout.keys[s]..<layout.keys[s + 1]
        for head in 0..<shape.heads {
          let c = head * d..<(head + 1) * d
          let (qs, ks, vs) = (q.part(rows, c), k.part(keys, c), v.part(keys, c))
          let ds = dContext.part(rows, c)
          let p = (qs * ks.transposed).softmax(scale: scale)
          let f = factors(s, head) ?? Table(rows.count, keys.count, 1)
          let used = p.with(f, *)
          context.set(rows.lowerBound, c.lowerBound, used * vs)
          dv.set(keys.lowerBound, c.lowerBound, used.transposed * ds)
          let dScores = p.softmaxGradient((ds * vs.transposed).with(f, *)).map { $0 * scale }
          dq.set(rows.lowerBound, c.lowerBound, dScores * ks)
          dk.set(keys.lowerBound, c.lowerBound, dScores.transposed * qs)
        }
      }
    }
  }

  /// Runs the kernels on strided views and compares with the reference.
  private func compare(
    _ shape: Shape, dropout: Dropout?, factors: (Int, Int) -> Table? = { _, _ in nil }
  ) {
    var draws = Draws(shape.keyRows * 10 + shape.heads)
    let w = shape.width
    let q = Guarded(shape.queryRows, w, &draws)
    let k = Guarded(shape.keyRows, w, &draws)
    let v = Guarded(shape.keyRows, w, &draws)
    let dContext = Guarded(shape.queryRows, w, &draws)
    let expected = Reference(
      shape, q: Table(q), k: Table(k), v: Table(v), dContext: Table(dContext), factors: factors)
    let layout = shape.layout
    let probabilities = Guarded(1, layout.probabilityCount(heads: shape.heads))
    let context = Guarded(shape.queryRows, w)
    Kernel.attention(
      q: q.view, k: k.view, v: v.view, layout: layout, heads: shape.heads, dropout: dropout,
      probabilities: probabilities.view, into: context.view)
    // Scores are sums of `size` products up to 4, values sums of convex weights times at most 2.
    let tolerance = Double(4 * shape.size + 40) * 4 * roundoff
    #expect(deviation(context.view, expected.context.values) <= tolerance)
    #expect(context.isIntact && probabilities.isIntact)

    let without = Guarded(shape.queryRows, w)
    Kernel.attention(
      q: q.view, k: k.view, v: v.view, layout: layout, heads: shape.heads, dropout: dropout,
      probabilities: nil, into: without.view)
    #expect(without.view.values == context.view.values)
    #expect(without.isIntact)

    let (dq, dk, dv) = (
      Guarded(shape.queryRows, w), Guarded(shape.keyRows, w), Guarded(shape.keyRows, w)
    )
    Kernel.attentionGradient(
      dContext: dContext.view, q: q.view, k: k.view, v: v.view, layout: layout,
      heads: shape.heads, dropout: dropout, probabilities: probabilities.view, dq: dq.view,
      dk: dk.view, dv: dv.view)
    let backward = tolerance * 4
    #expect(deviation(dq.view, expected.dq.values) <= backward)
    #expect(deviation(dk.view, expected.dk.values) <= backward)
    #expect(deviation(dv.view, expected.dv.values) <= backward)
    #expect([dq, dk, dv, q, k, v, dContext, probabilities].allSatisfy { $0.isIntact })
  }

  @Test(arguments: shapes) func withoutDropout(shape: Shape) { compare(shape, dropout: nil) }

  /// The dropout factors that the forward pass uses: with an identity for values the context is the
  /// dropped probabilities. Needs heads at least as wide as the longest sequence.
  private func factors(_ shape: Shape, _ dropout: Dropout) -> (Int, Int) -> Table {
    let zero = Matrix(zeros: shape.queryRows, shape.width)
    let keys = Matrix(zeros: shape.keyRows, shape.width)
    let identity = Matrix(zeros: shape.keyRows, shape.width)
    let layout = shape.layout
    for s in 0..<layout.count {
      for head in 0..<shape.heads {
        for i in 0..<shape.keys[s] { identity[layout.keys[s] + i, head * shape.size + i] = 1 }
      }
    }
    let context = Matrix(zeros: shape.queryRows, shape.width)
    Kernel.attention(
      q: zero, k: keys, v: identity, layout: layout, heads: shape.heads, dropout: dropout,
      probabilities: nil, into: context)
    let all = Table(context)
    return { s, head in
      // All scores are equal, so each probability is 1 / length.
      all.part(
        layout.queries[s]..<layout.queries[s + 1],
        head * shape.size..<head * shape.size + shape.keys[s]
      ).map { $0 * Double(shape.keys[s]) }
    }
  }

  static let wideShapes: [Shape] = [
    .all([3, 1, 5, 8], heads: 2, size: 8), .all([17, 0, 2], heads: 3, size: 18),
    .all([70, 1, 65, 3], heads: 2, size: 71),
    Shape(queries: [1, 0, 2], keys: [7, 3, 20], heads: 2, size: 20),
  ]

  @Test(arguments: wideShapes)
  func withDropout(shape: Shape) throws {
    let p: Float = 0.3
    let dropout = try #require(Dropout(probability: p, seed: 5, step: 1, site: .part(4)))
    let pattern = factors(shape, dropout)
    var count = 0.0
    var dropped = 0.0
    for s in 0..<shape.keys.count {
      for head in 0..<shape.heads {
        for f in pattern(s, head).values {
          #expect(f == 0 || abs(f - 1 / Double(1 - p)) < 1e-5)
          count += 1
          dropped += f == 0 ? 1 : 0
        }
      }
    }
    #expect(abs(dropped - 0.3 * count) < 5 * (0.21 * count).squareRoot())
    compare(shape, dropout: dropout) { pattern($0, $1) }
  }

  /// Every probability row of a layer draws numbers of its own, also among sequences whose rows
  /// take different numbers of Philox blocks (64 columns each).
  @Test func noTwoRowsShareADropoutPattern() throws {
    let shape = Shape.all([64, 65, 64, 64, 130, 64, 64, 64], heads: 2, size: 130)
    let dropout = try #require(Dropout(probability: 0.5, seed: 6, step: 1, site: .part(4)))
    let pattern = factors(shape, dropout)
    var seen: Set<[Bool]> = []
    var rows = 0
    for s in 0..<shape.keys.count {
      for head in 0..<shape.heads {
        let table = pattern(s, head)
        for row in 0..<table.rows {
          for start in stride(from: 0, through: table.columns - 64, by: 64) {
            seen.insert((start..<start + 64).map { table[row, $0] == 0 })
            rows += 1
          }
        }
      }
    }
    #expect(seen.count == rows, "\(rows - seen.count) of \(rows) stretches of 64 repeat others")
  }

  @Test func layoutCounts() {
    let layout = AttentionLayout(queries: [0, 1, 1, 3], keys: [0, 16, 20, 37])
    #expect(layout.count == 3)
    #expect(layout.probabilityCount(heads: 2) == 2 * (1 * 16 + 0 + 2 * 32))
    #expect(AttentionLayout(offsets: []).count == 0)
    #expect(AttentionLayout(offsets: [0]).count == 0)
  }
}
