import Autograd
import Configuration
import Files
import Kernels
import StrictJSON

/// What loading a checkpoint into a model left open.
public struct LoadReport: Sendable, Equatable {
  /// Weights that the checkpoint lacks; they were newly initialised.
  public var initialized: [String] = []
  /// Tensors of the checkpoint that belong to no weight.
  public var unused: [String] = []

  /// A report.
  public init(initialized: [String] = [], unused: [String] = []) {
    self.initialized = initialized
    self.unused = unused
  }
}

/// Model folders in Hugging Face's layout.
///
/// ```swift
/// let folder = try ModelFolder(path)
/// let (model, report) = try folder.classifier(seed: 42)
/// print(model.labels.names, model.parameters.count)
/// assert(report.initialized.isEmpty, "a weight is not in the checkpoint")
/// ```
public struct ModelFolder: Sendable {
  /// The folder: the one that was named, or the one in it that a `modules.json` names.
  public let path: String
  /// Its config.json.
  public let configuration: HuggingFaceConfiguration
  /// True if a model may be new from its embeddings to its last layer, because the checkpoint has
  /// nothing of its encoder. Otherwise that is an error: nobody means it.
  public var allowsNewWeights = false

  /// Opens a folder and reads its config.json. In a folder of sentence-transformers, the
  /// Transformer that `modules.json` names is meant.
  ///
  /// - Throws: `FileError` if the file is missing or the architecture is unsupported; `JSONError`
  ///   with line and column for other mistakes in it.
  public init(_ path: String) throws {
    let path = try TransformerFolder.path(in: path)
    self.path = path
    let file = "\(path)/config.json"
    let limit = ByteFile.longestDescription
    guard let text = try ByteFile.readIfThere(file, atMost: limit) else {
      throw FileError(
        .missing, file: file,
        problem:
          "no such file; a model is a folder with config.json, model.safetensors and its "
          + "tokenizer's files")
    }
    configuration = try HuggingFaceConfiguration(
      StrictJSON.parse(text, file: file), file: file)
  }

  /// A classifier with the weights of the folder.
  ///
  /// - Parameters:
  ///   - labels: what the outputs should mean; nil takes the labels of the folder. If their number
  ///     differs from the folder's, the output layer is newly initialised.
  ///   - layers: the encoder layers to keep, from 0, in this order; nil keeps all.
  ///   - seed: identifies the draw for weights that the checkpoint lacks.
  /// - Throws: `FileError`.
  public func classifier(
    labels: LabelSet? = nil, layers: [Int]? = nil, seed: UInt64
  ) throws -> (SequenceClassifier, LoadReport) {
    guard let labels = labels ?? configuration.labels else {
      throw FileError(
        file: "\(path)/config.json",
        problem: "the model has no labels (id2label), so it is no classifier")
    }
    // Their heads have the same names, and mean something else.
    for head in ["ForTokenClassification", "ForMultipleChoice"]
    where configuration.architecture?.hasSuffix(head) == true {
      throw FileError(
        file: "\(path)/config.json",
        problem:
          "architectures names a \(configuration.architecture ?? head), whose outputs do not "
          + "stand for whole texts; give a model \(SequenceClassifier.headName) or without a head")
    }
    let encoder = try configuration(keeping: layers)
    let source = try WeightSource(self, layers: layers)
    let replacesHead = configuration.labels.map { $0.count != labels.count } ?? true
    if !replacesHead { try source.checkOutputs(labels.count) }
    let model = SequenceClassifier(encoder, labels: labels)
    let report = try load(
      source, into: model, seed: seed, ignoring: replacesHead ? model.outputNames : [])
    return (model, report)
  }

  /// A masked language model with the weights of the folder.
  ///
  /// - Parameters layers, seed: as in `classifier(labels:layers:seed:)`.
  /// - Throws: `FileError`, also if the decoder is not tied to the word embeddings;
  ///   `FileError`.
  public func maskedLanguageModel(
    layers: [Int]? = nil, seed: UInt64
  ) throws -> (MaskedLanguageModel, LoadReport) {
    guard configuration.tiesWordEmbeddings else {
      throw FileError(
        file: "\(path)/config.json",
        problem: "tie_word_embeddings false cannot be obeyed: mate-kd reads tied decoders only")
    }
    let encoder = try configuration(keeping: layers)
    let source = try WeightSource(self, layers: layers)
    let model = MaskedLanguageModel(encoder)
    return (model, try load(source, into: model, seed: seed))
  }

  /// A model that finds answers in texts, with the weights of the folder.
  ///
  /// - Parameters layers, seed: as in `classifier(labels:layers:seed:)`.
  /// - Throws: `FileError`.
  public func spanClassifier(
    layers: [Int]? = nil, seed: UInt64
  ) throws -> (SpanClassifier, LoadReport) {
    let encoder = try configuration(keeping: layers)
    let source = try WeightSource(self, layers: layers)
    let model = SpanClassifier(encoder)
    return (model, try load(source, into: model, seed: seed))
  }

  private func configuration(keeping layers: [Int]?) throws -> EncoderConfiguration {
    var encoder = configuration.encoder
    guard let layers else { return encoder }
    if let wrong = layers.first(where: { $0 < 0 || $0 >= encoder.layers }) {
      throw FileError(
        file: "\(path)/config.json",
        problem: "layer \(wrong) was asked for, but the model has layers 0 to \(encoder.layers - 1)"
      )
    }
    encoder.layers = layers.count
    return encoder
  }

  private func load(
    _ source: WeightSource, into model: some Model, seed: UInt64, ignoring ignored: [String] = []
  ) throws -> LoadReport {
    let family = configuration.encoder.family.description
    var report = LoadReport()
    var used: Set<String> = []
    for entry in model.parameters.entries {
      let wanted = source.name(of: entry.name)
      guard !ignored.contains(wanted), let name = source.available[wanted] else {
        report.initialized.append(entry.name)
        continue
      }
      try source.check(name, hasShape: entry.shape)
      try model.parameters.buffer.withFloats { floats in
        let start = entry.slot.offset
        let target = UnsafeMutableBufferPointer(
          rebasing: floats[start..<start + entry.slot.count])
        try source.checkpoint.copyFloats(name, into: target)
        try source.checkDoubles(of: wanted, are: target)
      }
      guard model.parameters.matrix(entry.slot).isFinite else {
        throw FileError(
          file: source.checkpoint.file(of: name), tensor: name,
          problem: "it holds a number that is NaN or infinite, so that everything computed from it "
            + "would be; the training that wrote it went astray, or the file is damaged.")
      }
      used.insert(wanted)
    }
    try checkDecoder(of: model, in: source)
    model.initialize(Set(report.initialized), seed: seed)
    report.unused = source.available
      .filter { !used.contains($0.key) && !family.isRedundant($0.key) }.map(\.value).sorted()
    return report
  }

  /// A decoder that differs from the word embedding cannot be represented and must not be dropped
  /// silently.
  private func checkDecoder(of model: some Model, in source: WeightSource) throws {
    let decoder = "\(configuration.encoder.family.description.vocabulary.decoder).weight"
    guard model is MaskedLanguageModel, let name = source.available[decoder] else { return }
    let checkpoint = source.checkpoint
    guard
      try checkpoint.floats(name) == model.parameters.matrix(model.encoder.words).values
    else {
      throw FileError(
        file: checkpoint.file(of: name),
        problem: "\(name) differs from the word embeddings; mate-kd reads tied decoders only")
    }
  }
}

extension FamilyDescription {
  /// The name of a weight in this package, whatever a checkpoint calls it. Old checkpoints say
  /// gamma and beta, bare encoders omit the prefix, wrappers add one, and the decoder's bias has
  /// two names.
  func canonicalName(_ name: String) -> String {
    var name = name
    // What wrappers of PyTorch put before all names when a model is saved through them.
    while let wrapper = ["module.", "_orig_mod.", "model."].first(where: name.hasPrefix) {
      name.removeFirst(wrapper.count)
    }
    // As in transformers 5, a second prefix of the encoder means nothing, nor does one before a head.
    let known = parts.map { "\(encoder).\($0)." }
    while name.hasPrefix("\(encoder)."), !known.contains(where: name.hasPrefix) {
      name.removeFirst(encoder.count + 1)
    }
    if name.hasSuffix("LayerNorm.gamma") { name = name.dropLast(5) + "weight" }
    if name.hasSuffix("LayerNorm.beta") { name = name.dropLast(4) + "bias" }
    if parts.contains(where: { name.hasPrefix("\($0).") }) { name = "\(encoder).\(name)" }
    return name == "\(vocabulary.decoder).bias" ? vocabulary.bias : name
  }

  /// True for constants and for copies of other weights; these need not be listed as unused.
  func isRedundant(_ name: String) -> Bool {
    name == "\(vocabulary.decoder).weight" || name.hasSuffix("embeddings.position_ids")
      || name.hasSuffix("embeddings.token_type_ids")
  }
}
