import Files

/// A question about a text, with the answers that people gave.
public struct Question: Sendable {
  /// One answer: a part of the text.
  public struct Answer: Sendable, Hashable {
    /// The answer as spelled in the file.
    public var text: String
    /// Its bytes in the context; nil if it is not where the file says.
    public var bytes: Range<Int>?

    /// An answer at a position.
    public init(text: String, bytes: Range<Int>?) {
      self.text = text
      self.bytes = bytes
    }
  }

  /// Its name in the file.
  public var id: String
  /// The question.
  public var text: String
  /// Index in `QuestionDataset.contexts` of the text that the question is about.
  public var context: Int
  /// The answers of all annotators; may be empty.
  public var answers: [Answer]
  /// True if the text contains no answer; nil if the file does not say, as in version 1.1.
  public var isImpossible: Bool?
  /// The line of the file in which it begins.
  public var line: Int

  /// A question as described.
  public init(
    id: String, text: String, context: Int, answers: [Answer], isImpossible: Bool? = nil,
    line: Int = 1
  ) {
    self.id = id
    self.text = text
    self.context = context
    self.answers = answers
    self.isImpossible = isImpossible
    self.line = line
  }

  /// True if the right answer is known, including that there is none.
  public var isLabelled: Bool { isImpossible == true || !answers.isEmpty }
}

/// Questions and the texts that they are about.
public struct QuestionDataset: Sendable {
  /// The file that was read, or a name for questions from elsewhere.
  public var source: String
  /// The texts in UTF-8, each once.
  public var contexts: [[UInt8]]
  /// The questions in the order of the file.
  public var questions: [Question]
  /// Answers that are not where the file says. They count in scores, but nothing is learnt from
  /// them.
  public var misplacedAnswers: [FileError]

  /// Questions as given.
  public init(
    source: String, contexts: [[UInt8]], questions: [Question],
    misplacedAnswers: [FileError] = []
  ) {
    self.source = source
    self.contexts = contexts
    self.questions = questions
    self.misplacedAnswers = misplacedAnswers
  }

  /// Number of questions.
  public var count: Int { questions.count }

  /// True if the right answer of every question is known.
  public var isLabelled: Bool { count > 0 && questions.allSatisfy(\.isLabelled) }

  /// The part of the question's context at these bytes.
  public func text(_ bytes: Range<Int>, of question: Int) -> String {
    String(decoding: contexts[questions[question].context][bytes], as: UTF8.self)
  }

  /// The texts alone, as a corpus.
  ///
  /// - Parameter maximum: the largest number of texts; nil for all.
  public func texts(maximum: Int? = nil) -> TextDataset {
    var texts = TextDataset(source: source)
    for (number, context) in contexts.prefix(maximum ?? .max).enumerated() {
      texts.append(context[...], nil, label: .none, line: number + 1)
    }
    return texts
  }

  /// A content hash over texts, questions and answers, in order.
  public var contentHash: String {
    var hash = ContentHash()
    func add(_ text: some Collection<UInt8>) {
      hash.add(text.count)
      hash.add(text)
    }
    for context in contexts { add(context) }
    for question in questions {
      add(question.text.utf8)
      hash.add(question.context)
      hash.add(question.isImpossible.map { $0 ? 1 : 0 } ?? 2)
      hash.add(question.answers.count)
      for answer in question.answers {
        add(answer.text.utf8)
        hash.add(answer.bytes?.lowerBound ?? -1)
      }
    }
    return hash.hexadecimal
  }
}
