/// A place in a JSON text.
///
/// Lines and columns count from 1; a column is a number of Unicode scalars, as editors show it.
/// A value that was made by the program rather than read from a file has `JSONPosition.none`.
public struct JSONPosition: Sendable, Hashable, CustomStringConvertible {
  private let storedLine: UInt32
  private let storedColumn: UInt32

  /// The line, from 1; 0 where there is no text.
  public var line: Int { Int(storedLine) }
  /// The column in Unicode scalars, from 1; 0 where there is no text.
  public var column: Int { Int(storedColumn) }

  /// A position; numbers beyond 32 bits are clamped.
  public init(line: Int, column: Int) {
    storedLine = UInt32(clamping: line)
    storedColumn = UInt32(clamping: column)
  }

  /// The position of a value that no text holds.
  public static let none = JSONPosition(line: 0, column: 0)

  /// `line:column`.
  public var description: String { "\(line):\(column)" }
}

/// A JSON text that breaks the grammar, or a value in it that its reader cannot use.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file's name as the caller gave it.
  public let file: String
  /// Where the offending character or value starts.
  public let position: JSONPosition
  /// One clause saying what is wrong and what is expected.
  public let message: String

  /// The line of `position`, from 1.
  public var line: Int { position.line }
  /// The column of `position`, from 1.
  public var column: Int { position.column }

  /// An error at a position of a file. Readers use it for values of a wrong kind, too.
  public init(file: String, position: JSONPosition, message: String) {
    self.file = file
    self.position = position
    self.message = message
  }

  /// `file:line:column: error: message`, the form that editors make clickable.
  public var description: String {
    position == .none ? "\(file): error: \(message)" : "\(file):\(position): error: \(message)"
  }
}
