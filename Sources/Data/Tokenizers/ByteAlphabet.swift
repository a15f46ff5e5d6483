/// The spelling of bytes in byte-level vocabularies: printable bytes as themselves, the others as
/// scalars from U+0100 on, so that a space is `Ġ` (GPT-2's `bytes_to_unicode`).
enum ByteAlphabet {
  /// The scalar of each byte.
  static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return UInt32(byte)
      default:
        defer { next += 1 }
        return next
      }
    }
  }()

  /// The byte of each scalar below U+0144, or −1.
  private static let inverse: [Int16] = {
    var inverse = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { inverse[Int(scalar)] = Int16(byte) }
    return inverse
  }()

  /// The bytes that a token of a vocabulary, given in UTF-8, represents; nil if it contains a
  /// scalar that represents no byte, so that it cannot occur in a text.
  static func bytes(spelledBy token: some Sequence<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var lead: UInt32 = 0
    for unit in token {
      let scalar: UInt32
      if unit < 0x80 {
        scalar = UInt32(unit)
      } else if unit & 0xC0 == 0x80, lead != 0 {
        scalar = lead << 6 | UInt32(unit & 0x3F)
        lead = 0
      } else if unit >= 0xC2, unit <= 0xC5 {
        lead = UInt32(unit & 0x1F)
        continue
      } else {
        return nil
      }
      guard scalar < inverse.count, inverse[Int(scalar)] >= 0 else { return nil }
      bytes.append(UInt8(truncatingIfNeeded: inverse[Int(scalar)]))
    }
    return bytes
  }
}
