/// Formats that are no text in UTF-8, by the bytes they begin with.
enum ForeignFormat {
  private struct Kind {
    let name: String
    let beginning: [UInt8]
    /// What makes text of such a file. `IN` stands for its path.
    let advice: String
  }

  private static let kinds = [
    Kind(
      name: "Parquet", beginning: Array("PAR1".utf8),
      advice: pandas("d.read_parquet('IN')")),
    Kind(
      name: "Arrow (Feather)", beginning: Array("ARROW1".utf8),
      advice: pandas("d.read_feather('IN')")),
    Kind(
      name: "an Arrow stream, as Hugging Face's datasets keeps it",
      beginning: [0xFF, 0xFF, 0xFF, 0xFF],
      advice: #"python -c "import datasets as d; d.Dataset.from_file('IN').to_json('out.jsonl')""#),
    Kind(
      name: "old Excel (xls)", beginning: [0xD0, 0xCF, 0x11, 0xE0],
      advice: pandas("d.read_excel('IN')")),
    Kind(name: "gzip, twice", beginning: [0x1F, 0x8B], advice: "gunzip <IN >out.gz"),
    Kind(name: "bzip2", beginning: Array("BZh".utf8), advice: "bunzip2 <IN >out"),
    Kind(name: "xz", beginning: [0xFD, 0x37, 0x7A, 0x58, 0x5A], advice: "xz -d <IN >out"),
    Kind(name: "zstd", beginning: [0x28, 0xB5, 0x2F, 0xFD], advice: "zstd -d <IN >out"),
    Kind(
      name: "7z", beginning: [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], advice: "7z x IN"),
    Kind(
      name: "SQLite", beginning: Array("SQLite format 3\0".utf8),
      advice: "sqlite3 -header -csv IN 'select * from TABLE' >out.csv"),
  ]

  private static func pandas(_ read: String) -> String {
    #"python -c "import pandas as d; \#(read).to_json('out.jsonl', orient='records', lines=True)""#
  }

  /// What is wrong with the content of a file, and what to do; nil if it may be text in UTF-8.
  ///
  /// - Parameter path: what the user calls the file.
  static func problem(of bytes: [UInt8], _ path: String) -> String? {
    func sentence(_ name: String, _ advice: String) -> String {
      "the file is in the format \(name), not text; convert it: "
        + advice.replacing("IN", with: path, maxReplacements: 1)
    }
    // A text, too, may begin with PAR1 or BZh.
    let isBinary = bytes.prefix(4096).contains { $0 < 0x09 || $0 >= 0xF5 || $0 & 0xFE == 0xC0 }
    if isBinary, let kind = kinds.first(where: { bytes.starts(with: $0.beginning) }) {
      return sentence(kind.name, kind.advice)
    }
    if isBinary, bytes.starts(with: Array("PK".utf8)) {
      return isWorkbook(bytes)
        ? sentence("Excel (xlsx)", pandas("d.read_excel('IN')"))
        : sentence("zip", "unzip -p IN >out")
    }
    if let encoding = wideEncoding(bytes) {
      let isPacked = path.hasSuffix(DataFile.packedEnding)
      let convert = "iconv -f \(encoding) -t UTF-8"
      return "the file is in \(encoding); convert it: "
        + (isPacked ? "gunzip -c \(path) | \(convert) >out" : "\(convert) \(path) >out")
    }
    if bytes.prefix(64).allSatisfy({ $0 == 0 }) {
      return "the file begins with zeros and is no text; it was not written to its end."
    }
    // Lines would all be one: the line end of Macs before 2001, which some programs still write.
    if !bytes.contains(0x0A), let first = bytes.firstIndex(of: 0x0D), first < bytes.count - 1 {
      return "the lines end in CR alone; convert the file: tr '\\r' '\\n' <\(path) >out"
    }
    return nil
  }

  /// A spreadsheet is a zip archive with these names in it; the first ones stand near its
  /// beginning.
  private static func isWorkbook(_ bytes: [UInt8]) -> Bool {
    let beginning = bytes.prefix(4096)
    let names = ["xl/", "[Content_Types].xml"].map { Array($0.utf8) }
    return names.contains { beginning.firstRange(of: $0) != nil }
  }

  /// UTF-16 or UTF-32, told by the mark of byte order, or by zeros in all odd or all even places.
  private static func wideEncoding(_ bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) {
      return "UTF-32"
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return "UTF-16" }
    let beginning = bytes.prefix(64)
    guard beginning.count >= 4 else { return nil }
    let zeros = [0, 1].map { parity in
      stride(from: parity, to: beginning.count, by: 2).allSatisfy { beginning[$0] == 0 }
    }
    if zeros[0] == zeros[1] { return nil }
    return zeros[1] ? "UTF-16LE" : "UTF-16BE"
  }
}
