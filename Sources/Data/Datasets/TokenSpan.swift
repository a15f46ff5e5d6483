/// The positions in a row of the first and the last token of an answer. Both are 0, the special
/// first token, if the row does not contain an answer.
public struct TokenSpan: Sendable, Equatable {
  /// Position of the first token, counted from 0.
  public var start: Int
  /// Position of the last token, not before `start`.
  public var end: Int

  /// A span with the given positions.
  public init(start: Int, end: Int) {
    self.start = start
    self.end = end
  }

  /// The target of a row without the answer.
  public static let noAnswer = TokenSpan(start: 0, end: 0)
}
