import Foundation

/// A path as people write it: with `~` for the home folder and the environment's variables.
package enum PathText {
  /// Why a path cannot be used; a clause without full stop.
  package struct Problem: Error, CustomStringConvertible {
    package let description: String
  }

  /// The path with `~` at its beginning replaced by the home folder, and `$NAME` and `${NAME}` by
  /// variables of the environment. `$$` is a dollar sign, and so is one before anything else.
  ///
  /// - Throws: `Problem` for a variable that is not set.
  package static func expanded(
    _ text: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(Problem) -> String {
    var result = ""
    var rest = Substring(text)
    if text == "~" || text.hasPrefix("~/") {
      result = try value("HOME", "~", in: text, environment)
      rest = rest.dropFirst()
    }
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[dollar...].dropFirst()
      if rest.first == "$" {
        result += "$"
        rest = rest.dropFirst()
        continue
      }
      let isBraced = rest.first == "{"
      let name = (isBraced ? rest.dropFirst() : rest).prefix { isPartOfName($0) }
      let end = name.endIndex
      guard !name.isEmpty, name.first?.isNumber == false,
        !isBraced || end < rest.endIndex && rest[end] == "}"
      else {
        if isBraced {
          throw Problem(
            description: "\"\(text)\" has \"${\" without the name of a variable and \"}\"")
        }
        result += "$"
        continue
      }
      result += try value(String(name), "$\(name)", in: text, environment)
      rest = isBraced ? rest[end...].dropFirst() : rest[end...]
    }
    return result + rest
  }

  /// How a path is written so that `expanded` gives it back: nothing in it is a variable or the
  /// home folder.
  package static func literal(_ path: String) -> String {
    (path == "~" || path.hasPrefix("~/") ? "./" : "") + path.replacing("$", with: "$$")
  }

  private static func isPartOfName(_ character: Character) -> Bool {
    character == "_" || character.isASCII && (character.isLetter || character.isNumber)
  }

  private static func value(
    _ name: String, _ written: String, in text: String, _ environment: [String: String]
  ) throws(Problem) -> String {
    guard let value = environment[name], !value.isEmpty else {
      throw Problem(
        description:
          "\"\(text)\" needs the environment variable \(name) for \(written), which is not "
          + "set")
    }
    return value
  }

  /// A relative path seen from a folder; nil and `.` are the working directory.
  package static func joined(_ folder: String?, _ path: String) -> String {
    guard let folder, folder != "." else { return path }
    return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
  }
}

/// What the relative paths of a configuration are relative to, its key `paths`.
package enum PathsRelativeTo: String, Sendable, CaseIterable {
  /// The folder in which the program was started.
  case workingDirectory = "working_directory"
  /// The file that names them.
  case file
}
