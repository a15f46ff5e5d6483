/// Places in a row of the first and the last token of an answer; both 0, which is the special first
/// token, when the row holds none.
public struct TokenSpan: Sendable, Equatable {
  /// Place of the first token, counted from 0.
  public var start: Int
  /// Place of the last token, not before `start`.
  public var end: Int

  /// Places as given.
  public init(start: Int, end: Int) {
    self.start = start
    self.end = end
  }

  /// What a row without the answer is to say.
  public static let noAnswer = TokenSpan(start: 0, end: 0)
}
