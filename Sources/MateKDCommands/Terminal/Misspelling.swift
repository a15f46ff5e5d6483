import Configuration
import StrictJSON

/// A word of a command line that is nearly a subcommand or an option.
package struct Misspelling: Equatable, CustomStringConvertible {
  /// What the user wrote.
  let word: String
  /// What was probably meant.
  let meant: String
  /// The subcommand whose option it is; nil for the name of a subcommand.
  let command: String?

  /// Looks for the first such word in arguments that the parser refused.
  ///
  /// - Parameter help: what the parser knows about the program, as its `_dumpHelp` tells it.
  package init?(in arguments: [String], help: String) {
    let words = arguments.first == "help" ? arguments.dropFirst() : arguments[...]
    guard let name = words.first, !name.hasPrefix("-"),
      let subcommands = (try? StrictJSON.parse(help, file: "help"))?["command"]?["subcommands"]?
        .array
    else { return nil }
    func names(_ value: JSONValue) -> String? { value["commandName"]?.string }
    guard let subcommand = subcommands.first(where: { names($0) == name }) else {
      let known = subcommands.compactMap(names)
      guard let meant = EditDistance.nearest(to: name, among: known) else { return nil }
      (word, self.meant, command) = (name, meant, nil)
      return
    }
    let known = (subcommand["arguments"]?.array ?? []).flatMap { argument in
      (argument["names"]?.array ?? []).compactMap { $0["name"]?.string }.filter { $0.count > 1 }
    }
    // What follows `--` is no option.
    for word in words.dropFirst().prefix(while: { $0 != "--" }) where word.hasPrefix("--") {
      let option = String(word.dropFirst(2).prefix { $0 != "=" })
      guard !known.contains(option) else { continue }
      guard let meant = EditDistance.nearest(to: option, among: known) else { return nil }
      (self.word, self.meant, command) = ("--\(option)", "--\(meant)", name)
      return
    }
    return nil
  }

  /// A sentence.
  package var description: String {
    command.map { "\($0) has no option \(word); did you mean \(meant)?" }
      ?? "there is no subcommand \(word); did you mean \(meant)?"
  }
}
