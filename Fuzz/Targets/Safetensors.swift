import Models

extension FuzzTarget {
  /// A safetensors file: every tensor lies in the file, and its values are the file's bytes.
  static let safetensors = FuzzTarget("safetensors") { input in
    let file = try SafetensorsFile(path: input.file("model.safetensors", input.bytes))
    let length = file.entries.reduce(0) { max($0, $1.bytes.upperBound) }
    let start = input.bytes.count - length
    try require(start >= 8, "the tensors have more bytes than the file")
    for entry in file.entries where file.entry(named: entry.name) == entry {
      let bytes = input.bytes[(start + entry.bytes.lowerBound)..<(start + entry.bytes.upperBound)]
      switch entry.type {
      case .F32:
        let floats = try file.floats(entry.name)
        try require(
          floats.count == entry.count
            && floats.flatMap { littleEndian($0.bitPattern) }.elementsEqual(bytes),
          "floats are not those of the file")
      case .F16, .BF16, .F64:
        let floats = try file.floats(entry.name)
        try require(floats.count == entry.count, "there are more or fewer floats")
      case .I64:
        let integers = try file.integers(entry.name)
        try require(
          integers.count == entry.count
            && integers.flatMap { littleEndian(UInt64(bitPattern: $0)) }.elementsEqual(bytes),
          "integers are not those of the file")
      default:
        try require((try? file.floats(entry.name)) == nil, "a type is taken for another")
      }
    }
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
