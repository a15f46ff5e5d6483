import Kernels
import StrictJSON

/// A Hugging Face config.json: the architecture, the labels, and what else the file says.
public struct HuggingFaceConfiguration: Sendable {
  /// The architecture.
  public var encoder: EncoderConfiguration
  /// `id2label`, in the order of ids, and whether the output is a score; nil if the file has no labels.
  public var labels: LabelSet?
  /// `finetuning_task`, if the file has one.
  public var finetuningTask: String?

  /// Parses config.json.
  ///
  /// - Throws: `JSONError` with line and column; `ModelError.unsupported` for other architectures.
  public init(_ json: JSONValue, file: String) throws {
    let reader = Reader(json: json, file: file)
    guard let type = json["model_type"]?.string, type == "bert" else {
      let found = json["model_type"]?.string.map { "\"\($0)\"" } ?? "missing"
      throw ModelError.unsupported(
        file: file, reason: "model_type is \(found); this version of mate-kd reads \"bert\"")
    }
    if let position = json["position_embedding_type"]?.string, position != "absolute" {
      throw ModelError.unsupported(
        file: file, reason: "position_embedding_type \"\(position)\" is not supported")
    }
    var c = EncoderConfiguration(
      vocabularySize: try reader.int("vocab_size"), hiddenSize: try reader.int("hidden_size"),
      layers: try reader.int("num_hidden_layers", atLeast: 0),
      attentionHeads: try reader.int("num_attention_heads"),
      intermediateSize: try reader.int("intermediate_size"))
    guard c.hiddenSize % c.attentionHeads == 0 else {
      throw ModelError.unsupported(
        file: file,
        reason: "hidden_size \(c.hiddenSize) is not a multiple of num_attention_heads "
          + "\(c.attentionHeads)")
    }
    if let name = json["hidden_act"] {
      guard let text = name.string, let activation = Activation(huggingFaceName: text) else {
        throw reader.error(name, "hidden_act must be gelu, gelu_new, relu or tanh")
      }
      c.activation = activation
    }
    c.hiddenDropout = try reader.number("hidden_dropout_prob", default: 0.1)
    c.attentionDropout = try reader.number("attention_probs_dropout_prob", default: 0.1)
    if let value = json["classifier_dropout"], !value.isNull {
      c.classifierDropout = try reader.number("classifier_dropout", default: 0)
    }
    c.maximumPositions = try reader.int("max_position_embeddings", default: 512)
    c.typeVocabularySize = try reader.int("type_vocab_size", default: 2)
    c.initializerRange = try reader.number("initializer_range", default: 0.02)
    c.layerNormEpsilon = try reader.number("layer_norm_eps", default: 1e-12)
    c.padTokenID = try reader.int("pad_token_id", default: 0, atLeast: 0)
    encoder = c
    finetuningTask = json["finetuning_task"]?.string
    labels = try Self.labels(json, reader)
  }

  private static func labels(_ json: JSONValue, _ reader: Reader) throws -> LabelSet? {
    let isRegression = json["problem_type"]?.string == "regression"
    guard let value = json["id2label"], !value.isNull else {
      // transformers leaves both out for its default of two nameless classes.
      let classifies = json["architectures"]?.array?.contains {
        $0.string?.hasSuffix("ForSequenceClassification") == true
      }
      guard let count = json["num_labels"]?.int ?? (classifies == true ? 2 : nil), count > 0
      else { return nil }
      return LabelSet(
        names: (0..<count).map { "LABEL_\($0)" }, isRegression: isRegression || count == 1)
    }
    guard let object = value.object else { throw reader.error(value, "id2label must be an object") }
    var names = [String?](repeating: nil, count: object.count)
    for member in object.members {
      guard let id = Int(member.key), names.indices.contains(id), let name = member.value.string
      else {
        throw reader.error(
          member.value, "id2label must map 0 ... \(object.count - 1) to names")
      }
      names[id] = name
    }
    let complete = names.compactMap { $0 }
    guard complete.count == names.count, !complete.isEmpty else {
      throw reader.error(value, "id2label must name every output once")
    }
    return LabelSet(names: complete, isRegression: isRegression || complete.count == 1)
  }

  /// The file's content for a model of this architecture, as transformers writes it.
  ///
  /// - Parameter architecture: transformers' class name.
  public func json(architecture: String) -> JSONValue {
    let c = encoder
    var object = JSONObject()
    object["architectures"] = .array([.string(architecture)])
    object["model_type"] = "bert"
    object["attention_probs_dropout_prob"] = .float(c.attentionDropout)
    if let dropout = c.classifierDropout { object["classifier_dropout"] = .float(dropout) }
    if let finetuningTask { object["finetuning_task"] = .string(finetuningTask) }
    object["hidden_act"] = .string(c.activation.rawValue)
    object["hidden_dropout_prob"] = .float(c.hiddenDropout)
    object["hidden_size"] = .int(c.hiddenSize)
    if let labels {
      object["id2label"] = .object(labels.names.enumerated().map { (String($0), .string($1)) })
    }
    object["initializer_range"] = .float(c.initializerRange)
    object["intermediate_size"] = .int(c.intermediateSize)
    if let labels {
      object["label2id"] = .object(labels.names.enumerated().map { ($1, .int($0)) })
      object["problem_type"] = .string(
        labels.isRegression ? "regression" : "single_label_classification")
    }
    object["layer_norm_eps"] = .float(c.layerNormEpsilon)
    object["max_position_embeddings"] = .int(c.maximumPositions)
    object["num_attention_heads"] = .int(c.attentionHeads)
    object["num_hidden_layers"] = .int(c.layers)
    object["pad_token_id"] = .int(c.padTokenID)
    object["position_embedding_type"] = "absolute"
    object["torch_dtype"] = "float32"
    object["type_vocab_size"] = .int(c.typeVocabularySize)
    object["vocab_size"] = .int(c.vocabularySize)
    return JSONValue(.object(object))
  }

  /// A configuration that no file holds.
  public init(encoder: EncoderConfiguration, labels: LabelSet? = nil, finetuningTask: String? = nil)
  {
    self.encoder = encoder
    self.labels = labels
    self.finetuningTask = finetuningTask
  }
}

extension Activation {
  /// The activation by its name in `hidden_act`.
  init?(huggingFaceName name: String) {
    switch name {
    case "gelu", "gelu_python": self = .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": self = .geluTanh
    case "relu": self = .relu
    case "tanh": self = .tanh
    default: return nil
    }
  }
}

private struct Reader {
  let json: JSONValue
  let file: String

  func error(_ value: JSONValue, _ message: String) -> JSONError {
    JSONError(file: file, position: value.position, message: message)
  }

  func int(_ key: String, default fallback: Int? = nil, atLeast minimum: Int = 1) throws -> Int {
    guard let value = json[key] else {
      guard let fallback else { throw error(json, "the key \"\(key)\" is missing") }
      return fallback
    }
    guard let number = value.int, number >= minimum, number <= 1 << 31 else {
      throw error(value, "\(key) must be an integer of at least \(minimum)")
    }
    return number
  }

  func number(_ key: String, default fallback: Float) throws -> Float {
    guard let value = json[key] else { return fallback }
    guard let number = value.double, number >= 0, number < 1 else {
      throw error(value, "\(key) must be a number of at least 0 and below 1")
    }
    return Float(number)
  }
}
