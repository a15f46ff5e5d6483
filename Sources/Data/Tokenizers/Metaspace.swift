/// The pre-tokenizer of a Unigram tokenizer: spaces become a mark, which begins words.
struct Metaspace: Sendable, Equatable {
  /// The mark, in UTF-8; "▁" in every model.
  var mark = Array("\u{2581}".utf8)
  /// True if texts are split at white space first, which is dropped (`WhitespaceSplit`).
  var splitsAtWhiteSpace = false
  /// True if a part that does not begin with the mark gets one (`prepend_scheme` "always").
  var addsPrefix = true
  /// True if a part is split before each mark.
  var splitsAtMarks = true

  /// Calls `body` with each word of a normalised text.
  func split(_ text: TracedBytes, _ body: (TracedBytes) -> Void) {
    guard splitsAtWhiteSpace else { return mark(0..<text.bytes.count, of: text, body) }
    let bytes = text.bytes[...]
    var start = 0
    while start < bytes.count {
      let first = ByteLevelSplitter.endOfWhiteSpace(from: start, in: bytes)
      var end = first
      while end < bytes.count, !ByteLevelSplitter.isWhiteSpace(bytes, at: end) {
        end += UTF8Length.ofScalar(startingWith: bytes[end])
      }
      mark(first..<min(end, bytes.count), of: text, body)
      start = end
    }
  }

  /// Marks a part and splits it before each mark.
  private func mark(_ range: Range<Int>, of text: TracedBytes, _ body: (TracedBytes) -> Void) {
    guard !range.isEmpty else { return }
    var word = text.emptied
    let first = text.bytes[range.lowerBound]
    if addsPrefix, first != 0x20, !text.bytes[range].starts(with: mark) {
      word.append(mark, before: range.lowerBound, of: text)
    }
    // Everything before `done` is in the word.
    var done = range.lowerBound
    var position = done
    while position < range.upperBound {
      let byte = text.bytes[position]
      let isSpace = byte == 0x20
      guard
        isSpace
          || byte == mark[0] && text.bytes[position..<range.upperBound].starts(with: mark)
      else {
        position += 1
        continue
      }
      word.append(done..<position, of: text)
      if splitsAtMarks, !word.bytes.isEmpty {
        body(word)
        word = text.emptied
      }
      let end = position + (isSpace ? 1 : mark.count)
      word.append(mark, from: position..<end, of: text)
      (done, position) = (end, end)
    }
    word.append(done..<range.upperBound, of: text)
    if !word.bytes.isEmpty { body(word) }
  }
}
