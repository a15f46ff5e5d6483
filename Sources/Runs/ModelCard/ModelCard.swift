import Data
import Files
import Foundation
import StrictJSON

/// The `README.md` of a model folder: what the model is and how it was made, with the head in YAML
/// from which the Hugging Face Hub takes its facts.
///
/// Everything is taken from run.json and the results. What the user wrote there is quoted, so that
/// no text of it becomes part of the card's structure. The licence is left out, since only the
/// owner of data and models can name it.
package struct ModelCard {
  /// The file in a model's folder.
  package static let fileName = "README.md"

  private let facts: ModelCardFacts

  /// The card of a run's model.
  ///
  /// - Parameters:
  ///   - run: the content of run.json.
  ///   - folder: the run's folder, whose name the model gets.
  ///   - results: the numbers of the run; those that begin with `eval_` are the model's.
  package init(run: RunDescription, folder: String, results: [(name: String, value: Double)]) {
    facts = ModelCardFacts(run.json, folder: folder, results: results)
  }

  /// Writes the card, unless there is a README.md that no run has written or that was changed
  /// since.
  ///
  /// - Returns: false if there is one.
  /// - Throws: `FileError`.
  package func write(to folder: String) throws -> Bool {
    let path = "\(folder)/\(Self.fileName)"
    guard try Self.isFree(path) else { return false }
    let body = text
    try ByteFile.write((body + Self.seal(body)).utf8, to: path)
    return true
  }

  /// Removes a card that a run has written and nobody has changed.
  package static func removeOwn(from folder: String) {
    let path = "\(folder)/\(fileName)"
    if ByteFile.exists(path), (try? isFree(path)) == true { ByteFile.remove(path) }
  }

  /// Writes the card if that is possible. A run does not fail for want of a card.
  ///
  /// - Returns: what the user should know if there is none.
  package func writeIfPossible(to folder: String) -> String? {
    do {
      if try write(to: folder) { return nil }
      return "\(folder)/\(Self.fileName) is not of a run, or was changed since; it is left as it is"
    } catch {
      return "the model card was not written: \(error)"
    }
  }

  /// Whether a card may be written: there is no file, or one that a run has written.
  private static func isFree(_ path: String) throws -> Bool {
    guard let old = try ByteFile.readIfThere(path, atMost: ByteFile.longestDescription) else {
      return true
    }
    let text = String(decoding: old, as: UTF8.self)
    guard let mark = text.range(of: sealStart, options: .backwards) else { return false }
    return text[mark.lowerBound...] == seal(String(text[..<mark.lowerBound]))
  }

  private static let sealStart = "\n<!-- Written by mate-kd "

  /// The last line, by which a later run knows the card as one that nobody has changed.
  private static func seal(_ body: String) -> String {
    var hash = ContentHash()
    hash.add(body.utf8)
    return "\(sealStart)(\(hash.hexadecimal)), which leaves this file alone once it was changed. "
      + "-->\n"
  }

  /// The card without its last line.
  package var text: String {
    (["---"] + head + ["---", ""] + content).joined(separator: "\n") + "\n"
  }

  // MARK: The head

  private var head: [String] {
    var lines: [String] = []
    func list(_ key: String, _ values: [String]) {
      if values.isEmpty { return }
      lines.append("\(key):")
      lines += values.map { "- \(YAMLText.quoted($0))" }
    }
    if let language = facts.language { lines.append("language: \(language)") }
    lines.append("library_name: transformers")
    lines.append("pipeline_tag: \(facts.pipeline)")
    if let base = facts.baseModel { lines.append("base_model: \(YAMLText.quoted(base))") }
    list("tags", facts.tags)
    list("datasets", [facts.dataset?.name].compactMap { $0 })
    list("metrics", facts.metricIDs)
    return lines + modelIndex
  }

  /// The results in the form that the Hub shows them.
  private var modelIndex: [String] {
    guard let task = facts.task, !facts.metrics.isEmpty else { return [] }
    var lines = [
      "model-index:", "- name: \(YAMLText.quoted(facts.name))", "  results:", "  - task:",
      "      type: \(facts.pipeline)", "    dataset:",
      "      type: \(YAMLText.quoted(facts.dataset?.name ?? task))",
      "      name: \(YAMLText.quoted(task))",
    ]
    if let subset = facts.dataset?.subset { lines.append("      config: \(subset)") }
    lines += ["      split: \(facts.split)", "    metrics:"]
    for metric in facts.metrics {
      lines += [
        "    - type: \(metric.id)", "      name: \(YAMLText.quoted(metric.name))",
        "      value: \(metric.value)",
      ]
    }
    return lines
  }

  // MARK: The text

  private var content: [String] {
    var lines = ["# \(MarkdownText.plain(facts.name))", "", summary, ""]
    if !facts.metrics.isEmpty {
      let teacher = facts.metrics.contains { $0.teacher != nil }
      lines += [
        "| \(measured) | value |" + (teacher ? " teacher | share of the teacher's |" : ""),
        "| --- | ---: |" + (teacher ? " ---: | ---: |" : ""),
      ]
      lines += facts.metrics.map { metric in
        var row = "| \(MarkdownText.plain(metric.name)) | \(Self.fixed(metric.value, 4)) |"
        if let teacher = metric.teacher {
          let share =
            teacher > 0 && metric.value >= 0
            ? Self.fixed(100 * metric.value / teacher, 1) + " %" : "–"
          row += " \(Self.fixed(teacher, 4)) | \(share) |"
        }
        return row
      }
      lines.append("")
    }
    lines += ["## How it was made", ""]
    lines += facts.origins.map { "- \($0.name): \(MarkdownText.code($0.value))" }
    lines += [
      "",
      "`run.json` of the run's folder has all settings; with it the run can be repeated:", "",
      "```sh", "jq .config run.json >config.json",
      "mate-kd \(facts.command) --config config.json --output-dir again", "```",
    ]
    return lines
  }

  /// On what the metrics were measured.
  private var measured: String {
    switch facts.split {
    case "train": "held-out training rows" + (facts.rows.map { " (\($0))" } ?? "")
    default: "validation rows" + (facts.rows.map { " (\($0))" } ?? "")
    }
  }

  /// A number with so many digits after the point, independent of the locale.
  private static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  private var summary: String {
    let task = facts.task.map { " for the task \(MarkdownText.code($0))" } ?? ""
    return switch facts.command {
    case "distill":
      "A student\(task), distilled from a larger teacher by method "
        + "\(MarkdownText.code(facts.method ?? "")) of mate-kd."
    case "pretrain": "A masked language model, trained by mate-kd."
    default: "A classifier\(task), fine-tuned by mate-kd."
    }
  }
}
