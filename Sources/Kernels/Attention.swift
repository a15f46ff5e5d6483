/// Which rows of a packed batch belong together in attention.
public struct AttentionLayout: Sendable {
  /// Row borders of the queries: sequence s owns rows queries[s]..<queries[s + 1].
  public let queries: [Int]
  /// Row borders of keys and values; as many sequences as `queries`.
  public let keys: [Int]

  /// Every row attends to all rows of its sequence.
  public init(offsets: [Int]) {
    queries = offsets
    keys = offsets
  }

  /// Only some rows are queries: sequence s has queries[s + 1] - queries[s] of them.
  public init(queries: [Int], keys: [Int]) {
    precondition(queries.count == keys.count)
    self.queries = queries
    self.keys = keys
  }

  /// Number of sequences.
  public var count: Int { max(0, keys.count - 1) }

  /// The length of a probability row, rounded up so that rows need no tail handling.
  static func room(_ length: Int) -> Int { (length + 15) / 16 * 16 }

  /// Number of queries of a sequence.
  func queryCount(_ sequence: Int) -> Int { queries[sequence + 1] - queries[sequence] }

  /// Number of keys of a sequence.
  func keyCount(_ sequence: Int) -> Int { keys[sequence + 1] - keys[sequence] }

  /// Pairs of a query and a key of a sequence.
  func pairs(_ sequence: Int) -> Int { queryCount(sequence) * keyCount(sequence) }

  /// The number of floats that the attention probabilities of all heads take.
  public func probabilityCount(heads: Int) -> Int {
    var total = 0
    for s in 0..<count {
      total += (queries[s + 1] - queries[s]) * Self.room(keys[s + 1] - keys[s]) * heads
    }
    return total
  }
}

extension Kernel {
  /// Scaled dot-product attention over packed sequences: softmax(q k^T / sqrt(d)) v for each head.
  ///
  /// Source: Vaswani et al. 2017, eq. 1; dropout on the probabilities as in BERT.
  /// - Parameters:
  ///   - q: [query rows, heads * d]. k and v: [key rows, heads * d]. All may be views into a fused
  ///     product.
  ///   - probabilities: one row of `layout.probabilityCount(heads:)` floats that receives the
  ///     softmax before dropout, which the backward pass needs; nil keeps none.
  ///   - context: [query rows, heads * d], receives the result.
  public static func attention(
    q: Matrix, k: Matrix, v: Matrix, layout: AttentionLayout, heads: Int, dropout: Dropout?,
    probabilities: Matrix?, into context: Matrix
  ) {
    share(.attention, layout, heads: heads, isDropped: dropout != nil) { s, range, first in
      let columns = q.columns / heads * range.count
      let span = Profile.begin(
        .attention, flops: 4 * columns * layout.pairs(s),
        bytes: 8 * columns * (layout.queryCount(s) + layout.keyCount(s))
          + (probabilities == nil ? 0 : 4 * range.count * layout.pairs(s)))
      defer { span.end() }
      attention(
        s, range, q: q, k: k, v: v, layout: layout, heads: heads, dropout: dropout,
        chunk: first.chunk, probabilities: probabilities.map { $0.pointer + first.probability },
        into: context)
    }
  }

  /// The attention of some heads of sequence s.
  ///
  /// - Parameters:
  ///   - chunk: the first piece of dropout of these heads.
  ///   - probabilities: where their probabilities begin; nil keeps none.
  private static func attention(
    _ s: Int, _ range: Range<Int>, q: Matrix, k: Matrix, v: Matrix, layout: AttentionLayout,
    heads: Int,
    dropout: Dropout?, chunk: Int, probabilities: FloatPointer?, into context: Matrix
  ) {
    let d = q.columns / heads
    let scale = 1 / Float(d).squareRoot()
    let rows = layout.queryCount(s)
    let length = layout.keyCount(s)
    if rows == 0 { return }
    let room = AttentionLayout.room(length)
    let qs = q.pointer + layout.queries[s] * q.stride
    let ks = k.pointer + layout.keys[s] * k.stride
    let vs = v.pointer + layout.keys[s] * v.stride
    let cs = context.pointer + layout.queries[s] * context.stride
    // The 64 floats after the last row take what `Dropout.factors` writes past it.
    withScratch(probabilities == nil ? rows * room : 0) { scores in
      withScratch(dropout == nil ? 0 : rows * room + 64) { dropped in
        withScratch(dropout == nil ? 0 : room + 64) { factors in
          var chunk = chunk
          for head in range {
            let p =
              probabilities.map { $0 + (head - range.lowerBound) * rows * room } ?? scores
            multiply(
              .none, .transposed, rows, length, d, 1, qs + head * d, q.stride, ks + head * d,
              k.stride, 0, p, room)
            for row in 0..<rows { softmaxRow(p + row * room, length, room, scale) }
            var used = p
            if let dropout {
              for row in 0..<rows {
                dropout.factors(firstChunk: chunk, columns: length, into: factors)
                chunk += Dropout.chunks(length)
                multiplyRow(p + row * room, factors, dropped + row * room, room)
              }
              used = dropped
            }
            multiply(
              .none, .none, rows, d, length, 1, used, room, vs + head * d, v.stride, 0,
              cs + head * d, context.stride)
          }
        }
      }
    }
  }

  /// Backward of `attention`: writes (does not add) the gradients of q, k and v.
  ///
  /// Key rows of a sequence without queries get zero gradients.
  public static func attentionGradient(
    dContext: Matrix, q: Matrix, k: Matrix, v: Matrix, layout: AttentionLayout, heads: Int,
    dropout: Dropout?, probabilities: Matrix, dq: Matrix, dk: Matrix, dv: Matrix
  ) {
    share(.attentionGradient, layout, heads: heads, isDropped: dropout != nil) { s, range, first in
      let columns = q.columns / heads * range.count
      let span = Profile.begin(
        .attentionGradient, flops: 8 * columns * layout.pairs(s),
        bytes: 4 * columns * (3 * layout.queryCount(s) + 4 * layout.keyCount(s))
          + 4 * range.count * layout.pairs(s))
      defer { span.end() }
      attentionGradient(
        s, range, dContext: dContext, q: q, k: k, v: v, layout: layout, heads: heads,
        dropout: dropout, chunk: first.chunk,
        probabilities: probabilities.pointer + first.probability, dq: dq, dk: dk, dv: dv)
    }
  }

  /// The backward pass of some heads of sequence s; `chunk` and `probabilities` are those of their
  /// forward pass.
  private static func attentionGradient(
    _ s: Int, _ range: Range<Int>, dContext: Matrix, q: Matrix, k: Matrix, v: Matrix,
    layout: AttentionLayout, heads: Int, dropout: Dropout?, chunk: Int,
    probabilities: FloatPointer, dq: Matrix, dk: Matrix, dv: Matrix
  ) {
    let d = q.columns / heads
    let scale = 1 / Float(d).squareRoot()
    let rows = layout.queryCount(s)
    let length = layout.keyCount(s)
    let keyRows = layout.keys[s]..<layout.keys[s + 1]
    if rows == 0 {
      let columns = range.lowerBound * d..<range.upperBound * d
      dk.rows(keyRows).columns(columns).fill(0)
      dv.rows(keyRows).columns(columns).fill(0)
      return
    }
    let room = AttentionLayout.room(length)
    let qs = q.pointer + layout.queries[s] * q.stride
    let ks = k.pointer + keyRows.lowerBound * k.stride
    let vs = v.pointer + keyRows.lowerBound * v.stride
    let ds = dContext.pointer + layout.queries[s] * dContext.stride
    let dqs = dq.pointer + layout.queries[s] * dq.stride
    let dks = dk.pointer + keyRows.lowerBound * dk.stride
    let dvs = dv.pointer + keyRows.lowerBound * dv.stride
    let scores = rows * room + 64
    withScratch(scores) { gradient in
      withScratch(dropout == nil ? 0 : scores) { dropped in
        withScratch(dropout == nil ? 0 : scores) { factors in
          var chunk = chunk
          for head in range {
            let h = head * d
            let p = probabilities + (head - range.lowerBound) * rows * room
            var used = p
            if let dropout {
              for row in 0..<rows {
                dropout.factors(firstChunk: chunk, columns: length, into: factors + row * room)
                chunk += Dropout.chunks(length)
                multiplyRow(p + row * room, factors + row * room, dropped + row * room, room)
              }
              used = dropped
            }
            multiply(
              .transposed, .none, length, d, rows, 1, used, room, ds + h, dContext.stride, 0,
              dvs + h, dv.stride)
            multiply(
              .none, .transposed, rows, length, d, 1, ds + h, dContext.stride, vs + h, v.stride,
              0, gradient, room)
            for row in 0..<rows {
              let g = gradient + row * room
              var i = length
              while i < room {  // the product leaves the room behind the row unset
                g[i] = 0
                i += 1
              }
              if dropout != nil { multiplyRow(g, factors + row * room, g, room) }
              softmaxGradientRow(p + row * room, g, g, room, 1)
            }
            multiply(
              .none, .none, rows, d, length, scale, gradient, room, ks + h, k.stride, 0, dqs + h,
              dq.stride)
            multiply(
              .transposed, .none, length, d, rows, scale, gradient, room, qs + h, q.stride, 0,
              dks + h, dk.stride)
          }
        }
      }
    }
  }

  /// Calls `body` for every sequence, or for some heads of one at a time, with the places where
  /// their dropout and their probabilities begin. Other threads may take some of them.
  private static func share(
    _ part: Profile.Part, _ layout: AttentionLayout, heads: Int, isDropped: Bool,
    _ body: (_ sequence: Int, _ heads: Range<Int>, _ first: (chunk: Int, probability: Int)) -> Void
  ) {
    let team = team
    // Pieces of a sequence, so that every thread has about four: a few long texts are no more parts
    // than threads.
    let pieces = team == 1 ? 1 : max(1, min(heads, 4 * team / max(1, layout.count)))
    var parts: [(s: Int, heads: Range<Int>, first: (chunk: Int, probability: Int))] = []
    parts.reserveCapacity(layout.count * pieces)
    var next = (chunk: 0, probability: 0)
    for s in 0..<layout.count {
      let rows = layout.queryCount(s)
      for piece in 0..<pieces {
        let range = heads * piece / pieces..<heads * (piece + 1) / pieces
        parts.append((s, range, next))
        if isDropped { next.chunk += rows * range.count * Dropout.chunks(layout.keyCount(s)) }
        next.probability += rows * range.count * AttentionLayout.room(layout.keyCount(s))
      }
    }
    if team > 1 {
      let work = (0..<layout.count).reduce(0) { $0 + layout.pairs($1) }
      share(part, parts: parts.count, work: work) {
        body(parts[$0].s, parts[$0].heads, parts[$0].first)
      }
    } else {
      for part in parts { body(part.s, part.heads, part.first) }
    }
  }

  @inline(__always)
  private static func multiplyRow(
    _ a: FloatPointer, _ b: FloatPointer, _ c: FloatPointer, _ room: Int
  ) {
    vectors(room) { i, _ in store(load(a + i) * load(b + i), c + i) }
  }
}
