import Data
import Files
import TestSupport
import Testing

@Suite("GLUE submissions")
struct GLUESubmissionTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private static func file(_ name: String) throws -> GLUESubmission.File {
    try #require(GLUESubmission.files.first { $0.name == name })
  }

  private static func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }

  @Test("the eleven files of the server")
  func files() {
    #expect(
      GLUESubmission.files.map(\.name) == [
        "CoLA.tsv", "SST-2.tsv", "MRPC.tsv", "STS-B.tsv", "QQP.tsv", "MNLI-m.tsv", "MNLI-mm.tsv",
        "QNLI.tsv", "RTE.tsv", "WNLI.tsv", "AX.tsv",
      ])
    let others = GLUESubmission.files.map { $0.otherTask?.name }
    #expect(others.compactMap { $0 } == ["mnli", "mnli"])
  }

  @Test(
    "labels are spelled as in the task's files",
    arguments: [
      ("CoLA.tsv", "0", "1"), ("SST-2.tsv", "0", "1"), ("MRPC.tsv", "0", "1"),
      ("WNLI.tsv", "0", "1"), ("QNLI.tsv", "entailment", "not_entailment"),
      ("RTE.tsv", "entailment", "not_entailment"), ("MNLI-m.tsv", "entailment", "neutral"),
      ("MNLI-mm.tsv", "entailment", "neutral"), ("AX.tsv", "entailment", "neutral"),
    ])
  func spelling(_ name: String, _ first: String, _ second: String) throws {
    let file = try Self.file(name)
    let classes = (0..<file.rows).map { Int32($0 % 2) }
    let lines = Self.lines(try file.content(.classes(classes)))
    #expect(lines.prefix(3) == ["index\tprediction", "0\t\(first)", "1\t\(second)"])
    #expect(lines.count == file.rows + 2 && lines.last == "")
    #expect(lines[file.rows].hasPrefix("\(file.rows - 1)\t"))
  }

  @Test("scores have three decimals and stay within 0 and 5")
  func scores() throws {
    let file = try Self.file("STS-B.tsv")
    var scores = [Double](repeating: 2.34567, count: file.rows)
    scores.replaceSubrange(0..<6, with: [-0.3, -0.0, 0.0004, 5.2, .infinity, 4.9996])
    let lines = Self.lines(try file.content(.scores(scores)))
    #expect(
      lines[1...7] == [
        "0\t0.000", "1\t0.000", "2\t0.000", "3\t5.000", "4\t5.000", "5\t5.000", "6\t2.346",
      ])
    scores[17] = .nan
    let error = #expect(throws: FileError.self) { try file.content(.scores(scores)) }
    #expect(error?.file == "STS-B.tsv" && error?.line == 19)
  }

  @Test("answers that the server would not take")
  func wrongAnswers() throws {
    let file = try Self.file("WNLI.tsv")
    let short = #expect(throws: FileError.self) {
      try file.content(.classes([Int32](repeating: 0, count: 145)))
    }
    #expect(
      short?.problem.hasPrefix("there are 145 rows where the GLUE server expects 146") == true)
    #expect(throws: FileError.self) {
      try file.content(.classes([Int32](repeating: 2, count: 146)))
    }
  }

  @Test("a file without a model still has all rows")
  func placeholders() throws {
    for file in GLUESubmission.files where file.name != "QQP.tsv" {
      let lines = Self.lines(try file.content(file.placeholder))
      #expect(lines.count == file.rows + 2)
      #expect(lines[1] == "0\t" + (file.task.labels.first?.spelling ?? "0.000"))
    }
  }

  @Test("every test row counts, labels do not")
  func rows() throws {
    let file = try Self.file("WNLI.tsv")
    let folder = try scratch.folder()
    var text = "index\tsentence1\tsentence2\n"
    for row in 0..<146 { text += row == 9 ? "9\t\tb\n" : "\(row)\ta \(row)\tb\n" }
    try TestFiles.write(Array(text.utf8), to: "\(folder)/test.tsv")
    let rows = try file.read(directory: folder)
    #expect(rows.count == 146 && rows.first(9).isEmpty && rows.label(3) == .none)
    try TestFiles.write(Array((text + "146\ta\tb\n").utf8), to: "\(folder)/test.tsv")
    let error = #expect(throws: FileError.self) { try file.read(directory: folder) }
    #expect(error?.problem.hasPrefix("there are 147 rows where") == true)
    #expect(error?.file == "\(folder)/test.tsv")
  }

  @Test("the test sets at hand have as many rows as the server expects")
  func real() throws {
    guard let glue = TestFiles.shared("data/glue") else { return }
    var found: [String] = []
    for file in GLUESubmission.files
    where DatasetReader.hasFile(task: file.task, split: file.split, directory: glue) {
      #expect(try file.read(directory: glue).count == file.rows)
      found.append(file.name)
    }
    #expect(
      found == [
        "CoLA.tsv", "SST-2.tsv", "MRPC.tsv", "STS-B.tsv", "QNLI.tsv", "RTE.tsv", "WNLI.tsv",
      ])
  }
}

@Suite("Zip archives")
struct ZipArchiveTests {
  private static func number(_ bytes: [UInt8], _ start: Int, _ size: Int) -> Int {
    (0..<size).reversed().reduce(0) { $0 << 8 | Int(bytes[start + $1]) }
  }

  @Test("an archive is what APPNOTE.TXT says, field by field")
  func fields() throws {
    var archive = ZipArchive()
    try archive.add("a.tsv", Array("123456789".utf8))
    try archive.add("empty", [])
    try archive.add("ü.txt", [1, 2, 3])
    let bytes = archive.bytes
    func field(_ start: Int, _ size: Int) -> Int { Self.number(bytes, start, size) }
    // The check value of CRC-32, and those of nothing and of 1, 2, 3 (zlib's).
    let expected = [
      (name: "a.tsv", crc: 0xCBF4_3926, content: Array("123456789".utf8)),
      (name: "empty", crc: 0, content: []),
      (name: "ü.txt", crc: 0x55BC_801D, content: [1, 2, 3]),
    ]
    let end = bytes.count - 22
    #expect(field(end, 4) == 0x0605_4b50)
    #expect(field(end + 8, 2) == 3 && field(end + 10, 2) == 3)
    var entry = field(end + 16, 4)
    #expect(entry + field(end + 12, 4) == end)
    var local = 0
    for file in expected {
      let name = Array(file.name.utf8)
      #expect(field(entry, 4) == 0x0201_4b50 && field(local, 4) == 0x0403_4b50)
      #expect(field(entry + 42, 4) == local)
      // Version needed to lengths of name and extra field are the same in both headers.
      #expect(bytes[entry + 6..<entry + 32] == bytes[local + 4..<local + 30])
      #expect(field(local + 6, 2) == 0x0800 && field(local + 8, 2) == 0)
      #expect(field(local + 10, 4) == 0x0021_0000, "midnight of 1 January 1980")
      #expect(field(local + 14, 4) == file.crc)
      #expect(field(local + 18, 4) == file.content.count)
      #expect(field(local + 22, 4) == file.content.count)
      #expect(field(local + 26, 2) == name.count && field(local + 28, 2) == 0)
      #expect(Array(bytes[local + 30..<local + 30 + name.count]) == name)
      #expect(Array(bytes[entry + 46..<entry + 46 + name.count]) == name)
      local += 30 + name.count
      #expect(Array(bytes[local..<local + file.content.count]) == file.content)
      local += file.content.count
      #expect(field(entry + 38, 4) >> 16 == 0o100644)
      entry += 46 + name.count
    }
    #expect(local == field(end + 16, 4) && entry == end)
  }

  @Test("an archive of nothing")
  func nothing() {
    #expect(ZipArchive().bytes == [0x50, 0x4b, 5, 6] + [UInt8](repeating: 0, count: 18))
  }
}
