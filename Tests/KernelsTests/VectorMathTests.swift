import Glibc
import Kernels
import Testing

/// The elementary functions against the system's double-precision ones, over their whole range.
@Suite struct VectorMathTests {
  /// The largest error of `f` at `points`, in units in the last place of the exact result.
  private func unitsInLastPlace(
    _ f: (SIMD16<Float>) -> SIMD16<Float>, _ exact: (Double) -> Double, _ points: [Float]
  ) -> (error: Double, at: Float) {
    worst(f, points) { y, x in
      let expected = exact(Double(x))
      let error = abs(Double(y) - expected)
      return error == 0 ? 0 : error / Double(max(Float(expected).ulp, .leastNormalMagnitude.ulp))
    }
  }

  private func worst(
    _ f: (SIMD16<Float>) -> SIMD16<Float>, _ points: [Float], _ error: (Float, Float) -> Double
  ) -> (error: Double, at: Float) {
    var worst = (error: 0.0, at: Float.zero)
    for start in stride(from: 0, to: points.count, by: 16) {
      var x = SIMD16<Float>(repeating: 1)
      let lanes = min(16, points.count - start)
      for lane in 0..<lanes { x[lane] = points[start + lane] }
      let y = f(x)
      for lane in 0..<lanes {
        let e = error(y[lane], x[lane])
        if !(e <= worst.error) { worst = (e.isNaN ? .infinity : e, x[lane]) }
      }
    }
    return worst
  }

  private func spread(_ low: Float, _ high: Float, count: Int) -> [Float] {
    (0...count).map { low + (high - low) * Float($0) / Float(count) }
  }

  /// Both signs of 512 mantissas at every power of two in `exponents`.
  private func everyScale(_ exponents: ClosedRange<Int>, signed: Bool = true) -> [Float] {
    exponents.flatMap { exponent in
      (0..<512).flatMap { m -> [Float] in
        let x = Float(sign: .plus, exponent: exponent, significand: 1 + Float(m) / 512)
        return signed ? [x, -x] : [x]
      }
    }
  }

  @Test func exponentialIsWithinTwoUnits() {
    let points = spread(-86.5, 88.7, count: 400_000) + everyScale(-60...5)
    let result = unitsInLastPlace(
      { Kernels.exp($0) }, { Glibc.exp($0) }, points.filter { $0 >= -86.5 && $0 <= 88.7 })
    #expect(result.error <= 2, "at \(result.at)")
  }

  @Test func exponentialOutsideItsRange() {
    let x: SIMD16<Float> = [
      -86.51, -87, -100, -1e10, -.greatestFiniteMagnitude, -.infinity, 88.73, 89, 1e10,
      .greatestFiniteMagnitude, .infinity, 0, -0.0, .leastNonzeroMagnitude, 1, .nan,
    ]
    let y = Kernels.exp(x)
    for lane in 0..<6 { #expect(y[lane] == 0) }
    for lane in 6..<11 { #expect(y[lane] > 3.4e38) }
    for lane in 11..<14 { #expect(y[lane] == 1) }
    #expect(y[15].isNaN, "a NaN must not turn into a number")
  }

  @Test func logarithmIsWithinTwoUnits() {
    var near = [Float(1)]
    for _ in 0..<2000 { near.append((near.last ?? 1).nextUp) }
    for i in 0..<2000 { near.append(i == 0 ? Float(1).nextDown : (near.last ?? 1).nextDown) }
    let points = everyScale(-126...127, signed: false) + near + spread(0.4, 3, count: 300_000)
    let result = unitsInLastPlace({ Kernels.log($0) }, { Glibc.log($0) }, points)
    #expect(result.error <= 2, "at \(result.at)")
  }

  @Test func errorFunctionIsWithinItsBound() {
    let points = spread(-6, 6, count: 400_000) + everyScale(-30...10)
    let result = worst({ Kernels.erf($0) }, points) { y, x in
      abs(Double(y) - Glibc.erf(Double(x)))
    }
    #expect(result.error < 5e-7, "at \(result.at)")
    #expect(Kernels.erf(SIMD16(repeating: 4))[0] == 1)
    #expect(Kernels.erf(SIMD16(repeating: -.infinity))[0] == -1)
    #expect(Kernels.erf(SIMD16(repeating: .nan))[3].isNaN, "a NaN must not turn into a number")
  }

  @Test func tangentIsWithinFourUnits() {
    let points = spread(-20, 20, count: 400_000) + everyScale(-60...10)
    let result = unitsInLastPlace({ Kernels.tanh($0) }, { Glibc.tanh($0) }, points)
    #expect(result.error <= 4, "at \(result.at)")
    #expect(Kernels.tanh(SIMD16(repeating: .infinity))[0] == 1)
    #expect(Kernels.tanh(SIMD16(repeating: -.infinity))[0] == -1)
    #expect(Kernels.tanh(SIMD16(repeating: .nan))[0].isNaN, "a NaN must not turn into a number")
  }
}
