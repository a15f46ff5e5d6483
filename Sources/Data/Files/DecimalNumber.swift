/// Decimal numbers as programs write them: `3`, `-0.25`, `1e-05`, with any number of digits.
/// `strtod` would also accept `0x10`, `nan` and `inf`.
enum DecimalNumber {
  /// The value of `[+-]digits[.digits][e[+-]digits]`; nil for anything else and for numbers beyond
  /// the largest float.
  static func parse(_ field: ArraySlice<UInt8>) -> Float? {
    let parts = unsigned(field).split(
      maxSplits: 1, omittingEmptySubsequences: false,
      whereSeparator: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") })
    guard let mantissa = parts.first, field.count <= 1000 else { return nil }
    let digits = mantissa.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard digits.count <= 2, digits.allSatisfy(areDigits) else { return nil }
    if parts.count == 2 {
      let exponent = unsigned(parts[1])
      guard areDigits(exponent) else { return nil }
    }
    guard let value = Float(String(decoding: field, as: UTF8.self)), value.isFinite else {
      return nil
    }
    return value
  }

  private static func unsigned(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isSigned = field.first == UInt8(ascii: "-") || field.first == UInt8(ascii: "+")
    return isSigned ? field.dropFirst() : field
  }

  private static func areDigits(_ field: ArraySlice<UInt8>) -> Bool {
    !field.isEmpty && field.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}
