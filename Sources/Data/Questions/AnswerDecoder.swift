import Glibc

/// Turns the logits of a span classifier into an answer: it compares pairs of likely first and last
/// tokens over all windows of a text, and the best of them with the score of no answer.
///
/// It follows `postprocess_qa_predictions` of transformers' `run_qa.py`, but without the invented
/// answer `empty` for texts that give no pair at all.
public struct AnswerDecoder: Sendable, Equatable {
  /// How many first and last tokens of a window are combined, and how many answers are kept
  /// (`n_best_size`).
  public var candidateCount: Int
  /// Largest number of tokens of an answer (`max_answer_length`).
  public var maximumAnswerLength: Int
  /// Whether there may be no answer, as in version 2.0.
  public var allowsNoAnswer: Bool
  /// By how much the score of no answer must exceed that of the best answer
  /// (`null_score_diff_threshold`).
  public var threshold: Double

  /// The usual settings.
  public init(
    candidateCount: Int = 20, maximumAnswerLength: Int = 30, allowsNoAnswer: Bool,
    threshold: Double = 0
  ) {
    self.candidateCount = candidateCount
    self.maximumAnswerLength = maximumAnswerLength
    self.allowsNoAnswer = allowsNoAnswer
    self.threshold = threshold
  }

  /// The answer to a question.
  ///
  /// - Parameter logits: for each token of a window, special ones included, the logits for being
  ///   the first and the last token of the answer.
  public func answer(
    _ question: Int, in windows: QuestionWindows,
    logits: (_ window: Int) -> (starts: [Float], ends: [Float])
  ) -> PredictedAnswer {
    var found: [PredictedAnswer.Candidate] = []
    var none: PredictedAnswer.Candidate?
    for window in windows.windows(of: question) {
      let (starts, ends) = logits(window)
      if let start = starts.first, let end = ends.first,
        none.map({ $0.score > start + end }) ?? true
      {
        // The window that is least sure of there being no answer speaks for all.
        none = PredictedAnswer.Candidate(bytes: 0..<0, startLogit: start, endLogit: end)
      }
      let lasts = largest(ends)
      for first in largest(starts) {
        guard let from = windows.bytes(window, at: first) else { continue }
        for last in lasts where last >= first && last - first < maximumAnswerLength {
          guard let to = windows.bytes(window, at: last), to.upperBound >= from.lowerBound
          else { continue }
          found.append(
            PredictedAnswer.Candidate(
              bytes: from.lowerBound..<to.upperBound, startLogit: starts[first],
              endLogit: ends[last]))
        }
      }
      // Those of a long text would fill the memory; what is left out here is left out in the end.
      if found.count > candidateCount { found = Array(ranked(found).prefix(candidateCount)) }
    }
    let margin = allowsNoAnswer ? none : nil
    var kept = Array(ranked(found + [margin].compactMap { $0 }).prefix(candidateCount))
    if let margin, !kept.contains(where: { $0.bytes == 0..<0 }) { kept.append(margin) }
    for (place, probability) in Self.softmax(kept.map { Double($0.score) }).enumerated() {
      kept[place].text = windows.dataset.text(kept[place].bytes, of: question)
      kept[place].probability = probability
    }
    let best = kept.first { !$0.text.isEmpty }
    var answer = PredictedAnswer(
      text: best?.text ?? "", bestText: best?.text ?? "", candidates: kept)
    if let margin {
      answer.noAnswerMargin = Double(margin.score) - Double(best?.score ?? 0)
      if answer.noAnswerMargin > threshold { answer.text = "" }
    }
    return answer
  }

  /// The positions of the largest logits, largest first; of equal ones, the earlier position first.
  private func largest(_ logits: [Float]) -> ArraySlice<Int> {
    logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }.prefix(candidateCount)
  }

  /// Candidates by descending score; equal ones keep their order.
  private func ranked(_ candidates: [PredictedAnswer.Candidate]) -> [PredictedAnswer.Candidate] {
    candidates.enumerated().sorted { a, b in
      (b.element.score, a.offset) < (a.element.score, b.offset)
    }.map(\.element)
  }

  private static func softmax(_ scores: [Double]) -> [Double] {
    let largest = scores.max() ?? 0
    let powers = scores.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}

/// What a model answers to a question.
public struct PredictedAnswer: Sendable, Equatable {
  /// An answer that was considered.
  public struct Candidate: Sendable, Equatable {
    /// Its bytes in the context; empty for no answer.
    public var bytes: Range<Int>
    /// Its text; empty for no answer.
    public var text = ""
    /// The logits of its first and of its last token.
    public var startLogit, endLogit: Float
    /// The softmax over the scores of all candidates.
    public var probability = 0.0

    /// The sum of both logits.
    public var score: Float { startLogit + endLogit }

    init(bytes: Range<Int>, startLogit: Float, endLogit: Float) {
      self.bytes = bytes
      self.startLogit = startLogit
      self.endLogit = endLogit
    }
  }

  /// The answer; empty for no answer.
  public var text: String
  /// The best answer that is not "no answer", whatever the score of no answer; empty if there is
  /// none.
  public var bestText: String
  /// The score of no answer minus that of the best answer (called `null_odds` elsewhere); 0 if
  /// there must be an answer.
  public var noAnswerMargin = 0.0
  /// The best answers, best first, including no answer if it is allowed.
  public var candidates: [Candidate]

  init(text: String, bestText: String, candidates: [Candidate]) {
    self.text = text
    self.bestText = bestText
    self.candidates = candidates
  }
}
