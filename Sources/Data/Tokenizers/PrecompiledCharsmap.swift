import Files
import Foundation

/// The rules of SentencePiece's normaliser as `tokenizer.json` holds them (`precompiled_charsmap`).
///
/// In base64: the number of bytes of a trie, the trie, and the replacements, each of which ends
/// with a zero byte. The trie is a double array of 32-bit units, as Darts-clone makes it; its keys
/// are the bytes of what is replaced.
struct PrecompiledCharsmap: Sendable {
  private let units: [UInt32]
  private let replacements: [UInt8]

  /// The most units of a trie; NFKC, the largest in use, has some 80,000. Checking takes up to 255
  /// steps for each.
  private static let mostUnits = 1 << 20

  /// The longest replacement in bytes; that of NFKC's longest has 33.
  private static let longestReplacement = 64

  /// Decodes and checks a charsmap. Whatever a text makes the trie do stays within its tables:
  /// every place that can be reached is visited here.
  ///
  /// - Returns: nil if it is damaged.
  init?(base64: String) {
    guard let bytes = Foundation.Data(base64Encoded: base64).map(Array.init), bytes.count >= 4
    else { return nil }
    func unit(at start: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
    }
    let count = Int(unit(at: 0) / 4)
    // The units of Darts-clone come in blocks of 256, so that a base in the array has all its
    // children in it.
    guard (1...Self.mostUnits).contains(count), count % 256 == 0, 4 + 4 * count <= bytes.count
    else { return nil }
    units = (1...count).map { unit(at: 4 * $0) }
    replacements = Array(bytes[(4 + 4 * count)...])
    guard replacements[...].isWellFormedUTF8, isWithinItsTables else { return nil }
  }

  private var isWithinItsTables: Bool {
    var seen = [Bool](repeating: false, count: units.count)
    var pending = [Self.offset(units[0])]
    while let base = pending.popLast() {
      guard base < units.count else { return false }
      if seen[base] { continue }
      seen[base] = true
      for byte in UInt8(1)...255 {
        let edge = base ^ Int(byte)
        guard Self.leads(units[edge], by: byte) else { continue }
        let next = edge ^ Self.offset(units[edge])
        guard next < units.count else { return false }
        if Self.hasValue(units[edge]) {
          // A replacement starts with a whole character.
          let start = Self.value(units[next])
          guard start <= replacements.count,
            start == replacements.count || replacements[start] & 0xC0 != 0x80,
            replacements[start...].prefix(Self.longestReplacement + 1).prefix(while: { $0 != 0 })
              .count <= Self.longestReplacement
          else { return false }
        }
        pending.append(next)
      }
    }
    return true
  }

  private static func offset(_ unit: UInt32) -> Int {
    Int(unit >> 10) << (unit & 0x200 == 0 ? 0 : 8)
  }

  private static func leads(_ unit: UInt32, by byte: UInt8) -> Bool {
    unit & 0x8000_00FF == UInt32(byte)
  }

  private static func hasValue(_ unit: UInt32) -> Bool { unit & 0x100 != 0 }

  private static func value(_ unit: UInt32) -> Int { Int(unit & 0x7FFF_FFFF) }

  /// What takes the place of the whole of `text`: the replacement of its shortest beginning that is
  /// a key, as in `tokenizers`. Nil if there is none.
  func replacement(of text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var base = Self.offset(units[0])
    for byte in text {
      let edge = base ^ Int(byte)
      guard byte != 0, Self.leads(units[edge], by: byte) else { return nil }
      base = edge ^ Self.offset(units[edge])
      if Self.hasValue(units[edge]) {
        let start = Self.value(units[base])
        return replacements[start...].prefix { $0 != 0 }
      }
    }
    return nil
  }

  /// A hexadecimal content hash.
  var hash: String {
    var hash = ContentHash()
    for unit in units { hash.add(unit) }
    hash.add(replacements)
    return hash.hexadecimal
  }
}
