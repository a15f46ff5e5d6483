/// Words of command lines that the user can copy.
enum ShellText {
  /// A word as a shell reads it, in quotes only where it needs them.
  static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy {
      "@%+=:,./-_".utf8.contains($0) || Character(Unicode.Scalar($0)).isLetter
        || Character(Unicode.Scalar($0)).isNumber
    }
    return isPlain && !word.isEmpty ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }
}
