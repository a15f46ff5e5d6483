import Configuration
import Data
import Methods
import Models
import StrictJSON
import Trainers

/// What `mate-kd pretrain` reads: a masked language model learns from texts.
public struct PretrainConfiguration: RunConfiguration {
  /// The subcommand that reads it.
  public static let command = "pretrain"

  /// The settings that every run has.
  public var common: CommonConfiguration
  /// The texts.
  public let corpus: Corpus
  /// `max_seq_length`: texts are cut to this many tokens, including special ones.
  public let maxSeqLength: Int
  /// The model to train.
  public let model: ModelSource
  /// What is hidden from it.
  public let mlm: MaskedLanguageModeling.Settings
  /// How it is trained.
  public let train: TrainingArguments
  private let root: ConfigSection

  /// Reads the sections.
  /// - Throws: `ConfigError`.
  public init(reading root: ConfigSection) throws {
    self.root = root
    try Self.refuseSections(
      ["task", "teacher", "student", "generator", "method"], in: root,
      reads: "corpus, model, mlm and train")
    common = try CommonConfiguration(reading: root)
    corpus = try Corpus(reading: root.section("corpus", "The texts."))
    maxSeqLength = try root.int(
      "max_seq_length", default: 128, in: 3...TaskConfiguration.longestText,
      "Texts are cut to this many tokens, including special ones.")
    model = try ModelSource(reading: root.section("model", "The model to train."), as: .alone)
    if model.labelOrder != nil {
      throw model.origin.error(
        "label_order",
        "model.label_order is for classifiers; a masked language model has no labels.")
    }
    mlm = try MaskedLanguageModeling.Settings(
      reading: root.sectionOrEmpty("mlm", "What is hidden from the model."))
    train = try TrainingArguments(
      reading: root.sectionOrEmpty("train", "How the model is trained."))
    try root.finish()
  }

  /// The configuration with all its defaults.
  public var resolved: JSONValue { root.resolved }
  /// Notes for the user, such as old spellings.
  public var notes: [String] { root.document.notes }
}
