import Configuration
import Methods

/// A Markdown document with places to be filled with tables of keys.
///
/// `{{table COMMAND SECTION [BRANCH]}}` on a line of its own becomes a table of the keys of a
/// section (`.` for the top level), or of one key, as some branch of the configuration has them.
/// `{{methods}}` becomes a table of the methods, `{{method keys}}` one table of keys per method.
/// `{{methods with generator}}`, anywhere in a line, becomes the names of the methods that need a
/// generator.
/// those that need one.
package struct ReferenceTemplate: Sendable {
  /// The error for a place that cannot be filled.
  package struct UnknownPlace: ExitStatusProviding, CustomStringConvertible {
    /// What stands between the braces.
    package let place: String
    package var exitStatus: ExitStatus { .data }
    /// One sentence.
    package var description: String {
      "the template has a place {{\(place)}}, which cannot be filled."
    }
  }

  private let text: String

  /// A template.
  package init(_ text: String) { self.text = text }

  /// The document with its places filled.
  /// - Throws: `UnknownPlace`; the errors of `ConfigurationReference`.
  package func filled() throws -> String {
    let generators = MethodRegistry.all.filter(\.needsGenerator).map {
      "`\($0.name)`" + ($0.generatorUseVaries ? " (unless its keys say otherwise)" : "")
    }
    return try text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let line = line.replacing(
        "{{methods with generator}}", with: generators.joined(separator: ", "))
      guard line.hasPrefix("{{"), line.hasSuffix("}}") else { return String(line) }
      return try table(String(line.dropFirst(2).dropLast(2)))
    }.joined(separator: "\n")
  }

  private func table(_ place: String) throws -> String {
    if place == "methods" { return Self.methods }
    if place == "method keys" { return try Self.methodKeys() }
    let words = place.split(separator: " ").map(String.init)
    guard words.count >= 3, words[0] == "table",
      let command = ConfigurationReference.Command(rawValue: words[1])
    else { throw UnknownPlace(place: place) }
    let branch = words.count > 3 ? words[3] : ""
    let entries = try ConfigurationReference(command).entries.filter { $0.branch == branch }
    let rows =
      words[2] == "."
      ? entries.map(\.setting).filter { $0.parent.isEmpty && $0.kinds != [.section] }
      : Self.keys(entries.map(\.setting), of: words[2])
    guard !rows.isEmpty else { throw UnknownPlace(place: place) }
    return Self.table(rows, of: words[2])
  }

  /// The keys within a section and within its subsections, or a single key. A section whose keys
  /// are described elsewhere counts as a key.
  private static func keys(_ settings: [Setting], of section: String) -> [Setting] {
    let inside = settings.filter { "\($0.path).".hasPrefix("\(section).") }
    return inside.filter { setting in
      setting.kinds != [.section] || !inside.contains { $0.parent == setting.path }
    }
  }

  private static func table(_ settings: [Setting], of section: String) -> String {
    let rows = settings.map { setting in
      let isWhole = section == "." || section == setting.path
      let key = isWhole ? setting.path : String(setting.path.dropFirst(section.count + 1))
      let values =
        setting.choices.isEmpty
        ? [setting.kindText, setting.rangeText].filter { !$0.isEmpty }.joined(separator: ", ")
        : (setting.isList ? "list of " : "")
          + setting.choices.map { code("\"\($0)\"") }.joined(separator: ", ")
      let fallback = setting.defaultText
      let isCode = !fallback.isEmpty && fallback != "required" && !fallback.hasPrefix("≈")
      return "| `\(key)` | \(values) | \(isCode ? code(fallback) : fallback) | \(setting.meaning) |"
    }
    return (["| key | values | default | meaning |", "| --- | --- | --- | --- |"] + rows)
      .joined(separator: "\n")
  }

  private static func code(_ text: String) -> String {
    "`" + text.replacing("|", with: "\\|") + "`"
  }

  private static var methods: String {
    let rows = MethodRegistry.all.map { method in
      let page = MethodPage.document(of: method)?.dropFirst("docs/".count)
      let link = page.map { "[\($0)](\($0))" } ?? ""
      let generator =
        method.generatorUseVaries
        ? method.needsGenerator ? "by default" : "on request" : method.needsGenerator ? "yes" : ""
      return "| `\(method.name)` | \(method.summary) | \(generator) | "
        + "\(method.takesSeveralLabels ? "yes" : "") | "
        + "\(method.configureSpans == nil ? "" : "yes") | "
        + "\(method.teacherUse == .model ? "" : "yes") | "
        + "\(unlabelled(method.unlabelledTexts)) | \(link) |"
    }
    let head = [
      "| name | what it is | needs `generator` | several labels | questions | any teacher "
        + "| texts without labels | described in |",
      "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    return (head + rows).joined(separator: "\n")
  }

  private static func unlabelled(_ texts: UnlabelledTexts) -> String {
    switch texts {
    case .none: ""
    case .besideLabelled: "beside labelled ones"
    case .alone: "yes"
    }
  }

  private static func methodKeys() throws -> String {
    try MethodRegistry.all.compactMap { method -> String? in
      let settings = try ConfigurationReference(method).entries.map(\.setting)
        .filter { $0.path != "method.name" }
      let rows = keys(settings, of: "method")
      return rows.isEmpty ? nil : "### `\(method.name)`\n\n" + table(rows, of: "method")
    }.joined(separator: "\n\n")
  }
}
