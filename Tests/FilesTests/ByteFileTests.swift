import Files
import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct ByteFileTests {
  private func problem(_ path: String, _ kind: ReadableKind = .regularFile) -> String {
    let error = #expect(throws: FileError.self) { try ByteFile.read(path, kind) }
    return error.map { "\($0.kind): \($0.problem)" } ?? ""
  }

  /// Were any of these waited for, the test would not end.
  @Test func whatIsNoFileIsRefusedAtOnce() throws {
    let scratch = try ScratchFolder()
    let pipe = "\(scratch.path)/pipe"
    mkfifo(pipe, 0o600)
    #expect(problem(pipe).hasPrefix("unreadable: this is a pipe"))
    #expect(problem(scratch.path).hasPrefix("unreadable: this is a folder"))
    #expect(problem(scratch.path, .fileOrStream).hasPrefix("unreadable: this is a folder"))
    #expect(problem("/dev/zero").hasPrefix("unreadable: this is a device"))
    #expect(problem("/dev/zero", .fileOrStream).hasPrefix("unreadable: this is a device"))
    #expect(problem("\(scratch.path)/none").hasPrefix("missing: there is no such file"))
    #expect(problem("\(scratch.path)/none", .fileOrStream).hasPrefix("missing"))
    #expect(throws: FileError.self) { try RandomAccessFile(pipe) }
    #expect(throws: FileError.self) { try ByteFile.forEachPiece(of: pipe) { _ in } }
    #expect(throws: FileError.self) { try ByteFile.readIfThere(pipe) }
    #expect(try ByteFile.readIfThere("\(scratch.path)/none") == nil)
  }

  @Test func aPathEndsAtNoNUL() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.write("secret", as: "a")
    #expect(problem("\(path)\0.txt").contains("NUL"))
    #expect(throws: FileError.self) { try ByteFile.write([1], to: "\(path)\0.txt") }
    #expect(throws: FileError.self) { try ByteFile.append([1], to: "\(path)\0.txt") }
    #expect(try TestFiles.bytes(path) == Array("secret".utf8))
    #expect(scratch.content == ["a"])
  }

  @Test func aPipeIsReadToItsEndWhereOneMayBe() throws {
    let pipe = Pipe()
    let text = Array(String(repeating: "0123456789", count: 20_000).utf8)
    let writer = Thread {
      try? pipe.fileHandleForWriting.write(contentsOf: text)
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
    #expect(try ByteFile.read(path, .fileOrStream) == text)
  }

  @Test func aNamedPipeHasTimeToFindItsWriter() throws {
    let scratch = try ScratchFolder()
    let path = "\(scratch.path)/pipe"
    mkfifo(path, 0o600)
    let writer = Thread {
      usleep(200_000)
      let pipe = open(path, O_WRONLY)
      // Open is enough: what is written may come late.
      usleep(200_000)
      write(pipe, "text", 4)
      close(pipe)
    }
    writer.start()
    #expect(try ByteFile.read(path, .fileOrStream) == Array("text".utf8))
  }

  /// Files in /proc say that they have no bytes.
  @Test func theSizeThatAFileClaimsIsNotBelieved() throws {
    #expect(try !ByteFile.read("/proc/self/status").isEmpty)
  }

  @Test func partsOfAFileAndItsEnd() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.write("0123456789", as: "a")
    let file = try RandomAccessFile(path)
    var bytes = [UInt8](repeating: 0, count: 4)
    try bytes.withUnsafeMutableBytes { try file.read(into: $0, from: 6) }
    #expect(bytes == Array("6789".utf8) && file.count == 10)
    truncate(path, 8)
    let error = #expect(throws: FileError.self) {
      try bytes.withUnsafeMutableBytes { try file.read(into: $0, from: 6) }
    }
    #expect(error?.problem.contains("cut short") == true)
  }

  @Test func aFileThatIsTooLongIsRefusedBeforeItIsRead() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.write("0123456789", as: "a")
    #expect(try ByteFile.read(path, atMost: 10).count == 10)
    truncate(path, 1 << 40)
    let error = #expect(throws: FileError.self) { try ByteFile.read(path, atMost: 1 << 20) }
    #expect(error?.kind == .invalid)
  }
}
