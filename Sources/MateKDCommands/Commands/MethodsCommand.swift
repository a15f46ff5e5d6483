import ArgumentParser
import Inference
import Methods
import Runs
import Studies
import Trainers

/// `mate-kd methods`.
struct MethodsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods", abstract: "List the distillation methods.")

  func run() {
    var table = TextTable([.text("method"), .text("what it is")])
    for method in MethodRegistry.all { table.add([method.name, method.summary]) }
    table.print()
  }
}
