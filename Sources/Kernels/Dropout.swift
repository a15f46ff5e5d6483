/// A dropout pattern that can be drawn again at any time, so nothing is stored for the backward
/// pass.
public struct Dropout: Sendable {
  /// The probability that an element becomes 0; the others are multiplied by 1 / (1 - probability).
  public let probability: Float
  private let key: SIMD2<UInt32>
  private let step: UInt32
  private let site: UInt32

  /// The pattern named by (seed, step, site); nil if the probability is 0.
  public init?(probability: Float, seed: UInt64, step: Int, site: RandomSite) {
    guard probability > 0 else { return nil }
    precondition(probability < 1)
    self.probability = probability
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed &>> 32))
    self.step = UInt32(truncatingIfNeeded: step)
    self.site = site.number
  }

  /// The number of pieces of 64 columns, each drawn at once, that make up a row.
  @inline(__always)
  static func chunks(_ columns: Int) -> Int { (columns &+ 63) / 64 }

  /// Writes the factors (0 or 1 / (1 - p)) of one row of a matrix. `out` must have room for
  /// `columns` rounded up to 64. Each row begins its own Philox block.
  @inline(__always)
  func factors(row: Int, columns: Int, into out: FloatPointer) {
    factors(firstChunk: row &* Self.chunks(columns), columns: columns, into: out)
  }

  /// The same for rows of different lengths, which must not share chunks: `firstChunk` is the
  /// number of chunks that the rows before this one take.
  @inline(__always)
  func factors(firstChunk: Int, columns: Int, into out: FloatPointer) {
    let chunks = Self.chunks(columns)
    let threshold = SIMD16<UInt32>(
      repeating: UInt32(min(4_294_967_295, (Double(probability) * 0x1p32).rounded())))
    let keep = Vector(repeating: 1 / (1 - probability))
    for chunk in 0..<chunks {
      let first = UInt32(truncatingIfNeeded: (firstChunk &+ chunk) &* 16)
      let w = Philox.blocks16(
        first: first, site: site, step: step, purpose: RandomPurpose.dropout.rawValue, key: key)
      let p = out + chunk &* 64
      store(keep.replacing(with: 0, where: w.0 .< threshold), p)
      store(keep.replacing(with: 0, where: w.1 .< threshold), p + 16)
      store(keep.replacing(with: 0, where: w.2 .< threshold), p + 32)
      store(keep.replacing(with: 0, where: w.3 .< threshold), p + 48)
    }
  }
}

extension Kernel {
  /// y = x times the factors of `dropout`; x and y may be the same matrix. It is its own backward
  /// pass.
  public static func applyDropout(_ dropout: Dropout, _ x: Matrix, into y: Matrix) {
    precondition(x.rows == y.rows && x.columns == y.columns)
    shareRows(x.rows, .dropout, bytes: 8 * x.columns) { rows in
      withScratch(x.columns) { factors in
        for row in rows {
          dropout.factors(row: row, columns: x.columns, into: factors)
          let p = x.pointer + row * x.stride
          let q = y.pointer + row * y.stride
          vectors(x.columns) { i, n in store(load(p + i, n) * load(factors + i, n), q + i, n) }
        }
      }
    }
  }

  /// A row of temporary floats with `count` rounded up to 64.
  static func withScratch(_ count: Int, _ body: (FloatPointer) -> Void) {
    withUnsafeTemporaryAllocation(
      byteCount: (count + 63) / 64 * 256 + 64, alignment: 64
    ) { raw in
      guard let base = raw.baseAddress else { return }
      body(base.bindMemory(to: Float.self, capacity: raw.count / 4))
    }
  }
}
