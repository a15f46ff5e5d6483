import Files
import Foundation
import StrictJSON

/// What a run's folder tells about the run.
package struct RunRecord: Sendable {
  /// The files that are read are no longer than this; a log of a million lines is shorter.
  private static let longestFile = 512 << 20

  /// The run's folder.
  package let folder: String
  /// What the page calls it.
  package var name: String
  /// In a study: its task and method.
  var cell: (task: String, method: String)?
  /// The subcommand.
  let command: String
  /// The configuration with all defaults.
  package let config: JSONValue
  /// The numbers of all_results.json.
  let results: [String: Double]
  /// The names of those numbers in the order of the file.
  let resultNames: [String]
  /// Whether the run has come to its end.
  let isFinished: Bool
  /// The log: lines with a step and named values.
  package let log: [LogLine]
  /// The class or score of each validation row; nil if they are not there.
  let predictions: [(prediction: String, reference: String)]?
  /// The names of the model's outputs, in order.
  let labels: [String]
  /// Texts beside those that the generator made of them.
  let examples: [AdversarialExample]
  /// How many training texts have how many tokens, the shortest first; empty if nothing is known.
  let lengths: [Length]

  /// How sure the generator was at masked places in the course of the run; empty without one.
  let entropies: [Entropies]

  /// How many masked places had which entropy after some updates.
  package struct Entropies: Sendable {
    let step: Int
    /// The width of a range in nats, from 0 on, and the places in each.
    let width: Double
    let counts: [Int]
    /// The mean over all places.
    let mean: Double
  }

  /// Some training texts of the same length.
  package struct Length: Sendable, Equatable {
    let tokens: Int
    let texts: Int
  }

  /// A line of log.jsonl.
  package struct LogLine: Sendable {
    let step: Double
    let values: [(name: String, value: Double)]
  }

  /// Reads a folder.
  ///
  /// - Throws: `FileError` or `JSONError`.
  package init(folder: String) throws {
    self.folder = folder
    name = folder
    let path = "\(folder)/run.json"
    let run = try Self.object(StrictJSON.read(path), of: path)
    command = run["command"]?.string ?? ""
    config = run["config"] ?? .null
    let all = try Self.json("\(folder)/all_results.json")
    let numbers = (all?.object?.members ?? []).compactMap { member in
      member.value.double.map { (member.key, $0) }
    }
    results = Dictionary(numbers) { first, _ in first }
    resultNames = numbers.map(\.0)
    isFinished = all != nil && all?["interrupted"]?.bool != true
    log = try Self.lines("\(folder)/log.jsonl").compactMap { line in
      guard let object = line.object, let step = line["step"]?.double else { return nil }
      return LogLine(
        step: step,
        values: object.members.compactMap { member in
          member.key == "step" || member.key == "epoch"
            ? nil : (member.key, member.value.double ?? .nan)
        })
    }
    predictions = try Self.predictions("\(folder)/eval_predictions.tsv")
    let model = try Self.json("\(folder)/config.json")
    labels = (model?["id2label"]?.object?.members ?? [])
      .sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }.compactMap(\.value.string)
    examples = try Self.lines("\(folder)/\(AdversarialExample.fileName)")
      .compactMap { AdversarialExample($0) }
    entropies = try Self.lines("\(folder)/generator_entropy.jsonl").compactMap { line in
      let counts = (line["counts"]?.array ?? []).compactMap(\.int)
      guard let step = line["step"]?.int, let width = line["width"]?.double, width > 0,
        let mean = line["mean"]?.double, (1...1000).contains(counts.count),
        counts.allSatisfy({ (0...1_000_000_000).contains($0) }), counts.contains(where: { $0 > 0 })
      else { return nil }
      return Entropies(step: step, width: width, counts: counts, mean: mean)
    }
    lengths = (try Self.json("\(folder)/text_lengths.json")?["train"]?.array ?? [])
      .compactMap { pair in
        guard let pair = pair.array, pair.count == 2, let tokens = pair[0].int,
          let texts = pair[1].int, (0...1_000_000).contains(tokens),
          (0...1_000_000_000_000).contains(texts)
        else { return nil }
        return Length(tokens: tokens, texts: texts)
      }
  }

  /// The names of the metrics, without `eval_`, as they stand in the results.
  var metricNames: [String] {
    resultNames.filter { name in
      name.hasPrefix("eval_") && name != "eval_loss"
        && !["eval_runtime", "eval_samples"].contains { name.hasPrefix($0) }
    }.map { String($0.dropFirst("eval_".count)) }
  }

  /// The method of a distillation, otherwise the subcommand.
  var kind: String { config["method"]?["name"]?.string ?? command }

  private static func json(_ path: String) throws -> JSONValue? {
    guard let bytes = try ByteFile.readIfThere(path, atMost: ByteFile.longestDescription) else {
      return nil
    }
    return try object(StrictJSON.parse(bytes, file: path), of: path)
  }

  private static func object(_ value: JSONValue, of path: String) throws -> JSONValue {
    guard value.object != nil else {
      throw FileError(file: path, problem: "the file must contain one JSON object.")
    }
    return value
  }

  /// The values of a JSON Lines file; none if it is not there. A last line that an interruption cut
  /// off is left out.
  private static func lines(_ path: String) throws -> [JSONValue] {
    guard let bytes = try ByteFile.readIfThere(path, atMost: longestFile) else { return [] }
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: true)
    return try lines.enumerated().compactMap { place, line in
      do {
        return try StrictJSON.parse(Array(line), file: path)
      } catch let error as JSONError {
        if place == lines.count - 1, bytes.last != 0x0A { return nil }
        throw FileError(
          file: path, line: place + 1, problem: "the line is not JSON: \(error.message).")
      }
    }
  }

  private static func predictions(
    _ path: String
  ) throws -> [(prediction: String, reference: String)]? {
    guard let bytes = try ByteFile.readIfThere(path, atMost: longestFile) else { return nil }
    // Bytes, because looking for characters takes longer than in proportion where there are many
    // that are not text.
    let lines = bytes.split(separator: UInt8(ascii: "\n")).dropFirst()
    return try lines.enumerated().map { place, line in
      let fields = line.split(
        separator: UInt8(ascii: "\t"), maxSplits: 3, omittingEmptySubsequences: false)
      guard fields.count == 3 else {
        throw FileError(
          file: path, line: place + 2,
          problem: "a row number, a prediction and a reference are expected.")
      }
      let labels = fields.dropFirst().map { String(decoding: $0, as: UTF8.self) }
      return (labels[0], labels[1])
    }
  }
}
