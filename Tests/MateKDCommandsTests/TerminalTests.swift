import Configuration
import Data
import Files
import Foundation
import Logging
import MateKDCommands
import StrictJSON
import Testing

@Suite struct TerminalTests {
  @Test(
    arguments: [
      ([:], true, true, true),
      (["TERM": "xterm"], false, false, false),
      (["TERM": "dumb"], true, false, false),
      (["NO_COLOR": "1"], true, true, false),
      (["NO_COLOR": ""], true, true, true),
      (["CLICOLOR_FORCE": "1"], false, false, true),
      (["CLICOLOR_FORCE": "0"], false, false, false),
      (["FORCE_COLOR": "1", "TERM": "dumb"], true, false, true),
      (["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], false, false, false),
    ] as [([String: String], Bool, Bool, Bool)])
  func styleFollowsTheEnvironment(
    _ environment: [String: String], _ isTerminal: Bool, _ redraws: Bool, _ colors: Bool
  ) {
    let style = TerminalStyle(environment: environment, isTerminal: isTerminal)
    #expect(style.redraws == redraws)
    #expect(style.colors == colors)
    #expect(StyledText("x", .red).drawn(style) == (colors ? "\u{1B}[31mx\u{1B}[0m" : "x"))
  }

  @Test func exitCodes() {
    let here = #filePath
    let cases: [(any Error, Int32)] = [
      (ConfigError(file: "a", message: "b"), 78),
      (JSONError(file: "a", position: .none, message: "b"), 65),
      (FileError(file: here, line: 1, problem: "b"), 65),
      (FileError(file: "standard input", line: 3, problem: "b"), 65),
      (FileError(.missing, file: "a", problem: "b"), 66),
      (FileError(.unreadable, file: "a", problem: "b"), 74),
      (FileError(.invalid, file: "a", problem: "b"), 65),
      (FileError(.unwritable, file: "a", problem: "b"), 73),
      (CocoaError(.fileReadNoSuchFile), 66),
      (CocoaError(.fileWriteNoPermission), 73),
      (CocoaError(.fileWriteOutOfSpace), 74),
      (POSIXError(.EIO), 74),
      (CancellationError(), 70),
    ]
    for (error, code) in cases { #expect(ExitStatus(of: error).rawValue == code, "\(error)") }
    let unknown = #expect(throws: TaskRegistry.UnknownTask.self) {
      try TaskRegistry.named("no such task")
    }
    #expect(unknown.map { ExitStatus(of: $0) } == .usage)
  }

  @Test func tables() {
    var table = TextTable([.text("model"), .number("accuracy"), .text("note")])
    table.add(["teacher", "0.91"])
    table.add(["é", "0.9", "x", "too many"])
    #expect(
      table.lines.map { $0.drawn() } == [
        "model    accuracy  note", "-------  --------  ----", "teacher      0.91",
        "é             0.9  x",
      ])
    #expect(
      table.lines[0].drawn(TerminalStyle(redraws: false, colors: true))
        == "\u{1B}[1mmodel    accuracy  note\u{1B}[0m")
  }

  @Test func numbers() {
    #expect(NumberText.grouped(0) == "0")
    #expect(NumberText.grouped(999) == "999")
    #expect(NumberText.grouped(-17_387_010) == "-17 387 010")
    #expect(NumberText.grouped(.min) == "-9 223 372 036 854 775 808")
    #expect(NumberText.time(.milliseconds(4500)) == "0:05")
    #expect(NumberText.time(.seconds(3723)) == "1:02:03")
    #expect(NumberText.time(.seconds(-1)) == "0:00")
    #expect(NumberText.fixed(0.12345, 4) == "0.1235")
    #expect(NumberText.scientific(0) == "0.00e+00")
  }

  @Test func logLines() {
    func write(_ format: LogFormat, _ level: Logger.Level = .info) -> String {
      let captured = CapturedStream()
      var logger = Logger(label: "train") {
        ConsoleLogHandler(
          label: $0, format: format, level: level, stream: captured.stream(),
          time: { Date(timeIntervalSince1970: 0) })
      }
      logger[metadataKey: "step"] = "7"
      logger.debug("hidden")
      logger.info("loss \"x\"", metadata: ["loss": "\(0.5)", "task": "sst-2", "a": ["1", "b"]])
      logger.warning("slow")
      return captured.text
    }
    #expect(
      write(.text)
        == "loss \"x\" a=[\"1\", \"b\"] loss=0.5 step=7 task=sst-2\nwarning: slow step=7\n")
    #expect(
      write(.json)
        == """
        {"time": "1970-01-01T00:00:00Z", "level": "info", "logger": "train", \
        "message": "loss \\"x\\"", "a": [1, "b"], "loss": 0.5, "step": 7, "task": "sst-2"}
        {"time": "1970-01-01T00:00:00Z", "level": "warning", "logger": "train", \
        "message": "slow", "step": 7}

        """)
    #expect(write(.text, .warning) == "warning: slow step=7\n")
  }

  @Test func optionsChangeTheConfiguration() throws {
    let options = try RunOptions.parse([
      "--config", "a.json", "--set", "seed=1", "--set", "train.max_steps=2", "--output-dir", "12",
      "--seed", "3", "--threads", "4", "--overwrite-output-dir", "--log-format", "json",
    ])
    let overrides = try options.overrides()
    #expect(
      overrides.map(\.path) == [
        "seed", "train.max_steps", "output_dir", "overwrite_output_dir", "seed", "threads",
      ])
    #expect(overrides.map(\.value) == [1, 2, "12", true, 3, 4])
    #expect(overrides[4].origin == "--seed")
    #expect(options.logFormat == .json)
    #expect(throws: (any Error).self) { try RunOptions.parse([]) }
  }
}
