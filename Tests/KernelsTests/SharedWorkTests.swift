import Glibc
import Kernels
import Synchronization
import Testing

/// What kernels promise when threads help: the bits of one thread.
@Suite struct SharedWorkTests {
  /// Runs `body` in one task of pools of several sizes, so that all other threads are free to help,
  /// and expects equal bits.
  private func expectEqualBits(_ name: String, _ body: @escaping @Sendable () -> [Float]) throws {
    let alone = body()
    for threads in [1, 2, 5, 16] {
      let pool = ThreadPool(threads: threads)
      for count in [1, 2] {
        let results = Mutex<[[Float]]>([])
        try pool.run(count: count) { _ in
          let values = body()
          results.withLock { $0.append(values) }
        }
        for values in results.withLock({ $0 }) {
          #expect(
            values.map(\.bitPattern) == alone.map(\.bitPattern),
            "\(name) by \(threads) threads in \(count) tasks")
        }
      }
    }
  }

  private static func matrix(_ rows: Int, _ columns: Int, seed: Int) -> Matrix {
    Matrix(
      (0..<rows * columns).map { Float(($0 &* 7919 &+ seed &* 104_729) % 2003) / 1001 - 1 },
      rows: rows, columns: columns)
  }

  @Test(
    arguments: [(203, 211, 390), (416, 768, 384), (70, 1000, 401), (1000, 50, 64)],
    [Precision.float32, .bf16])
  func products(size: (m: Int, n: Int, k: Int), precision: Precision) throws {
    let (m, n, k) = size
    for (a, b) in [
      (Kernel.Transpose.none, Kernel.Transpose.none), (.none, .transposed), (.transposed, .none),
      (.transposed, .transposed),
    ] {
      try expectEqualBits("\(size) \(a) \(b)") {
        let left = a == .none ? Self.matrix(m, k, seed: 1) : Self.matrix(k, m, seed: 1)
        let right = b == .none ? Self.matrix(k, n, seed: 2) : Self.matrix(n, k, seed: 2)
        let result = Self.matrix(m, n, seed: 3)
        Kernel.gemm(
          left, a, right, b, into: result, alpha: 0.75, beta: 0.5, precision: precision)
        return result.values
      }
    }
  }

  /// A helper that looks while the owner opens its next work must not take a part of it twice.
  @Test(arguments: [2, 3, 16])
  func everyPartIsDoneOnce(threads: Int) throws {
    let wrong = Atomic(0)
    try ThreadPool(threads: threads).run(count: 2) { task in
      let done = (0..<7).map { _ in Tally() }
      // The race is one of nanoseconds: with the number of parts in a word of its own, about one
      // run in six failed or hung.
      for round in 0..<(threads > 3 ? 20_000 : 200_000) {
        let parts = 2 + (round &* 7 &+ task) % 6
        Kernel.share(.other, parts: parts) { done[$0].count.add(1, ordering: .relaxed) }
        for (part, tally) in done.enumerated() {
          let met = tally.count.exchange(0, ordering: .relaxed)
          if met != (part < parts ? 1 : 0) { wrong.add(1, ordering: .relaxed) }
        }
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  private final class Tally: Sendable { let count = Atomic(0) }

  @Test func rowsAndColumns() throws {
    try expectEqualBits("element-wise") {
      let x = Self.matrix(700, 403, seed: 4)
      let y = Self.matrix(700, 403, seed: 5)
      let sums = Self.matrix(1, 403, seed: 6)
      Kernel.addColumnSums(x, to: sums)
      Kernel.add(x, to: y, alpha: 0.3)
      Kernel.activate(.gelu, y, into: x)
      Kernel.activationGradient(.gelu, x, y, into: y)
      Kernel.softmaxRows(x, scale: 0.5)
      Kernel.softmaxGradient(x, y, into: y)
      let site = RandomSite.tape(shard: 1, function: 7)
      Kernel.addGumbelNoise(y, seed: 9, step: 3, site: site)
      let largest = Kernel.argmaxRows(y).map { Float($0) }
      let copy = Matrix(zeros: 700, 403)
      copy.copy(from: y)
      if let dropout = Dropout(probability: 0.1, seed: 1, step: 2, site: site) {
        Kernel.applyDropout(dropout, copy, into: copy)
      }
      Kernel.broadcast(row: sums, into: x)
      return sums.values + x.values + y.values + copy.values + largest
    }
  }

  @Test func layerNorm() throws {
    try expectEqualBits("LayerNorm") {
      let y = Self.matrix(600, 391, seed: 1)
      let residual = Self.matrix(600, 391, seed: 2)
      let gamma = Self.matrix(1, 391, seed: 3)
      let beta = Self.matrix(1, 391, seed: 4)
      let out = Matrix(zeros: 600, 391)
      let reciprocals = Matrix(zeros: 600, 1)
      let dropout = Dropout(
        probability: 0.1, seed: 1, step: 2, site: .tape(shard: 0, function: 1))
      Kernel.addNorm(
        y, residual: residual, gamma: gamma, beta: beta, epsilon: 1e-12, dropout: dropout,
        into: out, reciprocals: reciprocals)
      let (dSum, dY) = (Matrix(zeros: 600, 391), Matrix(zeros: 600, 391))
      let (dGamma, dBeta) = (Self.matrix(1, 391, seed: 5), Self.matrix(1, 391, seed: 6))
      Kernel.addNormGradient(
        dOut: residual, normalised: y, reciprocals: reciprocals, gamma: gamma, dGamma: dGamma,
        dBeta: dBeta, dropout: dropout, dSum: dSum, dY: dY)
      return out.values + dSum.values + dY.values + dGamma.values + dBeta.values
    }
  }

  @Test func attention() throws {
    try expectEqualBits("attention") {
      let offsets = [0, 7, 7, 60, 61, 130, 131, 200]
      let queries = [0, 3, 3, 40, 41, 41, 42, 80]
      let (width, heads) = (96, 3)
      let q = Self.matrix(80, width, seed: 1)
      let kv = Self.matrix(200, 2 * width, seed: 2)
      let layout = AttentionLayout(queries: queries, keys: offsets)
      let kept = Matrix(zeros: 1, layout.probabilityCount(heads: heads))
      let context = Matrix(zeros: 80, width)
      let dropout = Dropout(
        probability: 0.2, seed: 1, step: 2, site: .tape(shard: 0, function: 1))
      let (k, v) = (kv.columns(0..<width), kv.columns(width..<2 * width))
      Kernel.attention(
        q: q, k: k, v: v, layout: layout, heads: heads, dropout: dropout, probabilities: kept,
        into: context)
      let dq = Matrix(zeros: 80, width)
      let dkv = Self.matrix(200, 2 * width, seed: 3)
      Kernel.attentionGradient(
        dContext: context, q: q, k: k, v: v, layout: layout, heads: heads, dropout: dropout,
        probabilities: kept, dq: dq, dk: dkv.columns(0..<width), dv: dkv.columns(width..<2 * width))
      return context.values + kept.values + dq.values + dkv.values
    }
  }

  @Test func embeddings() throws {
    try expectEqualBits("embedding") {
      let words = Self.matrix(50, 390, seed: 1)
      let positions = Self.matrix(30, 390, seed: 2)
      let ids = (0..<600).map { Int32($0 * 37 % 50) }
      let places = (0..<600).map { Int32($0 % 30) }
      let out = Matrix(zeros: 600, 390)
      Kernel.embed(
        words: words, ids: ids, positions: positions, positionIDs: places, types: nil,
        typeIDs: [], into: out)
      Kernel.embedGradient(out, ids: ids, into: words)
      return out.values + words.values
    }
  }

  /// Otherwise everything above would hold without any sharing.
  @Test func productsAreCut() throws {
    let before = ProfileSnapshot.now()
    try Profile.session {
      try ThreadPool(threads: 2).run(count: 1) { _ in
        usleep(100_000)  // until the other thread has found nothing to do
        let x = Self.matrix(600, 600, seed: 1)
        for _ in 0..<10 { Kernel.gemm(x, .none, x, .none, into: Matrix(zeros: 600, 600)) }
      }
    }
    #expect((ProfileSnapshot.now() - before)[.inputGradientProduct].calls > 10)
  }
}
