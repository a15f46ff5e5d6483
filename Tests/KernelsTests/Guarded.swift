import Kernels
import TestSupport

/// A strided view in the middle of a larger buffer whose other words are guards.
///
/// A kernel that reads beyond its input spoils its result, one that writes beyond its output
/// changes a guard, and an element of the view that a kernel leaves out stays NaN.
struct Guarded {
  /// NaN and a large number take turns: NaN spoils even what is multiplied by 0, but NaN plus NaN
  /// is the same NaN again, whereas the number changes under any arithmetic.
  static func word(_ index: Int) -> Float {
    index % 2 == 0 ? Float(bitPattern: 0x7FC5_A5A5) : 1.7e30
  }

  /// The view that kernels get.
  let view: Matrix

  /// A view full of NaN, for outputs.
  init(_ rows: Int, _ columns: Int) {
    let offset = 3
    let stride = columns + 5
    let buffer = Buffer(zeroed: offset + rows * stride + 70)
    buffer.withFloats { floats in
      for index in floats.indices { floats[index] = Self.word(index) }
    }
    view = Matrix(buffer, offset: offset, rows: rows, columns: columns, stride: stride)
    view.fill(.nan)
  }

  /// A view with values, row by row.
  init(_ rows: Int, _ columns: Int, _ values: [Float]) {
    self.init(rows, columns)
    for row in 0..<rows {
      for column in 0..<columns { view[row, column] = values[row * columns + column] }
    }
  }

  /// A view with values between -2 and 2 that `draws` gives.
  init(_ rows: Int, _ columns: Int, _ draws: inout Draws) {
    self.init(rows, columns, draws.floats(rows * columns))
  }

  /// True while every word outside the view is a guard word.
  var isIntact: Bool {
    view.buffer.withFloats { floats in
      floats.indices.allSatisfy { index in
        let place = index - view.offset
        let inside =
          place >= 0 && place / view.stride < view.rows && place % view.stride < view.columns
        return inside || floats[index].bitPattern == Self.word(index).bitPattern
      }
    }
  }
}

/// Repeatable test values (SplitMix64).
struct Draws {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z &>> 31)
  }

  mutating func float(_ low: Float = -2, _ high: Float = 2) -> Float {
    low + (high - low) * Float(next() &>> 40) * 0x1p-24
  }

  mutating func floats(_ count: Int, _ low: Float = -2, _ high: Float = 2) -> [Float] {
    (0..<count).map { _ in float(low, high) }
  }

  mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
}

/// Rows and columns that meet every way a loop over vectors of 16 can end.
let oddSizes = [0, 1, 2, 3, 7, 31, 33, 64, 65, 130]

/// The relative error of one rounding; see `Roundings` for what the bounds are made of.
let roundoff = Roundings.unit

/// The largest |value - expected| / scale, infinite if anything is NaN.
///
/// - Parameter scale: what an error is measured against, an element each; max(1, |expected|) if
///   nil.
func deviation(_ matrix: Matrix, _ expected: [Double], scale: [Double]? = nil) -> Double {
  deviation(matrix.values, expected, scale: scale)
}

func deviation(_ values: [Float], _ expected: [Double], scale: [Double]? = nil) -> Double {
  guard values.count == expected.count else { return .infinity }
  var worst = 0.0
  for (i, value) in values.enumerated() {
    let error = abs(Double(value) - expected[i])
    if error == 0 { continue }
    let relative = error / (scale?[i] ?? max(1, abs(expected[i])))
    if relative.isNaN { return .infinity }
    worst = max(worst, relative)
  }
  return worst
}
