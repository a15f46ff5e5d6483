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

  /// Pairs of a query and a key over all sequences.
  var pairs: Int {
    (0..<count).reduce(0) { $0 + (queries[$1 + 1] - queries[$1]) * (keys[$1 + 1] - keys[$1]) }
  }

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
    let d = q.columns / heads
    let scale = 1 / Float(d).squareRoot()
    let largest = largestScore(layout)
    let span = Profile.begin(
      .attention, flops: 4 * d * heads * layout.pairs,
      bytes: 4 * (2 * q.count + 2 * k.count + (probabilities?.count ?? 0)))
    defer { span.end() }
    withScratch(largest.count) { scores in
      withScratch(dropout == nil ? 0 : largest.count) { dropped in
        withScratch(largest.room) { factors in
          var kept = probabilities?.pointer
          var chunk = 0
          for s in 0..<layout.count {
            let rows = layout.queries[s + 1] - layout.queries[s]
            let length = layout.keys[s + 1] - layout.keys[s]
            if rows == 0 { continue }
            let room = AttentionLayout.room(length)
            let qs = q.pointer + layout.queries[s] * q.stride
            let ks = k.pointer + layout.keys[s] * k.stride
            let vs = v.pointer + layout.keys[s] * v.stride
            let cs = context.pointer + layout.queries[s] * context.stride
            for head in 0..<heads {
              let p = kept ?? scores
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
              if kept != nil { kept = p + rows * room }
            }
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
    let d = q.columns / heads
    let scale = 1 / Float(d).squareRoot()
    let largest = largestScore(layout)
    let span = Profile.begin(
      .attentionGradient, flops: 8 * d * heads * layout.pairs,
      bytes: 4 * (3 * q.count + 4 * k.count + probabilities.count))
    defer { span.end() }
    withScratch(largest.count) { gradient in
      withScratch(dropout == nil ? 0 : largest.count) { dropped in
        withScratch(dropout == nil ? 0 : largest.count) { factors in
          var p = probabilities.pointer
          var chunk = 0
          for s in 0..<layout.count {
            let rows = layout.queries[s + 1] - layout.queries[s]
            let length = layout.keys[s + 1] - layout.keys[s]
            let keyRows = layout.keys[s]..<layout.keys[s + 1]
            if rows == 0 {
              dk.rows(keyRows).fill(0)
              dv.rows(keyRows).fill(0)
              continue
            }
            let room = AttentionLayout.room(length)
            let qs = q.pointer + layout.queries[s] * q.stride
            let ks = k.pointer + keyRows.lowerBound * k.stride
            let vs = v.pointer + keyRows.lowerBound * v.stride
            let ds = dContext.pointer + layout.queries[s] * dContext.stride
            let dqs = dq.pointer + layout.queries[s] * dq.stride
            let dks = dk.pointer + keyRows.lowerBound * dk.stride
            let dvs = dv.pointer + keyRows.lowerBound * dv.stride
            for head in 0..<heads {
              let h = head * d
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
              p += rows * room
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func multiplyRow(
    _ a: FloatPointer, _ b: FloatPointer, _ c: FloatPointer, _ room: Int
  ) {
    vectors(room) { i, _ in store(load(a + i) * load(b + i), c + i) }
  }

  /// Scratch sizes. The 64 extra floats after the last row take what `Dropout.factors` writes past
  /// it.
  private static func largestScore(_ layout: AttentionLayout) -> (count: Int, room: Int) {
    var count = 0
    var room = 0
    for s in 0..<layout.count {
      let r = AttentionLayout.room(layout.keys[s + 1] - layout.keys[s])
      count = max(count, (layout.queries[s + 1] - layout.queries[s]) * r + 64)
      room = max(room, r + 64)
    }
    return (count, room)
  }
}
