import Files

/// How questions and texts that are too long for a model are cut.
public struct WindowSettings: Sendable, Equatable {
  /// Tokens of a window in all (`max_seq_length`).
  public var maximumLength: Int
  /// Tokens of the text that a window shares with the one before it: `doc_stride` of transformers'
  /// `run_qa.py`. (In BERT's own script the name means the step from window to window.)
  public var overlap: Int
  /// Tokens of a question; what is beyond them is cut off.
  public var maximumQuestionLength: Int

  /// The usual settings for models of 512 positions.
  public init(
    maximumLength: Int = 384, overlap: Int = 128, maximumQuestionLength: Int = 64
  ) {
    self.maximumLength = maximumLength
    self.overlap = overlap
    self.maximumQuestionLength = maximumQuestionLength
  }
}

/// Questions with windows of their texts, as a span classifier takes them: the question first, then
/// as much of the text as fits, in as many overlapping windows as it takes. The same windows as
/// Hugging Face's fast tokenizers make with `truncation="only_second"` and overflowing tokens, but
/// that questions which are too long are cut.
public struct QuestionWindows: Sendable {
  /// One window.
  public struct Window: Sendable, Equatable {
    /// Index of the question in the data set.
    public var question: Int
    /// Which tokens of the context are in the window.
    public var tokens: Range<Int>
    /// Place in the window of the first of these.
    public var contextStart: Int
  }

  /// The windows, in the order of questions and of texts.
  public private(set) var windows: [Window] = []
  /// The data.
  public let dataset: QuestionDataset

  private let contexts: [AlignedTokens]
  private var questions: [ArraySlice<Int32>] = []
  /// The first window of each question, and the end of the last.
  private var borders = [0]
  private let template: EncodingTemplate
  private let vocabularyHash: String

  /// Cuts all questions and texts.
  ///
  /// - Throws: `FileError` when a question leaves no room for more of its text than windows share;
  ///   the message names the settings of a run.
  public init(
    _ dataset: QuestionDataset, tokenizer: any Tokenizer, settings: WindowSettings
  ) throws {
    self.dataset = dataset
    template = tokenizer.template
    vocabularyHash = tokenizer.vocabularyHash
    contexts = dataset.contexts.map { tokenizer.encodeAligned($0[...]) }
    let special = template.pairSpecialCount
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

  /// How many windows there are.
  public var count: Int { windows.count }

  /// The indices of a question's windows.
  public func windows(of question: Int) -> Range<Int> { borders[question]..<borders[question + 1] }

  /// Tokens of a question, cut as its windows have it, and of all of its text, the special ones
  /// included: what one window would have to hold for no other to be needed.
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

  /// All windows as rows without labels, in their order.
  public var inputs: TokenizedDataset {
    TokenizedDataset(encodings: (0..<count).map(encoding), vocabularyHash: vocabularyHash)
  }

  /// The windows that something can be learnt from as rows with the places of their answers.
  public var examples: TokenizedDataset {
    let known = (0..<count).compactMap { window in target(window).map { (window, $0) } }
    return TokenizedDataset(
      encodings: known.map { encoding($0.0) }, targets: .spans(known.map(\.1)),
      vocabularyHash: vocabularyHash)
  }

  /// The bytes in the context of the token at a place of a window, or nil where the token is none
  /// of the context's.
  public func bytes(_ window: Int, at place: Int) -> Range<Int>? {
    let token = windows[window].tokens.lowerBound + place - windows[window].contextStart
    guard windows[window].tokens.contains(token) else { return nil }
    return aligned(window).ranges[token]
  }

  /// What a model is to learn from a window: the places of the first answer that is where the file
  /// says if the window holds all of it, else that there is no answer. Nil when no such answer is
  /// known.
  public func target(_ window: Int) -> TokenSpan? {
    let question = dataset.questions[windows[window].question]
    guard question.isImpossible != true else { return .noAnswer }
    guard let answer = question.answers.lazy.compactMap(\.bytes).first else { return nil }
    let (tokens, shift) = (windows[window].tokens, windows[window].contextStart)
    let ranges = aligned(window).ranges[tokens]
    guard let first = ranges.first, let last = ranges.last,
      first.lowerBound <= answer.lowerBound, last.upperBound >= answer.upperBound
    else { return .noAnswer }
    // As `run_qa.py` has it: the last token that begins no later, the first that ends no sooner.
    let start = (ranges.firstIndex { $0.lowerBound > answer.lowerBound } ?? ranges.endIndex) - 1
    let end = (ranges.lastIndex { $0.upperBound < answer.upperBound } ?? tokens.lowerBound - 1) + 1
    // Tokens of parts of one character are all where it is.
    let places = [start, end].map { $0 - tokens.lowerBound + shift }.sorted()
    return TokenSpan(start: places[0], end: places[1])
  }

  private func aligned(_ window: Int) -> AlignedTokens {
    contexts[dataset.questions[windows[window].question].context]
  }
}

extension EncodingTemplate {
  /// The special tokens of a pair.
  var pairSpecialCount: Int { pair.count { if case .special = $0 { true } else { false } } }

  /// Where the second text of a pair begins when the first has so many tokens.
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
