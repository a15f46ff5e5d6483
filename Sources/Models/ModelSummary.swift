import Autograd

/// What a model folder contains, according to config.json and the headers of its weights. No
/// weights are read, so it is fast however large the model is.
public struct ModelSummary: Sendable {
  /// A group of tensors that belong together.
  public struct Part: Sendable, Equatable {
    /// `embeddings`, `layer 0` and so on, `pooler`, `classifier`, `vocabulary head`, `span head`,
    /// `other`, or `copies and constants`.
    public let name: String
    /// Number of tensors.
    public let tensors: Int
    /// Number of weights; 0 for copies of other weights and for constants.
    public let parameters: Int
    /// Number of bytes in the files.
    public let bytes: Int
  }

  /// config.json.
  public let configuration: HuggingFaceConfiguration
  /// The tensors, file by file, in the order of their data.
  public let tensors: [SafetensorsEntry]
  /// The parts from the embeddings to the heads; none is empty.
  public let parts: [Part]
  /// The classes of transformers whose heads are present, such as `BertForMaskedLM`; the bare
  /// encoder if there is no head.
  public let architectures: [String]
  /// Sentences about tensors that are missing or whose shape differs from what config.json asks
  /// for.
  public let problems: [String]

  /// Number of weights, not counting copies.
  public var parameters: Int { parts.reduce(0) { $0 + $1.parameters } }

  /// Number of bytes of all tensors.
  public var bytes: Int { parts.reduce(0) { $0 + $1.bytes } }

  init(_ configuration: HuggingFaceConfiguration, tensors: [SafetensorsEntry]) {
    let family = configuration.encoder.family.description
    let shapes = Dictionary(
      tensors.map { (family.canonicalName($0.name), $0.shape) }, uniquingKeysWith: { a, _ in a })
    self.configuration = configuration
    self.tensors = tensors
    let heads = family.heads.filter { $0.tensors.allSatisfy { shapes[$0] != nil } }
    architectures = (heads.isEmpty ? ["Model"] : heads.map(\.name)).map { family.className + $0 }
    var layout = ParameterLayout()
    _ = Encoder(configuration.encoder, in: &layout)
    problems = layout.entries.compactMap { entry in
      guard let shape = shapes[entry.name] else { return "tensor \(entry.name) is missing" }
      return shape == entry.shape
        ? nil
        : "tensor \(entry.name) has shape \(shape), but config.json asks for \(entry.shape)"
    }
    var seen: Set<String> = []
    let byPlace = Dictionary(grouping: tensors) { tensor in
      let isFirst = seen.insert(family.canonicalName(tensor.name)).inserted
      return isFirst ? family.place(of: tensor) : .copies
    }
    parts = byPlace.sorted { $0.key < $1.key }.map { place, tensors in
      Part(
        name: place.name, tensors: tensors.count,
        parameters: place == .copies ? 0 : tensors.reduce(0) { $0 + $1.count },
        bytes: tensors.reduce(0) { $0 + $1.bytes.count })
    }
  }
}

extension ModelFolder {
  /// What the folder contains.
  ///
  /// - Throws: `FileError` if there are no weights in safetensors files, or if they cannot be
  ///   read.
  public func summary() throws -> ModelSummary {
    ModelSummary(configuration, tensors: try Checkpoint(folder: path).entries)
  }
}

/// The place of a tensor in a model, ordered from input to output.
private enum Place: Hashable, Comparable {
  case embeddings
  case layer(Int)
  case pooler, classifier, vocabulary, span, other, copies

  var name: String {
    switch self {
    case .embeddings: "embeddings"
    case .layer(let number): "layer \(number)"
    case .pooler: "pooler"
    case .classifier: "classifier"
    case .vocabulary: "vocabulary head"
    case .span: "span head"
    case .other: "other"
    case .copies: "copies and constants"
    }
  }
}

extension FamilyDescription {
  /// The heads, named by the ends of class names in transformers, with the tensors that make up
  /// each.
  fileprivate var heads: [(name: String, tensors: [String])] {
    func both(_ names: String...) -> [String] { names.flatMap { ["\($0).weight", "\($0).bias"] } }
    return [
      (SequenceClassifier.headName, both(classifier.dense, classifier.output)),
      (
        MaskedLanguageModel.headName,
        both(vocabulary.transform, vocabulary.norm) + [vocabulary.bias]
      ),
      (SpanClassifier.headName, both("qa_outputs")),
    ]
  }

  fileprivate func place(of tensor: SafetensorsEntry) -> Place {
    let name = canonicalName(tensor.name)
    func isPart(of prefix: String) -> Bool { name.hasPrefix("\(prefix).") }
    if isRedundant(name) || !tensor.type.isFloat { return .copies }
    // ELECTRA has embeddings_project, too.
    if name.hasPrefix("\(encoder).embeddings") { return .embeddings }
    if isPart(of: "\(encoder).\(layers)"),
      let number = Int(name.dropFirst("\(encoder).\(layers).".count).prefix { $0 != "." })
    {
      return .layer(number)
    }
    if isPart(of: "\(encoder).pooler") { return .pooler }
    if isPart(of: classifier.dense) || isPart(of: classifier.output) { return .classifier }
    if isPart(of: vocabulary.transform) || isPart(of: vocabulary.norm) || name == vocabulary.bias {
      return .vocabulary
    }
    return isPart(of: "qa_outputs") ? .span : .other
  }
}

extension SafetensorsType {
  /// True for the types that weights have.
  fileprivate var isFloat: Bool { rawValue.hasPrefix("F") || self == .BF16 }
}
