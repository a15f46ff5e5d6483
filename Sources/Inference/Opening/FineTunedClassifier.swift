import Data
import Files
import Kernels
import Models

/// A classifier with its tokenizer, opened from a folder and checked: texts go in, logits come out.
/// What the outputs mean is left to others.
package struct FineTunedClassifier: Sendable {
  /// The model. Its labels are those of the folder, or those that the caller listed.
  package private(set) var model: SequenceClassifier
  /// Its tokenizer.
  package let tokenizer: any Tokenizer
  /// Texts are cut to this many tokens.
  package let maxSeqLength: Int
  /// The threads that it computes on.
  package let pool: ThreadPool
  /// A sentence for the user if texts may spell special tokens that the tokenizer adds.
  package let markerNotice: String?
  private let folder: String
  private let inference: Inference

  /// Opens a model folder.
  ///
  /// - Parameters:
  ///   - maxSeqLength: texts are cut to this many tokens; nil means 128, or the model's limit if
  ///     that is less.
  ///   - threads: 0 means one per processor, or what a quota grants.
  ///   - precision: the precision of the factors in products with weights; the processor must
  ///     support it.
  ///   - labelOrder: the labels in the order of the outputs, for a model without label names.
  ///   - specialTokensInText: whether texts may spell special tokens; nil leaves it to the folder.
  /// - Throws: errors of the folder; `MismatchError` if labels or lengths do not fit;
  ///   `MemoryShortage`.
  package init(
    folder: String, maxSeqLength: Int? = nil, threads: Int = 0, precision: Precision = .float32,
    labelOrder: [String]? = nil, specialTokensInText: Bool? = nil
  ) throws {
    pool = try OpenBLAS.threadPool(threads)
    inference = Inference(pool: pool, precision: precision)
    let files = try ModelFolder(folder)
    let labels = try ModelOpener.labels(of: files, order: labelOrder) {
      MismatchError(.training, $0)
    }
    let (found, report) = try files.classifier(seed: 0)
    guard report.initialized.isEmpty else {
      throw MismatchError(
        .training,
        "\(folder) is not a fine-tuned classifier: its checkpoint lacks "
          + report.initialized.joined(separator: ", "))
    }
    let opened = try ModelOpener.checkVocabulary(
      OpenedModel(
        model: labels.map { found.renamed($0) } ?? found,
        tokenizer: try TokenizerLoader.load(
          folder: folder, parseSpecialTokens: specialTokensInText), tokenizerSource: folder,
        report: report, role: "model"))
    let length = maxSeqLength ?? min(128, opened.model.encoder.configuration.maximumLength)
    try ModelOpener.checkLength(length, of: [("model", opened.model)])
    model = opened.model
    tokenizer = opened.tokenizer
    self.maxSeqLength = length
    self.folder = folder
    markerNotice =
      specialTokensInText == nil ? ModelOpener.markerNotice("model", opened.tokenizer) : nil
  }

  /// Puts the outputs into the order of a task, as `ModelOpener.alignOrFold` does.
  ///
  /// - Returns: for a model of another task, the class that each output stands for; and a sentence
  ///   for the user if the labels had to be interpreted.
  package mutating func align(
    with task: TaskDescription
  ) throws -> (outputs: [Int32]?, notice: String?) {
    let opened = OpenedModel(
      model: model, tokenizer: tokenizer, tokenizerSource: folder, report: nil, role: "model")
    let aligned = try ModelOpener.alignOrFold(opened, with: task)
    model = aligned.model.model
    return (aligned.outputs, aligned.notice)
  }

  /// The texts as tokens.
  package func tokenized(_ text: TextDataset) -> TokenizedDataset {
    TokenizedDataset(text, tokenizer: tokenizer, maximumLength: maxSeqLength, pool: pool)
  }

  /// The logits, a row for each row of the data.
  ///
  /// - Throws: `MemoryShortage`; `FileError` for outputs that are not finite.
  package func logits(_ data: TokenizedDataset, batchSize: Int) throws -> Matrix {
    try inference.requireMemory(for: model, data: data, logits: data.count * model.labels.count)
    do {
      return try inference.logits(model, data: data, batchSize: batchSize)
    } catch is OutputsNotFinite {
      throw FileError(file: folder, problem: OutputsNotFinite.problem)
    }
  }
}
