/// Reads the notation of `UnicodeTables`.
enum ScalarRanges {
  /// One word of a table: a strided range of scalars and, for mappings, the target.
  struct Entry {
    var first: UInt32
    var last: UInt32
    var stride: UInt32 = 1
    /// The target of the first scalar; empty in plain sets.
    var target: [UInt32] = []
    /// True if targets grow with the source.
    var grows = false

    /// Calls `body` for every scalar, with its target.
    func forEach(_ body: (UInt32, [UInt32]) -> Void) {
      for source in Swift.stride(from: first, through: last, by: Int(stride)) {
        body(source, grows ? target.map { $0 + (source - first) } : target)
      }
    }
  }

  /// The entries of a table. Words that do not parse would be an error of the generator; a test
  /// checks every scalar against the reference.
  static func parse(_ table: String) -> [Entry] {
    table.utf8.split(separator: UInt8(ascii: " ")).map { word in
      var entry = Entry(first: 0, last: 0)
      var number: UInt32 = 0
      var mark = UInt8(ascii: " ")
      var hasLast = false
      func store() {
        switch mark {
        case UInt8(ascii: "-"):
          entry.last = number
          hasLast = true
        case UInt8(ascii: "/"): entry.stride = number
        case UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: ","): entry.target.append(number)
        default: entry.first = number
        }
        number = 0
      }
      for byte in word {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt32(byte - 48)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): number = number << 4 | UInt32(byte - 55)
        default:
          store()
          mark = byte
          if byte == UInt8(ascii: ":") { entry.grows = true }
        }
      }
      store()
      if !hasLast { entry.last = entry.first }
      return entry
    }
  }
}
