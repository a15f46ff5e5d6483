import Autograd
import Files

/// What a model folder holds, told from config.json and the headers of its weights: no weight is
/// read, so it takes no time however large the model is.
public struct ModelSummary: Sendable {
  /// Tensors that belong together.
  public struct Part: Sendable, Equatable {
    /// `embeddings`, `layer 0` and so on, `pooler`, `classifier`, `vocabulary head`, `span head`,
    /// `other`, or `copies and constants`.
    public let name: String
    /// Number of tensors.
    public let tensors: Int
    /// Number of weights; 0 for copies of other weights and for constants.
    public let parameters: Int
    /// Bytes in the files.
    public let bytes: Int
  }

  /// config.json.
  public let configuration: HuggingFaceConfiguration
  /// The tensors by file, in the order of their data.
  public let tensors: [SafetensorsEntry]
  /// The parts from the embeddings to the heads; none of them is empty.
  public let parts: [Part]
  /// transformers' classes whose heads are there, such as `BertForMaskedLM`; the bare encoder's if
  /// there is no head.
  public let architectures: [String]
  /// Sentences about tensors that are missing or have another shape than config.json asks for.
  public let problems: [String]

  /// Number of weights, copies not counted.
  public var parameters: Int { parts.reduce(0) { $0 + $1.parameters } }

  /// Bytes of all tensors.
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
  /// What the folder holds.
  ///
  /// - Throws: `FileError` where there are no weights in safetensors files.
  public func summary() throws -> ModelSummary {
    ModelSummary(configuration, tensors: try Checkpoint(folder: path).entries)
  }
}

/// Where in a model a tensor belongs, from its input to its output.
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
  /// The heads by the ends of transformers' class names, with the tensors that make each.
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
    if isPart(of: "\(encoder).embeddings") { return .embeddings }
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
