import Foundation
import Kernels
import StrictJSON

/// What loading a checkpoint into a model left open.
public struct LoadReport: Sendable, Equatable {
  /// Weights that the checkpoint lacks and that were newly initialised.
  public var initialized: [String] = []
  /// Tensors of the checkpoint that fit no weight.
  public var unused: [String] = []

  /// A report.
  public init(initialized: [String] = [], unused: [String] = []) {
    self.initialized = initialized
    self.unused = unused
  }
}

/// Model folders in Hugging Face's layout.
public struct ModelFolder: Sendable {
  /// The folder.
  public let path: String
  /// Its config.json.
  public let configuration: HuggingFaceConfiguration

  /// Opens a folder and reads its config.json.
  ///
  /// - Throws: `ModelError`, `JSONError`.
  public init(_ path: String) throws {
    self.path = path
    let file = "\(path)/config.json"
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ModelError.missingFile(
        path: file, hint: "a model is a folder with config.json, model.safetensors and vocab.txt")
    }
    configuration = try HuggingFaceConfiguration(
      StrictJSON.parse(Array(data), file: file), file: file)
  }

  /// A classifier with the folder's weights.
  ///
  /// - Parameters:
  ///   - labels: what the outputs shall mean; nil takes the folder's. A head of another size than the
  ///     folder's is newly initialised.
  ///   - layers: keep only these encoder layers, in this order; nil keeps all.
  ///   - seed: names the draw for weights that the checkpoint lacks.
  public func classifier(
    labels: LabelSet? = nil, layers: [Int]? = nil, seed: UInt64
  ) throws -> (SequenceClassifier, LoadReport) {
    guard let labels = labels ?? configuration.labels else {
      throw ModelError.unsupported(
        file: "\(path)/config.json",
        reason: "the model has no labels (id2label), so it is no classifier")
    }
    let model = SequenceClassifier(try configuration(keeping: layers), labels: labels)
    let replacesHead = configuration.labels.map { $0.count != labels.count } ?? true
    let report = try load(
      into: model, layers: layers, seed: seed, ignoring: replacesHead ? ["classifier."] : [])
    return (model, report)
  }

  /// A masked language model with the folder's weights.
  ///
  /// - Parameters layers, seed: as in `classifier(labels:layers:seed:)`.
  public func maskedLanguageModel(
    layers: [Int]? = nil, seed: UInt64
  ) throws -> (MaskedLanguageModel, LoadReport) {
    let model = MaskedLanguageModel(try configuration(keeping: layers))
    return (model, try load(into: model, layers: layers, seed: seed, ignoring: []))
  }

  private func configuration(keeping layers: [Int]?) throws -> EncoderConfiguration {
    var encoder = configuration.encoder
    guard let layers else { return encoder }
    if let wrong = layers.first(where: { $0 < 0 || $0 >= encoder.layers }) {
      throw ModelError.unsupported(
        file: "\(path)/config.json",
        reason: "layer \(wrong) was asked for, but the model has layers 0 to \(encoder.layers - 1)")
    }
    encoder.layers = layers.count
    return encoder
  }

  private func load(
    into model: some Model, layers: [Int]?, seed: UInt64, ignoring prefixes: [String]
  ) throws -> LoadReport {
    let checkpoint = try Checkpoint(folder: path)
    var available: [String: String] = [:]  // canonical name: name in the file
    for name in checkpoint.names { available[Self.canonicalName(name)] = name }
    var report = LoadReport()
    var used: Set<String> = []
    for entry in model.parameters.entries {
      var wanted = entry.name
      if let layers, let (layer, before, after) = Self.layerNumber(in: wanted) {
        wanted = "\(before)\(layers[layer])\(after)"
      }
      let ignored = prefixes.contains { wanted.hasPrefix($0) }
      guard !ignored, let name = available[wanted] else {
        report.initialized.append(entry.name)
        continue
      }
      let shape = checkpoint.entry(named: name)?.shape ?? []
      guard shape == entry.shape else {
        throw ModelError.wrongShape(
          file: checkpoint.file(of: name), tensor: name, expected: entry.shape, found: shape)
      }
      try model.parameters.buffer.withFloats { floats in
        let start = entry.slot.offset
        let target = UnsafeMutableBufferPointer(
          rebasing: floats[start..<start + entry.slot.count])
        try checkpoint.copyFloats(name, into: target)
      }
      used.insert(wanted)
    }
    try checkDecoder(of: model, in: checkpoint)
    model.initialize(Set(report.initialized), seed: seed)
    report.unused = available.filter { !used.contains($0.key) && !Self.isRedundant($0.key) }
      .map(\.value).sorted()
    return report
  }

  /// A decoder that is not the word embedding cannot be represented and must not be dropped silently.
  private func checkDecoder(of model: some Model, in checkpoint: Checkpoint) throws {
    let name = "cls.predictions.decoder.weight"
    guard model is MaskedLanguageModel, checkpoint.entry(named: name) != nil else { return }
    guard
      try checkpoint.floats(name) == model.parameters.matrix(model.encoder.words).values
    else {
      throw ModelError.unsupported(
        file: checkpoint.file(of: name),
        reason: "\(name) differs from the word embeddings; mate-kd reads tied decoders only")
    }
  }

  /// The name that a weight has in this package, whatever a checkpoint calls it: old checkpoints say
  /// gamma and beta, bare encoders leave the prefix out.
  static func canonicalName(_ name: String) -> String {
    var name = name
    if name.hasSuffix("LayerNorm.gamma") { name = name.dropLast(5) + "weight" }
    if name.hasSuffix("LayerNorm.beta") { name = name.dropLast(4) + "bias" }
    for part in ["embeddings.", "encoder.", "pooler."] where name.hasPrefix(part) {
      name = "bert." + name
    }
    return name == "cls.predictions.decoder.bias" ? "cls.predictions.bias" : name
  }

  /// Copies of other weights and constants, which need not be listed as unused.
  private static func isRedundant(_ name: String) -> Bool {
    name == "cls.predictions.decoder.weight" || name.hasSuffix("embeddings.position_ids")
      || name.hasSuffix("embeddings.token_type_ids")
  }

  static func layerNumber(in name: String) -> (Int, String, String)? {
    SequenceClassifier.layerNumber(in: name)
  }

  /// Files that describe the tokenizer; they go from model to model byte for byte.
  public static let tokenizerFiles = [
    "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "merges.txt",
  ]

  /// Writes a model folder that transformers loads unchanged.
  ///
  /// - Parameters:
  ///   - tokenizer: a folder whose tokenizer files are copied; other ones at `path` are removed.
  /// - Throws: `ModelError.cannotWrite`.
  public static func write(
    _ model: some Model, labels: LabelSet? = nil, finetuningTask: String? = nil, to path: String,
    tokenizer: String
  ) throws {
    let files = FileManager.default
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      let configuration = HuggingFaceConfiguration(
        encoder: model.encoder.configuration, labels: labels, finetuningTask: finetuningTask)
      let json = configuration.json(architecture: type(of: model).architecture)
      try Data((JSONWriter().string(json) + "\n").utf8)
        .write(to: URL(fileURLWithPath: "\(path)/config.json"), options: .atomic)
      try copyTokenizer(
        from: tokenizer, to: path, maximumLength: model.encoder.configuration.maximumPositions)
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError.cannotWrite(path: path, reason: error.localizedDescription)
    }
    let parameters = model.parameters
    try SafetensorsWriter.write(
      path: "\(path)/model.safetensors",
      tensors: parameters.entries.map { entry in
        SafetensorsWriter.Tensor(name: entry.name, shape: entry.shape) { body in
          try parameters.buffer.withFloats { floats in
            let start = entry.slot.offset
            try body(UnsafeBufferPointer(rebasing: floats[start..<start + entry.slot.count]))
          }
        }
      })
  }

  private static func copyTokenizer(
    from source: String, to path: String, maximumLength: Int
  ) throws {
    let files = FileManager.default
    for name in tokenizerFiles {
      // Read before writing: source and target may be the same folder.
      if let content = files.contents(atPath: "\(source)/\(name)") {
        try content.write(to: URL(fileURLWithPath: "\(path)/\(name)"), options: .atomic)
      } else if files.fileExists(atPath: "\(path)/\(name)") {
        // An older model's, such as a tokenizer.json, which transformers prefers to vocab.txt.
        try files.removeItem(atPath: "\(path)/\(name)")
      }
    }
    if !files.fileExists(atPath: "\(path)/tokenizer_config.json") {
      let settings: JSONValue = [
        "do_lower_case": true, "model_max_length": .int(maximumLength),
        "tokenizer_class": "BertTokenizer",
      ]
      try Data((JSONWriter().string(settings) + "\n").utf8)
        .write(to: URL(fileURLWithPath: "\(path)/tokenizer_config.json"), options: .atomic)
    }
    if !files.fileExists(atPath: "\(path)/special_tokens_map.json") {
      let map: JSONValue = [
        "cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]",
        "unk_token": "[UNK]",
      ]
      try Data((JSONWriter().string(map) + "\n").utf8)
        .write(to: URL(fileURLWithPath: "\(path)/special_tokens_map.json"), options: .atomic)
    }
  }
}
