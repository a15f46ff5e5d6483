/// The class of transformers that a folder names in `tokenizer_class`. It decides how the folder's
/// files are read.
enum TokenizerClass: String, CaseIterable {
  /// WordPiece with BERT's normaliser.
  case bert = "BertTokenizer"
  /// BERT's tokenizer for models without segments.
  case distilBERT = "DistilBertTokenizer"
  /// BERT's tokenizer under another name.
  case electra = "ElectraTokenizer"
  /// Byte-level byte-pair encoding.
  case roberta = "RobertaTokenizer"
  /// Unigram with SentencePiece's normaliser.
  case xlmRoberta = "XLMRobertaTokenizer"
  /// `tokenizer.json` as it stands, without the settings of `tokenizer_config.json`.
  case preTrained = "PreTrainedTokenizer"
  /// The same under its name in transformers 5.
  case backend = "TokenizersBackend"

  /// The class of this name, with or without `Fast` at its end; nil for all others.
  init?(name: String) {
    self.init(rawValue: name.hasSuffix("Fast") ? String(name.dropLast(4)) : name)
  }

  /// True if the class reads `tokenizer.json` as it stands.
  var isTheFileItself: Bool { self == .preTrained || self == .backend }

  /// How the class splits words; nil for one that takes what `tokenizer.json` has.
  var kind: TokenizerKind? {
    switch self {
    case .bert, .distilBERT, .electra: .wordPiece
    case .roberta: .bytePair
    case .xlmRoberta: .unigram
    case .preTrained, .backend: nil
    }
  }

  /// True if the class gives segments where `model_input_names` is not set. Nil if that depends on
  /// the version of transformers.
  var givesSegments: Bool? {
    isTheFileItself ? nil : self == .bert || self == .electra
  }

  /// All names, for messages.
  static let names = allCases.map(\.rawValue).joined(separator: ", ")
}
