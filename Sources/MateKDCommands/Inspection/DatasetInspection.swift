import Data
import Files
import StrictJSON

/// What `mate-kd inspect` reports about the data of a task.
package struct DatasetInspection: Sendable {
  private let statistics: DatasetStatistics

  /// A report of what was found.
  package init(_ statistics: DatasetStatistics) { self.statistics = statistics }

  /// Writes tables of rows, labels, lengths and shared rows.
  package func print(on stream: TerminalStream) {
    TextTable.print([rows, labels, scores, lengths, overlaps].compactMap { $0 }, on: stream)
  }

  /// A sentence for each of the first few rows that were left out of each file, and one for how
  /// many more there are.
  package var notices: [String] {
    statistics.parts.flatMap { part in
      [part.spelling].compactMap { $0 } + Self.notices(part.rejections, "rows", of: part.source)
    }
  }

  /// The notices about one file.
  static func notices(_ leftOut: [FileError], _ what: String, of file: String) -> [String] {
    let rest = leftOut.count - 3
    return leftOut.prefix(3).map { "left out: \($0)" }
      + (rest > 0 ? ["left out: \(rest) more \(what) of \(file)"] : [])
  }

  private var rows: TextTable {
    var table = TextTable([
      .text(statistics.task.name), .number("rows"), .number("left out"), .number("repeated"),
      .number("with another label"), .text("file"),
    ])
    for part in statistics.parts {
      table.add([
        Self.name(part), NumberText.grouped(part.rows),
        NumberText.grouped(part.rejections.count + part.undecided),
        NumberText.grouped(part.repeats.rows), NumberText.grouped(part.repeats.contradictions),
        part.source,
      ])
    }
    return table
  }

  private var labels: TextTable? {
    let labelled = statistics.parts.filter { !$0.labels.isEmpty }
    guard let first = labelled.first else { return nil }
    var table = TextTable([.text("label")] + labelled.map { .number(Self.name($0)) })
    for (place, label) in first.labels.enumerated() {
      table.add(
        [label.name]
          + labelled.map { part in
            NumberText.share(part.labels[place].rows, of: part.rows)
          })
    }
    return table
  }

  private var scores: TextTable? {
    let scored = statistics.parts.filter { $0.scores != nil }
    guard !scored.isEmpty else { return nil }
    var table = TextTable([
      .text("scores"), .number("smallest"), .number("mean"), .number("largest"),
    ])
    for part in scored {
      guard let scores = part.scores else { continue }
      table.add(
        [Self.name(part)]
          + [scores.minimum, scores.mean, scores.maximum].map { NumberText.fixed($0, 3) })
    }
    return table
  }

  private var lengths: TextTable? {
    guard let limit = statistics.parts.first?.lengths?.limit else { return nil }
    var table = TextTable(
      [.text("tokens")] + LengthStatistics.columns
        + [.number("rows over \(limit)"), .number("tokens lost")])
    for part in statistics.parts {
      guard let lengths = part.lengths else { continue }
      table.add(
        [Self.name(part)] + lengths.cells + [
          NumberText.share(lengths.truncatedRows, of: part.rows),
          NumberText.percent(lengths.lostShare),
        ])
    }
    return table
  }

  private var overlaps: TextTable? {
    guard !statistics.overlaps.isEmpty else { return nil }
    var table = TextTable([
      .text("rows of"), .text("also in"), .number("rows"), .number("share"),
      .number("with another label"),
    ])
    for overlap in statistics.overlaps {
      let all = statistics.parts.first { $0.splits.contains(overlap.split) }?.rows ?? 0
      table.add([
        overlap.split.rawValue, overlap.earlier.rawValue, NumberText.grouped(overlap.matches.rows),
        NumberText.percent(Double(overlap.matches.rows) / Double(all)),
        NumberText.grouped(overlap.matches.contradictions),
      ])
    }
    return table
  }

  private static func name(_ part: DatasetStatistics.Part) -> String {
    part.splits.map(\.rawValue).joined(separator: ", ")
  }

  /// The whole report.
  package var json: JSONValue {
    .object([
      ("task", .string(statistics.task.name)),
      ("splits", .array(statistics.parts.map(Self.json))),
      (
        "overlaps",
        .array(
          statistics.overlaps.map { overlap in
            .object([
              ("split", .string(overlap.split.rawValue)),
              ("also_in", .string(overlap.earlier.rawValue)),
              ("rows", .int(overlap.matches.rows)),
              ("with_another_label", .int(overlap.matches.contradictions)),
            ])
          })
      ),
    ])
  }

  private static func json(_ part: DatasetStatistics.Part) -> JSONValue {
    var object: [(String, JSONValue)] = [
      ("splits", .array(part.splits.map { .string($0.rawValue) })), ("file", .string(part.source)),
      ("rows", .int(part.rows)), ("rejected", .int(part.rejections.count)),
      ("undecided", .int(part.undecided)), ("repeated", .int(part.repeats.rows)),
      ("repeated_with_another_label", .int(part.repeats.contradictions)),
    ]
    if !part.labels.isEmpty {
      object.append(("labels", .object(part.labels.map { ($0.name, .int($0.rows)) })))
    }
    if let scores = part.scores {
      object.append(
        (
          "scores",
          .object([
            ("minimum", .double(scores.minimum)), ("mean", .double(scores.mean)),
            ("maximum", .double(scores.maximum)),
          ])
        ))
    }
    if let lengths = part.lengths { object.append(("tokens", json(lengths))) }
    return .object(object)
  }

  private static func json(_ lengths: LengthStatistics) -> JSONValue {
    .object(
      lengths.members + [
        ("truncated_rows", .int(lengths.truncatedRows)),
        ("truncated_share", .double(lengths.truncatedShare)),
        ("lost_share", .double(lengths.lostShare)),
      ])
  }
}
