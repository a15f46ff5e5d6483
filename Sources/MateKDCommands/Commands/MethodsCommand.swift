import ArgumentParser
import Configuration
import Methods

/// `mate-kd methods`.
struct MethodsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods", abstract: "List the distillation methods, or the keys of one.")

  @Argument(
    help: "The method whose keys to print; without it, all methods are listed.",
    completion: .list(MethodRegistry.all.map(\.name)))
  var name: String?

  func run() throws {
    guard let name else {
      var table = TextTable([.text("method"), .text("what it is")])
      for method in MethodRegistry.all { table.add([method.name, method.summary]) }
      return table.print()
    }
    guard let method = MethodRegistry.named(name) else {
      let known = MethodRegistry.all.map(\.name)
      throw ValidationError(
        "there is no method \"\(name)\"; \(EditDistance.suggestion(for: name, among: known))")
    }
    try MethodPage(method).lines.forEach { TerminalStream.standardOutput.print($0) }
  }
}
