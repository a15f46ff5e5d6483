import Files
import Kernels

/// How questions and texts that are too long for a model are cut.
public struct WindowSettings: Sendable, Equatable {
  /// Number of tokens of a whole window (`max_seq_length`).
  public var maximumLength: Int
  /// Number of tokens of the text that a window shares with the previous one: `doc_stride` of
  /// transformers' `run_qa.py`. (In BERT's own script the name means the step from window to
  /// window.)
  public var overlap: Int
  /// Largest number of tokens of a question; the rest is cut off.
  public var maximumQuestionLength: Int

  /// The usual settings for models with 512 positions.
  public init(
    maximumLength: Int = 384, overlap: Int = 128, maximumQuestionLength: Int = 64
  ) {
    self.maximumLength = maximumLength
    self.overlap = overlap
    self.maximumQuestionLength = maximumQuestionLength
  }
}

/// Questions with windows of their texts, as a span classifier takes them. The question comes
/// first, then as much of the text as fits, in as many overlapping windows as needed. The windows
/// are those that Hugging Face's fast tokenizers make with `truncation="only_second"` and
/// overflowing tokens, except that questions which are too long are cut.
public struct QuestionWindows: Sendable {
  /// One window.
  public struct Window: Sendable, Equatable {
    /// Index of the question in the data set.
    public var question: Int
    /// The tokens of the context that are in the window.
    public var tokens: Range<Int>
    /// Position in the window of the first of these tokens.
    public var contextStart: Int
  }

  /// The windows, in the order of questions and, within one question, of the text.
  public private(set) var windows: [Window] = []
  /// The data.
  public let dataset: QuestionDataset

  private let contexts: [AlignedTokens]
  private var questions: [ArraySlice<Int32>] = []
  /// The first window of each question, then the end of the last.
  private var borders = [0]
  private let template: EncodingTemplate
  private let vocabularyHash: String

  /// Cuts all questions and texts.
  ///
  /// - Throws: `FileError` if a question does not leave room for more of its text than windows
  ///   share, which names the settings of a run; `MemoryShortage` if there are too many windows.
  public init(
    _ dataset: QuestionDataset, tokenizer: any Tokenizer, settings: WindowSettings
  ) throws {
    self.dataset = dataset
    template = tokenizer.template
    vocabularyHash = tokenizer.vocabularyHash
    contexts = dataset.contexts.map { tokenizer.encodeAligned($0[...]) }
    let special = template.pairSpecialCount
    // Every question has the windows of its text again, so that a file of many questions about a
    // long text becomes much longer than it is.
    var (bytes, checked) = (0.0, 256e6)
    for (index, question) in dataset.questions.enumerated() {
      // Leading white space would change the first token of a byte-level encoding.
      let text = question.text.unicodeScalars.drop { AnswerText.isWhiteSpace($0) }
      let ids = tokenizer.encode(String(text)).prefix(max(0, settings.maximumQuestionLength))
      questions.append(ids)
      let budget = settings.maximumLength - special - ids.count
      let count = contexts[question.context].count
      guard budget >= count || budget > settings.overlap else {
        throw FileError(
          file: dataset.source, line: question.line,
          problem: "a window of \(settings.maximumLength) tokens leaves \(max(0, budget)) for the "
            + "text beside question \(question.id), but windows share \(settings.overlap); raise "
            + "max_seq_length or lower doc_stride.")
      }
      let step = budget - settings.overlap
      let number = budget >= count ? 1 : (count - budget + step - 1) / step + 1
      bytes += Double(number) * (64 + 8 * Double(settings.maximumLength))
      if bytes > checked {
        _ = try MemoryShortage.check(
          bytes, for: "\(dataset.source): the windows of its texts",
          advice: "give fewer questions or shorter texts")
        checked = 2 * bytes
      }
      let contextStart = template.secondStart(firstCount: ids.count)
      var start = 0
      while true {
        let end = min(count, start + budget)
        windows.append(
          Window(question: index, tokens: start..<end, contextStart: contextStart))
        if end == count { break }
        start += budget - settings.overlap
      }
      borders.append(windows.count)
    }
  }

  /// Number of windows.
  public var count: Int { windows.count }

  /// The indices of a question's windows.
  public func windows(of question: Int) -> Range<Int> { borders[question]..<borders[question + 1] }

  /// Number of tokens of a question, cut as in its windows, together with all of its text and the
  /// special tokens: what one window would have to hold so that no other is needed.
  public func length(of question: Int) -> Int {
    template.pairSpecialCount + questions[question].count
      + contexts[dataset.questions[question].context].count
  }

  /// A window as a model takes it.
  public func encoding(_ window: Int) -> Encoding {
    let (question, tokens) = (windows[window].question, windows[window].tokens)
    return template.encoding(
      Array(questions[question]), Array(aligned(window).ids[tokens]), maxLength: .max)
  }

  /// All windows in order, as rows without labels.
  public var inputs: TokenizedDataset {
    TokenizedDataset(encodings: (0..<count).map(encoding), vocabularyHash: vocabularyHash)
  }

  /// The windows from which something can be learnt, as rows with the positions of their answers.
  public var examples: TokenizedDataset {
    let known = (0..<count).compactMap { window in target(window).map { (window, $0) } }
    return TokenizedDataset(
      encodings: known.map { encoding($0.0) }, targets: .spans(known.map(\.1)),
      vocabularyHash: vocabularyHash)
  }

  /// The bytes in the context of the token at a position of a window; nil if the token is not from
  /// the context.
  public func bytes(_ window: Int, at place: Int) -> Range<Int>? {
    let token = windows[window].tokens.lowerBound + place - windows[window].contextStart
    guard windows[window].tokens.contains(token) else { return nil }
    return aligned(window).ranges[token]
  }

  /// What a model should learn from a window: the position of the first answer that is where the
  /// file says, if the window contains all of it; otherwise that there is no answer. Nil if no such
  /// answer is known.
  public func target(_ window: Int) -> TokenSpan? {
    let question = dataset.questions[windows[window].question]
    guard question.isImpossible != true else { return .noAnswer }
    guard let answer = question.answers.lazy.compactMap(\.bytes).first else { return nil }
    let (tokens, shift) = (windows[window].tokens, windows[window].contextStart)
    let ranges = aligned(window).ranges[tokens]
    guard let first = ranges.first, let last = ranges.last,
      first.lowerBound <= answer.lowerBound, last.upperBound >= answer.upperBound
    else { return .noAnswer }
    // As in `run_qa.py`: the last token that begins no later, and the first that ends no sooner.
    let start = (ranges.firstIndex { $0.lowerBound > answer.lowerBound } ?? ranges.endIndex) - 1
    let end = (ranges.lastIndex { $0.upperBound < answer.upperBound } ?? tokens.lowerBound - 1) + 1
    // Tokens of parts of one character all have the position of the character.
    let places = [start, end].map { $0 - tokens.lowerBound + shift }.sorted()
    return TokenSpan(start: places[0], end: places[1])
  }

  private func aligned(_ window: Int) -> AlignedTokens {
    contexts[dataset.questions[windows[window].question].context]
  }
}

extension EncodingTemplate {
  /// Number of special tokens of a pair.
  var pairSpecialCount: Int { pair.count { if case .special = $0 { true } else { false } } }

  /// Where the second text of a pair begins if the first has this many tokens.
  func secondStart(firstCount: Int) -> Int {
    var start = 0
    for part in pair {
      switch part {
      case .special: start += 1
      case .first: start += firstCount
      case .second: return start
      }
    }
    return start
  }
}
