import Data
import Files
import Inference
import Models

/// The model that a first configuration starts from: a fine-tuned teacher, or one to fine-tune.
struct StartingModel {
  /// What the configuration calls it.
  let name: String
  /// Its folder; nil if it is a model of the Hub that is not in the cache yet.
  let folder: String?
  private let configuration: HuggingFaceConfiguration?

  /// What is used where nobody names a model.
  private static let usual = ["google-bert/bert-base-uncased", "bert-base-uncased"]

  /// The model that the user names, or else BERT's base model.
  ///
  /// - Parameter name: a folder, or a name on the Hub.
  /// - Throws: `FileError` for a name that is neither or is not in the cache yet, and for a folder
  ///   that cannot be used.
  init(_ name: String?) throws {
    let cache = HubCache()
    guard let name else {
      let cached = Self.usual.first { cache.snapshot(of: $0) != nil }
      self.name = cached ?? Self.usual[0]
      folder = cache.snapshot(of: self.name)
      configuration = try folder.map { try ModelFolder($0).configuration }
      return
    }
    self.name = name
    folder = ByteFile.exists(name) ? name : cache.snapshot(of: name)
    // A folder that is not there, in one that is, is a slip.
    let parent = name.split(separator: "/").first.map(String.init) ?? name
    let mayBeOnHub =
      HubCache.isModelName(name) && name.contains("/") && !ByteFile.exists(parent)
    // Of the usual ones the number of layers is known; that of others decides the student's.
    guard folder != nil || Self.usual.contains(name) else {
      throw FileError(
        .missing, file: name,
        problem: "there is no such model folder, and Hugging Face's cache, \(cache.folder), has no "
          + "model of that name"
          + (mayBeOnHub ? "; get it by: hf download \(name), and then run this again." : "."))
    }
    configuration = try folder.map { try ModelFolder($0).configuration }
  }

  /// Its tokenizer, if it is there.
  func tokenizer() throws -> (any Tokenizer)? {
    try folder.map { try TokenizerLoader.load(folder: $0) }
  }

  /// The most tokens of a text.
  var longestText: Int { configuration?.encoder.maximumLength ?? 512 }

  /// Whether it has a classifier for the labels of a task.
  func isFineTuned(for task: TaskDescription) -> Bool {
    guard let configuration, let found = configuration.labels,
      configuration.architecture?.hasSuffix("ForSequenceClassification") == true
    else { return false }
    if task.isRegression || found.isRegression { return task.isRegression == found.isRegression }
    return found.count == task.labels.count
      && (found.isNameless || LabelMatch(found.names, task.labelNames) != nil)
  }

  /// Half of its layers, evenly spaced from the first to the last.
  var everySecondLayer: [Int] {
    let layers = configuration?.encoder.layers ?? 12
    let count = max(1, (layers + 1) / 2)
    guard count > 1 else { return [0] }
    return (0..<count).map {
      Int((Double($0 * (layers - 1)) / Double(count - 1)).rounded())
    }
  }

  /// The learning rate at which models of its size are usually fine-tuned.
  var learningRate: Double { configuration?.encoder.hiddenSize ?? 768 >= 512 ? 2e-5 : 5e-5 }
}
