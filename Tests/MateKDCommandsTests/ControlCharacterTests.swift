import Files
import Foundation
import Logging
import MateKDCommands
import StrictJSON
import TestSupport
import Testing

/// Nothing that comes from a file or a command line reaches a terminal raw.
@Suite struct ControlCharacterTests {
  /// Sets a terminal's title, begins a line that looks like one of the log, and turns text around.
  private static let hostile = "a\u{1B}]0;owned\u{7}\nerror: forged\u{9B}31m\u{202E}\u{2028}b\u{7F}"
  private static let escaped =
    "a\\u001b]0;owned\\u0007\\nerror: forged\\u009b31m\\u202e\\u2028b\\u007f"

  private static func isRaw(_ text: String, lines: Int) -> Bool {
    text.unicodeScalars.count { $0 == "\n" } != lines
      || text.unicodeScalars.contains { $0 != "\n" && String($0).withoutControls != String($0) }
  }

  @Test func everyControlIsEscapedAndNothingElse() {
    #expect(Self.hostile.withoutControls == Self.escaped)
    let kept = "é 漢 \u{1F600} \\u001b \u{200D} \u{A0} \u{202F}"
    #expect(kept.withoutControls == kept)
    #expect("\r\n\t\0".withoutControls == "\\r\\n\\t\\u0000")
    #expect("\u{E0041}".withoutControls == "\\udb40\\udc41")
    for value in [
      0, 8, 0x1F, 0x7F, 0x80, 0x9F, 0x2028, 0x2029, 0x202A, 0x202E, 0x2066, 0x2069,
      0x61C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0xE0041,
    ] {
      guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
      #expect(String(scalar).withoutControls.hasPrefix("\\"), "\(value)")
    }
  }

  @Test func streamsEscapeLinesTablesAndStatus() {
    let captured = CapturedStream()
    let stream = captured.stream()
    stream.print(Self.hostile)
    stream.print(StyledText("warning:", .yellow) + " \(Self.hostile)")
    var table = TextTable([.text("label"), .number("rows")])
    table.add([Self.hostile, "1"])
    table.add(["b", "2"])
    table.print(on: stream)
    #expect(!Self.isRaw(captured.text, lines: 6), "\(captured.text.debugDescription)")
    let lines = captured.text.split(separator: "\n")
    #expect(lines[0] == Self.escaped)
    // The column is as wide as what is shown.
    #expect(lines[4].count == lines[5].count)

    let terminal = CapturedStream()
    let style = TerminalStyle(redraws: true, colors: true, width: 200)
    terminal.stream(style).show(status: Self.hostile)
    #expect(terminal.text == "\r\u{1B}[K\(Self.escaped)")
    #expect(StyledText(Self.hostile, .red).drawn(style) == "\u{1B}[31m\(Self.escaped)\u{1B}[0m")
  }

  @Test func jsonKeepsItsMeaning() throws {
    let captured = CapturedStream()
    let value: JSONValue = .object([(Self.hostile, .array([.string(Self.hostile), 1]))])
    captured.stream().print(json: value)
    let lines = captured.text.split(separator: "\n").count
    #expect(!Self.isRaw(captured.text, lines: lines))
    #expect(try StrictJSON.parse(captured.text, file: "") == value)
  }

  @Test(arguments: LogFormat.allCases)
  func aNameDoesNotForgeALineOfTheLog(format: LogFormat) throws {
    let captured = CapturedStream()
    let logger = Logger(label: "test") {
      ConsoleLogHandler(label: $0, format: format, stream: captured.stream())
    }
    logger.info("\(Self.hostile)", metadata: [Self.hostile: "\(Self.hostile)"])
    #expect(!Self.isRaw(captured.text, lines: 1), "\(captured.text.debugDescription)")
  }

  @Test func errorsAreOneLine() {
    let error = FileError(file: Self.hostile, tensor: Self.hostile, problem: Self.hostile)
    let line = MateKD.line(for: error).drawn()
    #expect(!Self.isRaw(line, lines: 0))
    #expect(line.hasPrefix("error: \(Self.escaped): tensor \"\(Self.escaped)\""))
  }

  @Test func theParserQuotesTheCommandLineOnOneLine() throws {
    for arguments in [
      ["evaluate", "--model", "m", "--data", "d", "--\(Self.hostile)"], ["\(Self.hostile)"],
      ["evaluate", "--model", "m", "--data", "d", "--split", Self.hostile],
      ["tokenize", "--model", "m", "--max-seq-length", Self.hostile],
    ] {
      let error = #expect(throws: (any Error).self) { try MateKD.parseAsRoot(arguments) }
      let captured = CapturedStream()
      MateKD.usage(for: try #require(error), arguments: arguments)
        .forEach { captured.stream().print($0) }
      #expect(captured.text.hasPrefix("Error: "))
      #expect(captured.text.contains("\\u001b]0;owned\\u0007\\nerror: forged"))
      #expect(!captured.text.contains("\nerror: forged"))
    }
    // Lines of the parser's own stay lines.
    let error = #expect(throws: (any Error).self) { try MateKD.parseAsRoot(["evaluate"]) }
    #expect(MateKD.usage(for: try #require(error), arguments: ["evaluate"]).count > 2)
  }

  @Test func theFirstErrorOfAStreamIsKept() {
    struct Full: Error, Equatable { let number: Int }
    let tries = SetClock()
    let stream = TerminalStream(style: .plain) { _ in
      tries.advance(.seconds(1))
      throw Full(number: Int(tries.now() / .seconds(1)))
    }
    #expect(stream.firstError == nil)
    stream.print("a")
    stream.print("b")
    #expect(stream.firstError as? Full == Full(number: 1))
  }
}
