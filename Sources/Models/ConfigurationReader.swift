import Files
import Kernels
import StrictJSON

extension Activation {
  /// The activation with this name in `hidden_act`; nil if it is unknown.
  init?(huggingFaceName name: String) {
    switch name {
    case "gelu", "gelu_python": self = .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast", "gelu_accurate":
      self = .geluTanh
    case "relu": self = .relu
    case "tanh": self = .tanh
    default: return nil
    }
  }
}

/// Reads the numbers of a config.json. Errors have line and column.
struct ConfigurationReader {
  let json: JSONValue
  let file: String

  func error(_ value: JSONValue, _ message: String) -> JSONError {
    JSONError(file: file, position: value.position, message: message)
  }

  func int(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>) throws -> Int {
    // transformers writes null for some keys that are not set.
    guard let value = json[key], fallback == nil || !value.isNull else {
      guard let fallback else { throw error(json, "the key \"\(key)\" is missing") }
      return fallback
    }
    guard let number = value.int, range.contains(number) else {
      throw error(
        value, "\(key) must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func number(_ key: String, default fallback: Float) throws -> Float {
    guard let value = json[key] else { return fallback }
    guard let number = value.double, number >= 0, Float(number) < 1 else {
      throw error(value, "\(key) must be a number of at least 0 and below 1")
    }
    return Float(number)
  }

  func flag(_ key: String, default fallback: Bool = false) throws -> Bool {
    guard let value = json[key], !value.isNull else { return fallback }
    guard let flag = value.bool else { throw error(value, "\(key) must be true or false") }
    return flag
  }
}

extension ConfigurationReader {
  /// The architecture. For what the file leaves out, the default of transformers' configuration
  /// class is used, which is not always the value of the published models.
  func encoder(of family: ModelFamily) throws -> EncoderConfiguration {
    let keys = family.description.keys
    var c = EncoderConfiguration(
      family: family, vocabularySize: try int("vocab_size", in: SizeLimits.vocabulary),
      hiddenSize: try int(keys.hiddenSize, in: SizeLimits.hiddenSize),
      layers: try int(keys.layers, in: 0...SizeLimits.layers.upperBound),
      attentionHeads: try int(keys.attentionHeads, in: SizeLimits.hiddenSize),
      intermediateSize: try int(keys.intermediateSize, in: SizeLimits.intermediateSize))
    guard c.hiddenSize % c.attentionHeads == 0 else {
      throw FileError(
        file: file,
        problem: "\(keys.hiddenSize) \(c.hiddenSize) is not a multiple of \(keys.attentionHeads) "
          + "\(c.attentionHeads)")
    }
    if let name = json[keys.activation] {
      guard let text = name.string, let activation = Activation(huggingFaceName: text) else {
        let found = name.string.map { " \"\($0)\"" } ?? ""
        throw error(
          name,
          "\(keys.activation)\(found) is not supported; it must be gelu, gelu_new or one of their "
            + "other names, relu or tanh")
      }
      c.activation = activation
    }
    if let key = keys.embeddingSize {
      let size = try int(key, default: 128, in: SizeLimits.hiddenSize)
      c.embeddingSize = size == c.hiddenSize ? nil : size
    }
    c.hiddenDropout = try number(keys.hiddenDropout, default: 0.1)
    c.attentionDropout = try number(keys.attentionDropout, default: 0.1)
    if let value = json[keys.classifierDropout], !value.isNull {
      c.classifierDropout = try number(keys.classifierDropout, default: 0)
    }
    if let key = keys.spanDropout { c.spanDropout = try number(key, default: c.spanDropout) }
    if let key = keys.sinusoidalPositions { c.hasSinusoidalPositions = try flag(key) }
    c.maximumPositions = try int(
      "max_position_embeddings", default: 512, in: SizeLimits.positions)
    if family.description.hasSegments {
      c.typeVocabularySize = try int("type_vocab_size", default: 2, in: SizeLimits.segments)
    }
    c.initializerRange = try number("initializer_range", default: 0.02)
    c.layerNormEpsilon = try keys.layerNormEpsilon.map { try number($0, default: 1e-12) } ?? 1e-12
    c.padTokenID = try int(
      "pad_token_id", default: c.padTokenID, in: 0...SizeLimits.vocabulary.upperBound)
    guard c.maximumLength > 0 else {
      throw FileError(
        file: file,
        problem: "max_position_embeddings \(c.maximumPositions) leaves no position for a token: "
          + "positions start at pad_token_id + 1 = \(c.firstPosition)")
    }
    return c
  }
}
