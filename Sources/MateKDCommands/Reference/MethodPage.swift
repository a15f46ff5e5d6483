import Configuration
import Methods

/// What `mate-kd methods NAME` prints about a method.
package struct MethodPage: Sendable {
  /// The widest line.
  package static let width = 100

  private let method: MethodDescription
  private let settings: [Setting]

  /// The page about a method.
  /// - Throws: the errors of `ConfigurationReference`.
  package init(_ method: MethodDescription) throws {
    self.method = method
    settings = try ConfigurationReference(method).entries.map(\.setting).filter {
      $0.path != "method.name" && $0.kinds != [.section]
    }
  }

  /// The document on the paper and every deviation from it; nil for a method of another package.
  package static func document(of method: MethodDescription) -> String? {
    guard MethodRegistry.isBuiltIn(method) else { return nil }
    return switch method.name {
    case "none", "kd", "mate-kd": "docs/methods.md"
    case "as-dfd", "zskt", "zskd", "random-text": "docs/methods/data-free.md"
    case "annealing-kd", "continuation-kd", "comkd": "docs/methods/annealing.md"
    case "freelb-kd": "docs/methods/freelb.md"
    default: "docs/methods/\(method.name).md"
    }
  }

  /// What the method needs and accepts, one sentence each.
  private var facts: [String] {
    var facts: [String] = []
    if method.needsGenerator {
      facts.append(
        "Needs a section \"generator\" with a masked language model"
          + (method.generatorUseVaries ? ", unless a key below says otherwise." : "."))
    }
    if !method.needsTrainingData { facts.append("Opens no training data.") }
    if method.takesSeveralLabels { facts.append("Takes texts with several labels.") }
    if method.teacherUse != .model { facts.append("Takes any teacher (docs/teachers.md).") }
    switch method.unlabelledTexts {
    case .none: break
    case .besideLabelled: facts.append("Takes texts without labels beside labelled ones.")
    case .alone: facts.append("Takes texts without labels.")
    }
    if method.configureSpans != nil { facts.append("Takes tasks with questions.") }
    if MethodRegistry.isBuiltIn(method), let cost = MethodCost.sentence(method.name) {
      facts.append("Cost of an update: \(cost)")
    }
    return facts
  }

  /// The lines.
  package var lines: [StyledText] {
    var head = Self.wrapped("\(method.name): \(method.summary)", indent: 0)
    let rest = head.removeFirst().dropFirst(method.name.count)
    var lines = [StyledText(method.name, .bold) + String(rest)]
    lines += head.map { StyledText($0) }
    lines += facts.flatMap { Self.wrapped($0, indent: 0) }.map { StyledText($0) }
    if let document = Self.document(of: method) {
      lines.append(StyledText("Paper, formulae and deviations: \(document)"))
    }
    lines.append(StyledText(""))
    if settings.isEmpty { return lines + [StyledText("It has no keys of its own.")] }
    var table = TextTable([.text("key of method"), .text("kind"), .text("range"), .text("default")])
    for setting in settings {
      let key = setting.path.split(separator: ".").dropFirst().joined(separator: ".")
      table.add([key, setting.kindText, setting.rangeText, setting.defaultText])
    }
    let rows = table.lines
    lines += rows.prefix(2)
    for (row, setting) in zip(rows.dropFirst(2), settings) {
      lines.append(row)
      let texts = [setting.meaning] + (setting.choices.isEmpty ? [] : [setting.choicesText])
      lines += texts.flatMap { Self.wrapped($0, indent: 4) }.map { StyledText($0) }
    }
    return lines
  }

  /// A text broken into lines no wider than the page.
  private static func wrapped(_ text: String, indent: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, indent + line.count + 1 + word.count > width {
        lines.append(margin + line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + [margin + line]
  }
}
