import Files

/// The elements of a tensor as they lie in a file, one after the other and little-endian.
struct StoredFloats {
  var file: RandomAccessFile
  /// The tensor's name, for messages.
  var tensor: String
  var type: SafetensorsType
  /// The first byte.
  var start: Int
  /// The number of elements.
  var count: Int

  /// Reads all elements as float32; `destination` has room for `count`.
  /// - Throws: `FileError` for a type without floats, or if the file cannot be read.
  func copy(into destination: UnsafeMutableBufferPointer<Float>) throws {
    switch type {
    case .F32: try file.read(into: UnsafeMutableRawBufferPointer(destination), from: start)
    case .F16: try convert(into: destination, FloatConversion.float16)
    case .BF16: try convert(into: destination, FloatConversion.bfloat16)
    case .F64: try convert(into: destination, FloatConversion.float64)
    default:
      throw FileError(
        .invalid, file: file.path, tensor: tensor,
        problem: "its type \(type.rawValue) is not supported; F32, F16, BF16 or F64 is expected.")
    }
  }

  /// Reads piece by piece and converts each.
  private func convert(
    into destination: UnsafeMutableBufferPointer<Float>,
    _ conversion: (UnsafeRawBufferPointer, UnsafeMutableBufferPointer<Float>) -> Void
  ) throws {
    let size = type.bits / 8
    let step = 1 << 16
    try withUnsafeTemporaryAllocation(byteCount: step * size, alignment: 64) { room in
      for first in stride(from: 0, to: count, by: step) {
        let end = min(count, first + step)
        let piece = UnsafeMutableRawBufferPointer(rebasing: room[..<((end - first) * size)])
        try file.read(into: piece, from: start + first * size)
        conversion(
          UnsafeRawBufferPointer(piece),
          UnsafeMutableBufferPointer(rebasing: destination[first..<end]))
      }
    }
  }
}
