/// A position in a JSON text.
///
/// Lines and columns count from 1. A column counts Unicode scalars, as editors do. A value that the
/// program made, rather than read from a file, has `JSONPosition.none`.
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

  /// The position of a value that does not come from a text.
  public static let none = JSONPosition(line: 0, column: 0)

  /// `line:column`.
  public var description: String { "\(line):\(column)" }
}

/// A JSON text that breaks the grammar, or a value in it that its reader cannot use.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The name of the file, as the caller gave it.
  public let file: String
  /// Where the offending character or value starts.
  public let position: JSONPosition
  /// One clause that says what is wrong and what is expected.
  public let message: String

  /// The line of `position`, from 1.
  public var line: Int { position.line }
  /// The column of `position`, from 1.
  public var column: Int { position.column }

  /// An error at a position in a file. Readers also use it for values of the wrong kind.
  public init(file: String, position: JSONPosition, message: String) {
    self.file = file
    self.position = position
    self.message = message
  }

  /// `file:line:column: error: message`, a form that editors turn into a link.
  public var description: String {
    position == .none ? "\(file): error: \(message)" : "\(file):\(position): error: \(message)"
  }
}
