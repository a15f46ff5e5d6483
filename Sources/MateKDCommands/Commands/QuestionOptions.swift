import ArgumentParser
import Data
import Files
import Inference
import Models
import StrictJSON

/// The options that matter only for tasks with questions.
struct QuestionOptions: ParsableArguments {
  @Option(help: "squad, squad2: tokens of the text that neighbouring windows share.")
  var docStride = WindowSettings().overlap

  @Option(help: "squad, squad2: cut questions to this many tokens.")
  var maxQueryLength = WindowSettings().maximumQuestionLength

  @Option(help: "squad, squad2: how many first and how many last tokens of answers to combine.")
  var nBestSize = 20

  @Option(help: "squad, squad2: the most tokens that an answer may have.")
  var maxAnswerLength = 30

  @Option(
    help: ArgumentHelp(
      "squad2: by how much the score of no answer must exceed that of the best answer.",
      valueName: "x"))
  var nullScoreDiffThreshold = 0.0

  func validate() throws {
    let longest = TaskConfiguration.longestText
    try OptionRange.check("--doc-stride", docStride, 0...longest)
    try OptionRange.check("--max-query-length", maxQueryLength, 1...longest)
    try OptionRange.check("--n-best-size", nBestSize, 1...1000)
    try OptionRange.check("--max-answer-length", maxAnswerLength, 1...longest)
    guard nullScoreDiffThreshold.isFinite else {
      throw ValidationError("--null-score-diff-threshold must be a number.")
    }
  }

  /// Opens a model folder for a task with questions.
  func open(
    _ model: String, task: TaskDescription, _ options: InferenceOptions
  ) throws -> QuestionModel {
    try QuestionModel(
      folder: HubCache().folder(model), task: task, maxSeqLength: options.maxSeqLength,
      windows: WindowSettings(overlap: docStride, maximumQuestionLength: maxQueryLength),
      decoder: AnswerDecoder(
        candidateCount: nBestSize, maximumAnswerLength: maxAnswerLength,
        allowsNoAnswer: task.questions == .v2_0, threshold: nullScoreDiffThreshold),
      threads: options.threads, precision: options.precision,
      specialTokensInText: options.specialTokensInText)
  }
}

/// Answers as `mate-kd predict` writes them.
enum AnswerFile {
  /// One JSON object per question, in order, with its id, the answer and all answers considered.
  static func writeLines(
    _ answers: [(question: Question, answer: PredictedAnswer)], allowsNoAnswer: Bool,
    to path: String
  ) throws {
    let writer = JSONWriter(layout: .line)
    try AtomicFile.write(path) { file in
      for (question, answer) in answers {
        var line: [(String, JSONValue)] = [
          ("id", .string(question.id)), ("answer", .string(answer.text)),
        ]
        if allowsNoAnswer { line.append(("no_answer_margin", .double(answer.noAnswerMargin))) }
        let candidates = answer.candidates.map { candidate -> JSONValue in
          .object([
            ("text", .string(candidate.text)), ("probability", .double(candidate.probability)),
            ("start_logit", .float(candidate.startLogit)),
            ("end_logit", .float(candidate.endLogit)),
          ])
        }
        line.append(("candidates", .array(candidates)))
        try file.append(writer.bytes(.object(line)) + [0x0A])
      }
    }
  }

  /// One object with the answer to each id, as the official script expects it.
  static func writeObject(
    _ answers: [(question: Question, answer: PredictedAnswer)], to path: String
  ) throws {
    let object: JSONValue = .object(
      answers.map { ($0.question.id, .string($0.answer.text)) })
    try AtomicFile.write(path) { file in try file.append(JSONWriter().bytes(object) + [0x0A]) }
  }
}
