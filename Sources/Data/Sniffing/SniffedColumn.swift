import StrictJSON

/// What a column of an unknown table holds, counted over all rows.
package struct SniffedColumn: Sendable {
  /// Its name or key; nil in a table without a header.
  package let name: String?
  /// Its number, counted from 0.
  package let number: Int
  /// The number of rows in which it is not blank.
  package private(set) var filled = 0
  /// The length of each of these in characters.
  package private(set) var lengths: [Int] = []
  /// The different values with their counts, as long as there are not too many.
  package private(set) var values: [String: Int] = [:]
  /// Whether there are more different values than are kept.
  package private(set) var hasManyValues = false
  /// How many values are numbers, and how many of these have a fraction.
  package private(set) var numbers = 0, fractions = 0
  /// The smallest and largest number; meaningless without numbers.
  package private(set) var smallest = Double.infinity, largest = -Double.infinity
  /// What rows have here that is no text, "lists" or "objects"; nil if there is no such thing.
  private(set) var nested: String?
  private var words = 0

  /// The most different values that are kept.
  static let mostValues = DatasetReader.mostInferredLabels

  init(name: String?, number: Int) { (self.name, self.number) = (name, number) }

  mutating func add(_ field: ArraySlice<UInt8>) {
    let field = field.withoutOuterSpaces
    guard !field.isEmpty else { return }
    filled += 1
    // Bytes that continue a character begin with the bits 10.
    lengths.append(field.count { $0 & 0xC0 != 0x80 })
    words += 1 + field.count { $0 == 0x20 }
    if let number = DecimalNumber.parse(field).map(Double.init) {
      numbers += 1
      if number.rounded() != number { fractions += 1 }
      (smallest, largest) = (min(smallest, number), max(largest, number))
    }
    guard !hasManyValues else { return }
    values[String(decoding: field, as: UTF8.self), default: 0] += 1
    if values.count > Self.mostValues {
      values = [:]
      hasManyValues = true
    }
  }

  /// Adds a value of JSON. Arrays and objects are no texts.
  mutating func add(_ value: JSONValue) {
    if value.array != nil || value.object != nil {
      nested = value.array == nil ? "objects" : "lists"
      return
    }
    let text = value.string ?? value.numberText ?? value.bool?.description ?? ""
    add(Array(text.utf8)[...])
  }

  /// Whether all rows say the same, which tells nothing apart.
  var isConstant: Bool { !hasManyValues && values.count == 1 }

  /// The mean length in characters.
  package var meanLength: Double {
    Double(lengths.reduce(0, +)) / Double(max(1, lengths.count))
  }

  /// Whether all values are numbers.
  package var isNumeric: Bool { filled > 0 && numbers == filled }

  /// Whether the values look like sentences: several words, and hardly ever the same.
  var isProse: Bool {
    guard filled > 0, !isNumeric, Double(words) >= 2.5 * Double(filled) else { return false }
    return hasManyValues || 3 * values.count >= filled
  }

  /// Whether the values look like labels: a few, most of which occur again.
  var isCategory: Bool {
    guard !hasManyValues, values.count > 1 else { return false }
    let longest = values.keys.reduce(0) { max($0, $1.utf8.count) }
    return longest <= 100 && 2 * values.count <= filled
  }

  /// Whether the values are scores rather than the numbers of a few classes.
  package var isScore: Bool {
    guard isNumeric else { return false }
    return hasManyValues || values.count > 20 || fractions > 0 && values.count > 5
  }

  /// Whether the values number the rows.
  var isIndex: Bool {
    isNumeric && fractions == 0 && (hasManyValues || values.count == filled) && filled > 1
  }

  /// The name as messages show it, or else the number.
  package var shown: String { name.map { "\"\($0)\"" } ?? "\(number)" }

  /// What is in it, in a few words.
  package var summary: String {
    let mean = Int(meanLength.rounded())
    if filled == 0 { return nested ?? "empty" }
    if isProse { return "text of \(mean) characters on average" }
    if isNumeric, hasManyValues || values.count > 20 { return "numbers" }
    if hasManyValues { return "more than \(Self.mostValues) different values" }
    return values.count == 1 ? "the same in every row" : "\(values.count) different values"
  }
}
