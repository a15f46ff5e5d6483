import Autograd
import Data
import Kernels
import Models

/// A fine-tuned model that finds answers, with its tokenizer, ready for questions.
public struct QuestionModel: Sendable {
  /// The task.
  public let task: TaskDescription
  /// The model.
  public let model: SpanClassifier
  private let version: SQuADVersion
  private let tokenizer: any Tokenizer
  private let windowSettings: WindowSettings
  private let decoder: AnswerDecoder
  private let pool: ThreadPool
  private let precision: Precision

  /// Opens a model folder.
  ///
  /// - Parameters:
  ///   - task: a task whose `questions` say which rules apply.
  ///   - maxSeqLength: tokens of a window; nil means what `windows` says, or the model's limit if
  ///     that is less.
  ///   - windows: how texts that are too long are cut.
  ///   - decoder: how answers are chosen; by default as the task requires.
  ///   - precision: the precision of the factors in products with weights; the processor must
  ///     support it.
  ///   - specialTokensInText: whether texts may spell special tokens; nil leaves it to the folder.
  /// - Throws: errors of the folder; `MismatchError` if the task or the lengths do not fit.
  public init(
    folder: String, task: TaskDescription, maxSeqLength: Int? = nil,
    windows: WindowSettings = WindowSettings(), decoder: AnswerDecoder? = nil, threads: Int = 0,
    precision: Precision = .float32, specialTokensInText: Bool? = nil
  ) throws {
    guard let version = task.questions else {
      throw MismatchError(.training, "task \(task.name) has no questions to answer")
    }
    pool = try OpenBLAS.threadPool(threads)
    self.precision = precision
    let opened = try ModelOpener(
      seed: 0, specialTokensInText: specialTokensInText
    ).spanClassifier(ModelSource(modelNameOrPath: folder), role: "model")
    let missing = opened.report?.initialized ?? []
    guard missing.isEmpty else {
      throw MismatchError(
        .training,
        "\(folder) is not a model fine-tuned to find answers: its checkpoint lacks "
          + missing.joined(separator: ", "))
    }
    model = opened.model
    tokenizer = opened.tokenizer
    var windows = windows
    windows.maximumLength =
      maxSeqLength ?? min(windows.maximumLength, model.encoder.configuration.maximumLength)
    try ModelOpener.checkLength(windows.maximumLength, of: [("model", model)])
    self.task = task
    self.version = version
    windowSettings = windows
    self.decoder = decoder ?? AnswerDecoder(allowsNoAnswer: version == .v2_0)
  }

  /// Measures the model on a labelled split.
  ///
  /// - Parameter bootstrap: how confidence intervals of exact match and F1 are found; nil for none.
  /// - Throws: errors of the data; `FileError` if the right answers are not known.
  public func evaluate(
    split: Split, directory: String, batchSize: Int, bootstrap: Bootstrap? = nil
  ) throws -> TaskModel.Report {
    let dataset = try SQuADReader.read(version, split: split, directory: directory)
    try dataset.requireAnswers()
    let evaluation = try evaluation(of: dataset)
    let start = ContinuousClock.now
    let answers = try evaluation.answers(model, batchSize: batchSize)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let metrics = evaluation.metrics(of: answers)
    return TaskModel.Report(
      metrics: metrics,
      notices: [evaluation.weakness(metrics, model: "the model")].compactMap { $0 },
      samples: dataset.count, seconds: seconds, parameters: model.parameters.count,
      intervals: bootstrap.map { evaluation.intervals(of: answers, bootstrap: $0) } ?? [])
  }

  /// Answers the questions of a file in SQuAD's layout. Any answers in the file are ignored.
  ///
  /// - Throws: errors of the file.
  public func predict(
    input: String, batchSize: Int
  ) throws -> [(question: Question, answer: PredictedAnswer)] {
    let dataset = try SQuADReader.read(path: input)
    let answers = try evaluation(of: dataset).answers(model, batchSize: batchSize)
    return zip(dataset.questions, answers).map { (question: $0, answer: $1) }
  }

  private func evaluation(of dataset: QuestionDataset) throws -> QuestionEvaluation {
    let evaluation = QuestionEvaluation(
      version: version,
      windows: try QuestionWindows(dataset, tokenizer: tokenizer, settings: windowSettings),
      decoder: decoder, pool: pool, precision: precision)
    try evaluation.requireMemory(for: model)
    return evaluation
  }
}
