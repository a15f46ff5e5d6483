/// A message in the wire format of Protocol Buffers.
///
/// Source: protobuf.dev, "Encoding". Only what ONNX needs: varints, 32-bit floats, and fields of
/// bytes, text and messages.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  /// A message whose fields `body` adds.
  init(_ body: (inout ProtobufMessage) -> Void = { _ in }) { body(&self) }

  /// Adds a field of an integer type.
  mutating func integer(_ field: Int, _ value: Int) {
    varint(UInt64(field << 3))
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// Adds a field of type float.
  mutating func float(_ field: Int, _ value: Float) {
    varint(UInt64(field << 3 | 5))
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  /// Adds a text.
  mutating func text(_ field: Int, _ value: String) {
    start(field, count: value.utf8.count)
    bytes += value.utf8
  }

  /// Adds a message.
  mutating func message(_ field: Int, _ value: ProtobufMessage) {
    start(field, count: value.bytes.count)
    bytes += value.bytes
  }

  /// Adds a message that `body` fills.
  mutating func message(_ field: Int, _ body: (inout ProtobufMessage) -> Void) {
    message(field, ProtobufMessage(body))
  }

  /// Adds the beginning of a field of `count` bytes, which the caller writes behind this message.
  mutating func start(_ field: Int, count: Int) {
    varint(UInt64(field << 3 | 2))
    varint(UInt64(count))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
