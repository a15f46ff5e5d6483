import Data
import StrictJSON

/// What `mate-kd inspect` reports about the data of a task with questions.
package struct QuestionInspection: Sendable {
  private let statistics: QuestionStatistics

  /// A report of what was found.
  package init(_ statistics: QuestionStatistics) { self.statistics = statistics }

  /// Writes tables of questions, answers, lengths and shared questions.
  package func print(on stream: TerminalStream) {
    TextTable.print([questions, answers, lengths, overlaps].compactMap { $0 }, on: stream)
  }

  /// A sentence for each of the first few answers in each file that nothing can be learnt from, and
  /// one for how many more there are.
  package var notices: [String] {
    statistics.parts.flatMap {
      DatasetInspection.notices($0.misplacedAnswers, "answers", of: $0.source)
    }
  }

  private var questions: TextTable {
    var table = TextTable([
      .text(statistics.version.rawValue), .number("questions"), .number("contexts"),
      .number("repeated"), .number("with other answers"), .text("file"),
    ])
    for part in statistics.parts {
      table.add(
        [part.split.rawValue]
          + [part.questions, part.contexts, part.repeats.rows, part.repeats.contradictions]
          .map(NumberText.grouped) + [part.source])
    }
    return table
  }

  private var answers: TextTable {
    var table = TextTable([
      .text("answers"), .number("answerable"), .number("impossible"), .number("unlabelled"),
      .number("misplaced"),
    ])
    for part in statistics.parts {
      table.add(
        [part.split.rawValue]
          + [part.answerable, part.impossible, part.unlabelled].map {
            NumberText.share($0, of: part.questions)
          } + [NumberText.grouped(part.misplacedAnswers.count)])
    }
    return table
  }

  private var lengths: TextTable? {
    guard let limit = statistics.parts.first?.windows?.lengths.limit else { return nil }
    var table = TextTable(
      [.text("tokens")] + LengthStatistics.columns
        + [
          .number("questions over \(limit)"), .number("windows each"),
          .number("answer in no window"),
        ])
    for part in statistics.parts {
      guard let windows = part.windows else { continue }
      table.add(
        [part.split.rawValue] + windows.lengths.cells + [
          NumberText.share(windows.lengths.truncatedRows, of: part.questions),
          NumberText.fixed(windows.meanWindows, 2),
          NumberText.share(windows.outsideWindows, of: windows.learnable),
        ])
    }
    return table
  }

  private var overlaps: TextTable? {
    guard !statistics.overlaps.isEmpty else { return nil }
    var table = TextTable([
      .text("questions of"), .text("also in"), .number("questions"),
      .number("with other answers"), .number("contexts"),
    ])
    for overlap in statistics.overlaps {
      let split = statistics.parts.first { $0.split == overlap.split }
      guard let part = split else { continue }
      table.add([
        overlap.split.rawValue, overlap.earlier.rawValue,
        NumberText.share(overlap.questions.rows, of: part.questions),
        NumberText.grouped(overlap.questions.contradictions),
        NumberText.share(overlap.contexts, of: part.contexts),
      ])
    }
    return table
  }

  /// The whole report.
  package var json: JSONValue {
    .object([
      ("task", .string(statistics.version.rawValue)),
      ("splits", .array(statistics.parts.map(Self.json))),
      (
        "overlaps",
        .array(
          statistics.overlaps.map { overlap in
            .object([
              ("split", .string(overlap.split.rawValue)),
              ("also_in", .string(overlap.earlier.rawValue)),
              ("questions", .int(overlap.questions.rows)),
              ("with_other_answers", .int(overlap.questions.contradictions)),
              ("contexts", .int(overlap.contexts)),
            ])
          })
      ),
    ])
  }

  private static func json(_ part: QuestionStatistics.Part) -> JSONValue {
    func share(_ count: Int) -> JSONValue { .double(Double(count) / Double(part.questions)) }
    var object: [(String, JSONValue)] = [
      ("splits", .array([.string(part.split.rawValue)])), ("file", .string(part.source)),
      ("questions", .int(part.questions)), ("contexts", .int(part.contexts)),
      ("answerable", .int(part.answerable)), ("answerable_share", share(part.answerable)),
      ("impossible", .int(part.impossible)), ("impossible_share", share(part.impossible)),
      ("unlabelled", .int(part.unlabelled)),
      ("misplaced_answers", .int(part.misplacedAnswers.count)),
      ("repeated", .int(part.repeats.rows)),
      ("repeated_with_other_answers", .int(part.repeats.contradictions)),
    ]
    if let windows = part.windows { object.append(("tokens", json(windows))) }
    return .object(object)
  }

  private static func json(_ windows: WindowStatistics) -> JSONValue {
    .object(
      windows.lengths.members + [
        ("doc_stride", .int(windows.settings.overlap)),
        ("max_query_length", .int(windows.settings.maximumQuestionLength)),
        ("windows", .int(windows.windows)), ("mean_windows", .double(windows.meanWindows)),
        ("several_windows", .int(windows.lengths.truncatedRows)),
        ("several_windows_share", .double(windows.lengths.truncatedShare)),
        ("learnable", .int(windows.learnable)),
        ("answer_in_no_window", .int(windows.outsideWindows)),
        ("answer_in_no_window_share", .double(windows.outsideShare)),
      ])
  }
}
