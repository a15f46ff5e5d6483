import Files
import Foundation
import TestSupport
import Testing

/// Files that Python's gzip packed (`scripts/goldens/gzip_files.py`).
@Suite struct GzipTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func golden(_ name: String) throws -> [UInt8] {
    try TestFiles.bytes(TestFiles.golden("gzip/\(name)"))
  }

  private func problem(_ bytes: [UInt8]) throws -> String {
    let path = try scratch.write(bytes, as: "in.gz")
    let error = #expect(throws: FileError.self) { try ByteFile.readUnpacked(path) }
    #expect(error?.kind == .invalid)
    return error?.problem ?? ""
  }

  @Test(arguments: ["rows.tsv.gz", "members.gz", "rows.tsv"])
  func contentIsWhatPythonPacked(name: String) throws {
    #expect(
      try ByteFile.readUnpacked(TestFiles.golden("gzip/\(name)")) == golden("rows.tsv"))
  }

  /// What makes a file a packed one is its first bytes, and a pipe may give them one by one.
  @Test func aPipeIsUnpackedHoweverItsPiecesCome() throws {
    let packed = try golden("members.gz")
    let pipe = Pipe()
    let writer = Thread {
      for byte in packed { try? pipe.fileHandleForWriting.write(contentsOf: [byte]) }
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
    #expect(try ByteFile.readUnpacked(path, .fileOrStream) == golden("rows.tsv"))
  }

  @Test func everyEndThatIsTooEarlyIsNoticed() throws {
    let packed = try golden("rows.tsv.gz")
    for count in 2..<packed.count {
      #expect(try problem(Array(packed[..<count])).contains("cut short"), "\(count) bytes")
    }
    // Less than the mark is no packed file.
    #expect(try ByteFile.readUnpacked(scratch.write([0x1F], as: "one")) == [0x1F])
  }

  @Test func everyByteThatIsWrongIsNoticed() throws {
    let packed = try golden("rows.tsv.gz")
    let content = try golden("rows.tsv")
    // Date, hints and system of the header mean nothing for the content.
    let free = Set(4..<10)
    for place in 2..<packed.count {
      var damaged = packed
      damaged[place] ^= 0x10
      let path = try scratch.write(damaged, as: "in.gz")
      if free.contains(place) {
        #expect(try ByteFile.readUnpacked(path) == content, "byte \(place)")
      } else {
        #expect(throws: FileError.self, "byte \(place)") { try ByteFile.readUnpacked(path) }
      }
    }
    #expect(
      try problem(packed.dropLast(8) + [UInt8](repeating: 1, count: 8)).contains("is damaged"))
  }

  @Test func whatFollowsTheLastMemberIsNotPassedOver() throws {
    let packed = try golden("rows.tsv.gz")
    #expect(try problem(packed + Array("a\t1\n".utf8)).contains("something that is not packed"))
    #expect(try problem(packed + packed.dropLast(4)).contains("cut short"))
  }

  /// Eighty members of a mebibyte that take 80 kB: more than 64 MiB and a hundred times the file.
  @Test func aBombIsRefusedBeforeItTakesMemory() throws {
    let zeros = try golden("zeros.gz")
    let many = { (count: Int) in [UInt8](repeatElement(zeros, count: count).joined()) }
    #expect(try problem(many(80)).contains("longer than 64 MiB and 100 times the file"))
    let path = try scratch.write(many(60), as: "less.gz")
    #expect(try ByteFile.readUnpacked(path).count == 60 << 20)
  }
}
