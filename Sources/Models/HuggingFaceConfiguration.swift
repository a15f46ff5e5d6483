import Files
import StrictJSON

/// A Hugging Face config.json: the architecture, the labels, and some other members.
public struct HuggingFaceConfiguration: Sendable {
  /// The architecture.
  public var encoder: EncoderConfiguration
  /// What the outputs mean: `id2label` in the order of ids, or placeholder names where the file
  /// only implies a number of labels; nil if it says nothing about labels.
  public var labels: LabelSet?
  /// `finetuning_task`, if the file has one.
  public var finetuningTask: String?

  /// Parses config.json.
  ///
  /// - Parameters:
  ///   - json: the content.
  ///   - file: the name that errors use.
  /// - Throws: `JSONError` with line and column; `FileError.unsupported` for other architectures.
  public init(_ json: JSONValue, file: String) throws {
    let reader = ConfigurationReader(json: json, file: file)
    guard let type = json["model_type"]?.string, let family = ModelFamily(rawValue: type) else {
      let found = json["model_type"]?.string.map { "\"\($0)\"" } ?? "missing"
      let known = ModelFamily.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw FileError(
        file: file, problem: "model_type is \(found); this version of mate-kd reads \(known)")
    }
    if let position = json["position_embedding_type"]?.string, position != "absolute" {
      throw FileError(
        file: file, problem: "position_embedding_type \"\(position)\" is not supported")
    }
    encoder = try reader.encoder(of: family)
    finetuningTask = json["finetuning_task"]?.string
    labels = try Self.labels(json, reader)
  }

  private static func labels(_ json: JSONValue, _ reader: ConfigurationReader) throws -> LabelSet? {
    let problem = json["problem_type"]?.string
    let isMultiLabel = problem == "multi_label_classification"
    func labels(_ names: [String]) -> LabelSet {
      let isRegression = problem == "regression" || names.count == 1 && !isMultiLabel
      return LabelSet(names: names, isRegression: isRegression, isMultiLabel: isMultiLabel)
    }
    guard let value = json["id2label"], !value.isNull else {
      // transformers omits both for its default of two nameless classes.
      let classifies = json["architectures"]?.array?.contains {
        $0.string?.hasSuffix("ForSequenceClassification") == true
      }
      guard let count = json["num_labels"]?.int ?? (classifies == true ? 2 : nil), count > 0
      else { return nil }
      guard SizeLimits.labels.contains(count) else {
        throw reader.error(
          json["num_labels"] ?? json, "num_labels must be at most \(SizeLimits.labels.upperBound)")
      }
      return labels((0..<count).map { "LABEL_\($0)" })
    }
    guard let object = value.object else { throw reader.error(value, "id2label must be an object") }
    guard object.count <= SizeLimits.labels.upperBound else {
      throw reader.error(value, "id2label must have at most \(SizeLimits.labels.upperBound) names")
    }
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
    return labels(complete)
  }

  /// The content of config.json for a model of this architecture, as transformers writes it.
  ///
  /// - Parameter architecture: class name in transformers.
  public func json(architecture: String) -> JSONValue {
    let c = encoder
    let keys = c.family.description.keys
    var object = JSONObject()
    object["architectures"] = .array([.string(architecture)])
    object["model_type"] = .string(c.family.rawValue)
    object[keys.attentionDropout] = .float(c.attentionDropout)
    if let dropout = c.classifierDropout { object[keys.classifierDropout] = .float(dropout) }
    if let finetuningTask { object["finetuning_task"] = .string(finetuningTask) }
    object[keys.activation] = .string(c.activation.rawValue)
    object[keys.hiddenDropout] = .float(c.hiddenDropout)
    object[keys.hiddenSize] = .int(c.hiddenSize)
    if let labels {
      object["id2label"] = .object(labels.names.enumerated().map { (String($0), .string($1)) })
    }
    object["initializer_range"] = .float(c.initializerRange)
    object[keys.intermediateSize] = .int(c.intermediateSize)
    if let labels {
      object["label2id"] = .object(labels.names.enumerated().map { ($1, .int($0)) })
      object["problem_type"] = .string(labels.problemType)
    }
    if let key = keys.layerNormEpsilon { object[key] = .float(c.layerNormEpsilon) }
    object["max_position_embeddings"] = .int(c.maximumPositions)
    object[keys.attentionHeads] = .int(c.attentionHeads)
    object[keys.layers] = .int(c.layers)
    object["pad_token_id"] = .int(c.padTokenID)
    if c.family.description.hasSegments {
      object["position_embedding_type"] = "absolute"
      object["type_vocab_size"] = .int(c.typeVocabularySize)
    }
    if let key = keys.spanDropout { object[key] = .float(c.spanDropout) }
    if let key = keys.sinusoidalPositions { object[key] = .bool(c.hasSinusoidalPositions) }
    object["torch_dtype"] = "float32"
    object["vocab_size"] = .int(c.vocabularySize)
    return JSONValue(.object(object))
  }

  /// A configuration that does not come from a file.
  public init(encoder: EncoderConfiguration, labels: LabelSet? = nil, finetuningTask: String? = nil)
  {
    self.encoder = encoder
    self.labels = labels
    self.finetuningTask = finetuningTask
  }
}
