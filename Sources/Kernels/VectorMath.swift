import CBLAS

/// The width in which all element-wise kernels work. Narrower processors see two or four of their
/// own.
package typealias Vector = SIMD16<Float>
typealias FloatPointer = UnsafeMutablePointer<Float>
typealias ConstFloatPointer = UnsafePointer<Float>

@inline(__always)
func load(_ p: FloatPointer) -> Vector {
  UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
}

/// The first `n` elements, followed by zeros.
@inline(__always)
func load(_ p: FloatPointer, _ n: Int) -> Vector {
  if n == 16 { return load(p) }
  return mate_kd_load_first(p, n)
}

@inline(__always)
func store(_ v: Vector, _ p: FloatPointer) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
}

@inline(__always)
func store(_ v: Vector, _ p: FloatPointer, _ n: Int) {
  if n == 16 { return store(v, p) }
  mate_kd_store_first(v, p, n)
}

/// Calls `body(index, width)` for every vector of a row of `n`. Only the last one may be narrower.
@inline(__always)
func vectors(_ n: Int, _ body: (_ index: Int, _ width: Int) -> Void) {
  var i = 0
  while i &+ 16 <= n {
    body(i, 16)
    i &+= 16
  }
  if i < n { body(i, n &- i) }
}

/// The lanes of `v` below `n`, and those of `other` from there on.
@inline(__always)
func first(_ n: Int, of v: Vector, else other: Float) -> Vector {
  if n == 16 { return v }
  let lanes = SIMD16<Int32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  return v.replacing(with: other, where: SIMD16(repeating: Int32(truncatingIfNeeded: n)) .<= lanes)
}

/// The larger of two vectors, lane by lane. `pointwiseMax` is a call with a branch for each lane.
@inline(__always)
func larger(_ a: Vector, _ b: Vector) -> Vector { a.replacing(with: b, where: a .< b) }

@inline(__always)
func polynomial(_ x: Vector, _ c: (Float, Float, Float, Float, Float)) -> Vector {
  var r = Vector(repeating: c.4)
  r = Vector(repeating: c.3).addingProduct(r, x)
  r = Vector(repeating: c.2).addingProduct(r, x)
  r = Vector(repeating: c.1).addingProduct(r, x)
  return Vector(repeating: c.0).addingProduct(r, x)
}

/// x limited to [low, high]. A NaN stays a NaN: `pointwiseMin` would turn it into a limit, and a
/// diverged run would continue with numbers that look sound.
@inline(__always)
func clamped(_ x: Vector, _ low: Float, _ high: Float) -> Vector {
  x.replacing(with: low, where: x .< low).replacing(with: high, where: x .> high)
}

/// e^x within 2 units in the last place on [-86.5, 88.7]; 0 below, about e^88.7 above; NaN for NaN.
///
/// Cody-Waite reduction to [-ln2/2, ln2/2] and the polynomial of scripts/fit_polynomials.py.
@inline(__always)
package func exp(_ x: Vector) -> Vector {
  let v = clamped(x, -86.5, 88.72283)
  let shift = Vector(repeating: 12_582_912)  // 1.5 * 2^23: the sum's low mantissa bits are round(n)
  let t = shift.addingProduct(v, Vector(repeating: 1.442_695_04))
  let n = t - shift
  var r = v.addingProduct(n, Vector(repeating: -0.693_359_375))
  r = r.addingProduct(n, Vector(repeating: 2.121_944_4e-4))
  let p = polynomial(
    r, (0.499_999_88, 0.166_665_18, 0.041_669_533, 0.008_368_916, 0.001_375_140_7))
  let e = (Vector(repeating: 1) + r).addingProduct(r * r, p)
  // Two factors, because 2^128 is not a Float though e * 2^128 can be.
  let half = unsafeBitCast(t, to: SIMD16<Int32>.self) &- (0x4B40_0000 - 126)
  let scale = unsafeBitCast(half &<< 23, to: Vector.self)
  return (e * scale * 2).replacing(with: 0, where: x .< -86.5)
}

/// Natural logarithm of positive, normal numbers, within 2 units in the last place; meaningless for
/// all other numbers.
///
/// ln(m 2^k) = k ln 2 + 2 artanh((m-1)/(m+1)) with m in [sqrt(1/2), sqrt(2)).
@inline(__always)
package func log(_ x: Vector) -> Vector {
  let bits = unsafeBitCast(x, to: SIMD16<Int32>.self)
  let k = (bits &- 0x3F35_04F3) &>> 23
  let m = unsafeBitCast(bits &- (k &<< 23), to: Vector.self)
  let s = (m - 1) / (m + 1)
  let z = s * s
  let p = polynomial(z, (0.666_666_7, 0.4, 0.285_714_3, 0.222_222_2, 0.181_818_2))
  let e = unsafeBitCast(k &+ 0x4B40_0000, to: Vector.self) - 12_582_912
  let tail = (s * z * p).addingProduct(e, Vector(repeating: -2.121_944_4e-4))
  return (s * 2 + tail).addingProduct(e, Vector(repeating: 0.693_359_375))
}

/// The error function; absolute error below 5e-7, exactly 1 or -1 beyond 3.925 (so that GELU's
/// error does not grow with its argument), NaN for NaN. Coefficients: scripts/fit_polynomials.py.
@inline(__always)
package func erf(_ x: Vector) -> Vector {
  let v = clamped(x, -3.925, 3.925)
  let z = v * v
  var p = Vector(repeating: 1.909_941_5e-8)
  p = Vector(repeating: -1.921_977_6e-6).addingProduct(p, z)
  p = Vector(repeating: 1.433_704_6e-4).addingProduct(p, z)
  p = Vector(repeating: 3.840_023_4e-3).addingProduct(p, z)
  p = Vector(repeating: 5.105_743_2e-2).addingProduct(p, z)
  p = Vector(repeating: 0.203_697_09).addingProduct(p, z)
  p = Vector(repeating: 1.128_379_1).addingProduct(p, z)
  let q = polynomial(z, (1, 0.513_853_9, 0.116_540_983, 0.014_656_639, 9.836_152_9e-4))
  return (v * p / q).replacing(with: 1, where: x .> 3.925).replacing(with: -1, where: x .< -3.925)
}

/// Hyperbolic tangent, within 4 units in the last place; NaN for NaN.
@inline(__always)
package func tanh(_ x: Vector) -> Vector {
  let z = x * x
  let small = x.addingProduct(
    x * z,
    polynomial(z, (-0.333_332_87, 0.133_315_62, -0.053_748_5, 0.020_664_887, -0.005_731_36)))
  let e = exp(x + x)
  let large = 1 - 2 / (e + 1)
  return large.replacing(with: small, where: z .< 0.390_625)
}
