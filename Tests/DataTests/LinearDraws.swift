import Data

/// The generator of numbers that the scripts of the goldens have, too.
struct LinearDraws {
  private var state: UInt64

  init(_ state: UInt64) { self.state = state }

  /// A number from 0 to `bound` - 1.
  mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}

/// Takes numbers in as four little-endian bytes each.
func add(_ numbers: some Sequence<Int>, to hash: inout ContentHash) {
  for number in numbers {
    for shift in [0, 8, 16, 24] { hash.add(byte: UInt8(truncatingIfNeeded: number >> shift)) }
  }
}
