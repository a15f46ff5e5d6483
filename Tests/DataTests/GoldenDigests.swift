import Data
import TestSupport
import Testing

/// Compares what a tokenizer makes of every Unicode scalar with digests of blocks of 4096.
///
/// - Parameters:
///   - rows: the number of a block and its digest, in the last two columns.
///   - digest: adds what becomes of a scalar, given in UTF-8.
func expectDigests(
  _ rows: [[String]], ofEveryScalar digest: (_ scalar: [UInt8], _ hash: inout ContentHash) -> Void
) throws {
  #expect(rows.count == 0x110000 / 4096)
  for row in rows {
    let block = try #require(UInt32(row[row.count - 2]))
    var hash = ContentHash()
    for value in (block * 4096)..<((block + 1) * 4096) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      digest(Array(String(Character(scalar)).utf8), &hash)
    }
    #expect(
      hash.hexadecimal == row[row.count - 1],
      "scalars from U+\(String(block * 4096, radix: 16))")
  }
}

/// Texts of ten parts, in the order in which scripts/goldens draws them.
struct DrawnTexts<Part> {
  private let pool: [Part]
  private var state: UInt64 = 1

  init(of pool: [Part]) { self.pool = pool }

  mutating func next() -> [Part] {
    (0..<10).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return pool[Int((state >> 33) % UInt64(pool.count))]
    }
  }
}

extension ContentHash {
  /// Adds tokens, and a mark for their end, each by the lower two bytes.
  mutating func add(tokens: [Int32]) {
    for id in tokens + [0xFFFF] {
      add(byte: UInt8(truncatingIfNeeded: id))
      add(byte: UInt8(truncatingIfNeeded: id >> 8))
    }
  }
}
