/// The fields of one line. Quotes have no meaning.
struct TabSeparatedRow {
  /// The whole line.
  let bytes: ArraySlice<UInt8>
  private let starts: [Int]

  init(_ text: [UInt8], _ line: Range<Int>) {
    bytes = text[line]
    var starts = [line.lowerBound]
    for position in line where text[position] == 0x09 { starts.append(position + 1) }
    self.starts = starts
  }

  /// A line as a single field, including its tabs.
  init(whole text: [UInt8], _ line: Range<Int>) {
    bytes = text[line]
    starts = [line.lowerBound]
  }

  var count: Int { starts.count }

  /// A field, counted from 0; the index must be below `count`.
  subscript(_ field: Int) -> ArraySlice<UInt8> {
    bytes[starts[field]..<(field + 1 < count ? starts[field + 1] - 1 : bytes.endIndex)]
  }

  /// All fields.
  var fields: [ArraySlice<UInt8>] { (0..<count).map { self[$0] } }
}
