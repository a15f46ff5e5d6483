/// The bytes of a protocol buffer message, written field by field.
package struct ProtobufMessage: Sendable {
  /// The message so far.
  package private(set) var bytes: [UInt8] = []

  /// A message made by adding fields.
  package init(_ fields: (inout ProtobufMessage) -> Void = { _ in }) { fields(&self) }

  /// An integer or enumeration.
  package mutating func add(_ field: Int, _ value: Int) {
    key(field, wireType: 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// A truth value.
  package mutating func add(_ field: Int, _ value: Bool) { add(field, value ? 1 : 0) }

  /// A double.
  package mutating func add(_ field: Int, _ value: Double) {
    key(field, wireType: 1)
    bytes += value.bitPattern.littleEndianBytes
  }

  /// A float.
  package mutating func add(_ field: Int, _ value: Float) {
    key(field, wireType: 5)
    bytes += value.bitPattern.littleEndianBytes
  }

  /// Doubles, packed.
  package mutating func add(_ field: Int, _ values: [Double]) {
    add(field, values.flatMap(\.bitPattern.littleEndianBytes))
  }

  /// A string.
  package mutating func add(_ field: Int, _ value: String) { add(field, Array(value.utf8)) }

  /// A message inside.
  package mutating func add(_ field: Int, _ value: ProtobufMessage) { add(field, value.bytes) }

  private mutating func add(_ field: Int, _ value: [UInt8]) {
    key(field, wireType: 2)
    varint(UInt64(value.count))
    bytes += value
  }

  private mutating func key(_ field: Int, wireType: UInt64) {
    varint(UInt64(field) << 3 | wireType)
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

extension FixedWidthInteger {
  /// The bytes of the number, the least significant one first.
  package var littleEndianBytes: [UInt8] {
    (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) }
  }
}
