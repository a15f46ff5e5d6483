import Files
import Foundation
import MateKDCommands
import TestSupport
import Testing

@Suite struct LineFilterTests {
  /// Bytes in, bytes out, by way of two files.
  private func filter(
    _ input: [UInt8], _ body: (ArraySlice<UInt8>) throws -> [UInt8]
  ) throws -> (output: [UInt8], error: (any Error)?) {
    let folder = try ScratchFolder()
    let (from, to) = (try folder.write(input, as: "in"), try folder.write("", as: "out"))
    let source = try #require(FileHandle(forReadingAtPath: from))
    let sink = try #require(FileHandle(forWritingAtPath: to))
    var thrown: (any Error)?
    do {
      try LineFilter.run(
        from: source.fileDescriptor, named: "texts", to: sink.fileDescriptor, body)
    } catch {
      thrown = error
    }
    try sink.close()
    return ([UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: to))), thrown)
  }

  private func bracketed(_ text: String) throws -> String {
    let result = try filter(Array(text.utf8)) { [UInt8(ascii: "[")] + $0 + Array("]".utf8) }
    #expect(result.error == nil)
    return String(decoding: result.output, as: UTF8.self)
  }

  @Test func linesEndWithLineFeeds() throws {
    #expect(try bracketed("") == "")
    #expect(try bracketed("\n") == "[]")
    #expect(try bracketed("a\nb") == "[a][b]")
    #expect(try bracketed("a\r\n\r\nb\u{2028}c\n") == "[a][][b\u{2028}c]")
  }

  @Test func linesMayBeLongerThanABuffer() throws {
    let lines = [65535, 65536, 0, 200_001, 1].map { String(repeating: "é", count: $0) }
    #expect(
      try bracketed(lines.joined(separator: "\n")) == lines.map { "[\($0)]" }.joined())
  }

  @Test func aLineThatIsNotUTF8IsNamedAndTheOnesBeforeAreWritten() throws {
    let result = try filter(Array("a\nb\n".utf8) + [0xC3, 0x0A, 0x63, 0x0A]) { Array($0) }
    #expect(result.output == Array("ab".utf8))
    #expect(
      result.error as? FileError
        == FileError(
          file: "texts", line: 3, problem: "the text is not valid UTF-8; convert it first."))
  }

  @Test func failedReadingHasItsExitCode() {
    let error = #expect(throws: (any Error).self) {
      try LineFilter.run(from: -1, named: "texts", to: -1) { Array($0) }
    }
    #expect(error.map { ExitStatus(of: $0) } == .inputOutput)
    #expect(error.map { "\($0)" } == "texts cannot be read: Bad file descriptor.")
  }
}
