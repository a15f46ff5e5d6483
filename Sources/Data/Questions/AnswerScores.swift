/// Exact match and F1 of answers, question by question, as in the official scripts
/// `evaluate-v1.1.py` and `evaluate-v2.0.py`.
public struct AnswerScores: Sendable, Equatable {
  /// 1 if the answer equals an answer of the annotators, else 0.
  public let exact: [Double]
  /// The best F1 of the words of the answer against those of an annotator's answer.
  public let f1: [Double]
  /// Whether there is an answer to find.
  public let hasAnswer: [Bool]
  /// False if nothing was answered.
  private let isAnswered: [Bool]
  private let version: SQuADVersion

  /// The scores of one answer per question. An empty answer says that there is none.
  ///
  /// Version 2.0 treats a question whose answers all normalise to nothing as one without an answer,
  /// and treats two answers without words as equal; version 1.1 gives them an F1 of 0.
  public init(_ dataset: QuestionDataset, answers: [String], version: SQuADVersion) {
    precondition(answers.count == dataset.count)
    var (exact, f1): ([Double], [Double]) = ([], [])
    for (question, answer) in zip(dataset.questions, answers) {
      var references = question.answers.map { AnswerText.words($0.text) }
      if version == .v2_0 {
        references.removeAll(where: \.isEmpty)
        if references.isEmpty { references = [[]] }
      }
      let words = AnswerText.words(answer)
      exact.append(references.contains(words) ? 1 : 0)
      f1.append(references.map { Self.f1(words, $0, version: version) }.max() ?? 0)
    }
    self.exact = exact
    self.f1 = f1
    self.version = version
    hasAnswer = dataset.questions.map { !$0.answers.isEmpty }
    isAnswered = answers.map { !$0.isEmpty }
  }

  /// The F1 of the words that two answers share, each counted as often as both have it.
  static func f1(_ answer: [[UInt8]], _ reference: [[UInt8]], version: SQuADVersion) -> Double {
    if version == .v2_0, answer.isEmpty || reference.isEmpty {
      return answer == reference ? 1 : 0
    }
    var counts: [[UInt8]: Int] = [:]
    for word in reference { counts[word, default: 0] += 1 }
    var shared = 0
    for word in answer where counts[word, default: 0] > 0 {
      counts[word, default: 0] -= 1
      shared += 1
    }
    guard shared > 0 else { return 0 }
    let precision = Double(shared) / Double(answer.count)
    let recall = Double(shared) / Double(reference.count)
    return 2 * precision * recall / (precision + recall)
  }

  /// The means in percent, by the official names: `exact_match` and `f1` in version 1.1; `exact`
  /// and `f1` in version 2.0. Version 2.0 also has the same for the questions with and without an
  /// answer, if there are any, prefixed with `HasAns_` and `NoAns_`.
  public var metrics: [(name: String, value: Double)] {
    let name = version == .v1_1 ? "exact_match" : "exact"
    func means(_ prefix: String, of questions: [Int]) -> [(name: String, value: Double)] {
      [(name, exact), ("f1", f1)].map { name, scores in
        let sum = questions.reduce(0) { $0 + scores[$1] }
        return (prefix + name, 100 * sum / Double(questions.count))
      }
    }
    var result = means("", of: Array(exact.indices))
    guard version == .v2_0 else { return result }
    for (prefix, wanted) in [("HasAns_", true), ("NoAns_", false)] {
      let questions = hasAnswer.indices.filter { hasAnswer[$0] == wanted }
      if !questions.isEmpty { result += means(prefix, of: questions) }
    }
    return result
  }

  /// The result that could be reached by giving no answer where the margin is above a threshold.
  public struct BestThreshold: Sendable, Equatable {
    /// The mean score in percent.
    public let score: Double
    /// The threshold; nil if nothing is better than answering no question at all, which the
    /// official script writes as 0.
    public let threshold: Double?
  }

  /// The best thresholds for exact match and for F1 (`best_exact_thresh`, `best_f1_thresh`).
  ///
  /// - Parameter margins: for each question, how certain it is that there is no answer, such as
  ///   `PredictedAnswer.noAnswerMargin`. The scores must be those of answers that were given
  ///   regardless of the margin.
  public func bestThresholds(margins: [Double]) -> (exact: BestThreshold, f1: BestThreshold) {
    let order = margins.indices.sorted { (margins[$0], $0) < (margins[$1], $1) }
    func best(_ scores: [Double]) -> BestThreshold {
      var sum = Double(hasAnswer.count { !$0 })
      var best = (sum: sum, threshold: Double?.none)
      for question in order {
        sum += hasAnswer[question] ? scores[question] : isAnswered[question] ? -1 : 0
        if sum > best.sum { best = (sum, margins[question]) }
      }
      return BestThreshold(
        score: 100 * best.sum / Double(scores.count), threshold: best.threshold)
    }
    return (best(exact), best(f1))
  }
}
