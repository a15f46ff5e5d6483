import ArgumentParser
import Foundation
import Logging
import StrictJSON

/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable, ExpressibleByArgument {
  /// For people: the message, and `key=value` for its metadata.
  case text
  /// For programs: one JSON object per line, with `time`, `level`, `message` and the metadata.
  case json
}

/// Writes swift-log's events to standard error, above the progress bar.
package struct ConsoleLogHandler: LogHandler {
  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let format: LogFormat
  private let stream: TerminalStream
  private let time: @Sendable () -> Date

  /// A handler. Tests pass another clock as `time`.
  package init(
    label: String, format: LogFormat, level: Logger.Level = .info,
    stream: TerminalStream = .standardError, time: @escaping @Sendable () -> Date = { Date() }
  ) {
    self.label = label
    self.format = format
    self.stream = stream
    self.time = time
    logLevel = level
  }

  /// Makes every logger of the process write this way. To be called only once per process.
  package static func bootstrap(_ format: LogFormat, level: Logger.Level) {
    LoggingSystem.bootstrap { ConsoleLogHandler(label: $0, format: format, level: level) }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let all = metadata.merging(metadataProvider?.get() ?? [:]) { _, new in new }
      .merging(event.metadata ?? [:]) { _, new in new }
    let sorted = all.sorted { $0.key < $1.key }
    switch format {
    case .text:
      let suffix = sorted.map { " \($0.key)=\($0.value)" }.joined()
      stream.print(prefix(event.level) + "\(event.message)" + StyledText(suffix, .dim))
    case .json:
      let members: [(String, JSONValue)] =
        [
          ("time", .string(time().formatted(.iso8601))), ("level", .string("\(event.level)")),
          ("logger", .string(label)), ("message", .string("\(event.message)")),
        ] + sorted.map { ($0.key, Self.value($0.value)) }
      stream.print(JSONWriter(layout: .line).string(.object(members)))
    }
  }

  private func prefix(_ level: Logger.Level) -> StyledText {
    switch level {
    case .trace, .debug: StyledText("\(level): ", .dim)
    case .info, .notice: StyledText("")
    case .warning: StyledText("warning: ", .yellow)
    case .error, .critical: StyledText("error: ", .red)
    }
  }

  /// Metadata that is a number, `true` or `false` becomes one in JSON; anything else is a string.
  private static func value(_ value: Logger.Metadata.Value) -> JSONValue {
    switch value {
    case .array(let elements): return .array(elements.map(Self.value))
    case .dictionary(let members):
      return .object(members.sorted { $0.key < $1.key }.map { ($0.key, Self.value($0.value)) })
    case .string, .stringConvertible:
      let text = "\(value)"
      if let parsed = try? StrictJSON.parse(text, file: ""),
        parsed.numberText != nil || parsed.bool != nil
      {
        return parsed
      }
      return .string(text)
    }
  }
}
