/// Converts little-endian floating-point formats to float32. Sources need not be aligned.
enum FloatConversion {
  /// IEEE 754 half precision; exact, including subnormals, infinities and NaN.
  static func float16(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableBufferPointer<Float>
  ) {
    // Exponent and fraction, shifted to their float32 positions, mean 2^-112 times the value, since
    // the exponent biases are 15 and 127. The multiplication is exact and also handles subnormals.
    // For infinity and NaN the exponent is set to all ones instead.
    let scale = Float(bitPattern: 239 << 23)
    for index in destination.indices {
      let half = UInt32(
        UInt16(littleEndian: source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))
      let sign = (half & 0x8000) << 16
      let magnitude = (half & 0x7FFF) << 13
      let finite = (Float(bitPattern: magnitude) * scale).bitPattern
      let bits = half & 0x7C00 == 0x7C00 ? magnitude | 0x7F80_0000 : finite
      destination[index] = Float(bitPattern: sign | bits)
    }
  }

  /// The upper half of a float32; exact.
  static func bfloat16(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableBufferPointer<Float>
  ) {
    for index in destination.indices {
      let half = UInt16(
        littleEndian: source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self))
      destination[index] = Float(bitPattern: UInt32(half) << 16)
    }
  }

  /// Double precision, rounded to nearest even.
  static func float64(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableBufferPointer<Float>
  ) {
    for index in destination.indices {
      let bits = UInt64(
        littleEndian: source.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
      destination[index] = Float(Double(bitPattern: bits))
    }
  }
}
