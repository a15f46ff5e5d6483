import Data
import Files
import Foundation
import TestSupport
import Testing

/// Files as programs leave them: packed, in other encodings, or no text at all.
@Suite("Files of data")
struct DataFileTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func golden(_ name: String) throws -> [UInt8] {
    try TestFiles.bytes(TestFiles.golden("gzip/\(name)"))
  }

  private func problem(_ bytes: some Sequence<UInt8>, as name: String = "in.txt") throws -> String {
    let path = try scratch.write(bytes, as: name)
    let error = #expect(throws: FileError.self) {
      try DatasetReader.readInput(task: .sst2, path: path)
    }
    return error?.problem.replacing(path, with: "IN") ?? ""
  }

  @Test("a packed file is read as what is in it, whatever it is called")
  func packed() throws {
    let (plain, packed) = (try golden("rows.tsv"), try golden("rows.tsv.gz"))
    for name in ["in.tsv.gz", "in.tsv", "in.gz", "in"] {
      let dataset = try DatasetReader.readInput(
        task: .sst2, path: scratch.write(packed, as: name))
      #expect(dataset.count == 500, "\(name)")
      #expect(String(decoding: dataset.first(7), as: UTF8.self) == "a film of 7 minutes ")
    }
    let corpus = try DatasetReader.readCorpus(path: scratch.write(packed, as: "corpus.txt"))
    #expect(corpus.count == 501)
    // The file of a task is found under its own name before the packed one.
    try scratch.write(packed, as: "SST-2/train.tsv.gz")
    func train() throws -> TextDataset {
      try DatasetReader.read(task: .sst2, split: .train, directory: scratch.path)
    }
    #expect(DatasetReader.hasFile(task: .sst2, split: .train, directory: scratch.path))
    let found = try train()
    #expect(found.source.hasSuffix("/SST-2/train.tsv.gz") && found.label(3) == .class(1))
    try scratch.write(plain, as: "SST-2/train.tsv")
    #expect(try train().source.hasSuffix("/SST-2/train.tsv"))
    #expect(
      try !DatasetReader.readInput(
        task: .sst2, path: scratch.write(Array("sentence\na\n".utf8), as: "a.tsv.gz")
      ).indices.isEmpty)
  }

  @Test("packed and twice packed nonsense")
  func packedNonsense() throws {
    let packed = try golden("rows.tsv.gz")
    #expect(try problem(packed.dropLast(9)).contains("cut short"))
    // Python: gzip.compress(b"", mtime=0) and gzip.compress(gzip.compress(b"", mtime=0), mtime=0)
    let empty: [UInt8] = [
      0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 0xFF, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
    #expect(try problem(empty).hasPrefix("the file is empty"))
  }

  @Test("other encodings and line ends are named, with what converts them")
  func encodings() throws {
    let text = "sentence\na film, naïve\n"
    func wide(_ encoding: String.Encoding) throws -> [UInt8] {
      [UInt8](try #require(text.data(using: encoding)))
    }
    let mark: [UInt8] = [0xFF, 0xFE]
    #expect(
      try problem(mark + wide(.utf16LittleEndian))
        == "the file is in UTF-16; convert it: iconv -f UTF-16 -t UTF-8 IN >out")
    #expect(try problem([0xFE, 0xFF] + wide(.utf16BigEndian)).contains("is in UTF-16;"))
    #expect(try problem(wide(.utf16LittleEndian)).contains("iconv -f UTF-16LE"))
    #expect(try problem(wide(.utf16BigEndian)).contains("iconv -f UTF-16BE"))
    #expect(try problem(mark + [0, 0] + wide(.utf32LittleEndian)).contains("UTF-32"))
    #expect(try problem(wide(.isoLatin1)).contains("not valid UTF-8"))
    #expect(try problem("a\rb\r".utf8).contains(#"tr '\r' '\n' <IN >out"#))
    // One line with a CR at its end is one line, and a CR within a line is part of the text.
    let one = try DatasetReader.readInput(task: .sst2, path: scratch.write("a\r", as: "one.txt"))
    #expect(one.count == 1)
    let inside = try DatasetReader.readInput(
      task: .sst2, path: scratch.write("a\rb\nc\n", as: "inside.txt"))
    #expect(inside.count == 2 && inside.first(0).elementsEqual("a\rb".utf8))
  }

  @Test("the files of a task are refused like others")
  func filesOfATask() throws {
    try scratch.write(Array("PAR1\u{15}\u{4}".utf8), as: "SST-2/train.tsv")
    let error = #expect(throws: FileError.self) {
      try DatasetReader.read(task: .sst2, split: .train, directory: scratch.path)
    }
    #expect(error?.problem.contains("read_parquet('\(scratch.path)/SST-2/train.tsv')") == true)
  }
}
