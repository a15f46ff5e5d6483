import Files

/// The checkpoint of a folder from which a model takes its weights.
///
/// It is made before the model, and compares the sizes in config.json with the tensors that are
/// there: memory is taken on the word of a file only for what the file really holds.
struct WeightSource {
  let checkpoint: Checkpoint
  /// From the name of a weight in this package to that of its tensor.
  let available: [String: String]
  /// Further tensors that mean a weight which `available` has.
  private let doubles: [String: [String]]
  private let configuration: EncoderConfiguration
  private let layers: [Int]?

  /// - Parameter layers: as in `ModelFolder.classifier(labels:layers:seed:)`.
  /// - Throws: errors of the checkpoint, and `FileError` if config.json asks for much that it does
  ///   not have.
  init(_ folder: ModelFolder, layers: [Int]?) throws {
    configuration = folder.configuration.encoder
    self.layers = layers
    checkpoint = try Checkpoint(folder: folder.path)
    let family = configuration.family.description
    var available: [String: String] = [:]
    var doubles: [String: [String]] = [:]
    for name in checkpoint.names {
      let weight = family.canonicalName(name)
      if available[weight] == nil {
        available[weight] = name
      } else {
        doubles[weight, default: []].append(name)
      }
    }
    self.available = available
    self.doubles = doubles
    if !folder.allowsNewWeights,
      !available.keys.contains(where: { $0.hasPrefix("\(family.encoder).") })
    {
      throw nothingMatches(family)
    }
    try checkEncoder()
  }

  /// The name, in the checkpoint's order of layers, of a weight of the model.
  func name(of weight: String) -> String {
    guard let layers, let (layer, before, after) = SequenceClassifier.layerNumber(in: weight)
    else { return weight }
    return "\(before)\(layers[layer])\(after)"
  }

  /// - Throws: `FileError` if a tensor has another shape.
  func check(_ name: String, hasShape shape: [Int]) throws {
    let found = checkpoint.entry(named: name)?.shape ?? []
    guard found == shape else {
      throw FileError(
        file: checkpoint.file(of: name), tensor: name,
        problem: "has shape \(found), but config.json asks for \(shape); the two belong to "
          + "different models")
    }
  }

  /// Checks that all tensors which mean a weight have the same values, as tied ones do. Nothing is
  /// read for a weight that one tensor means.
  /// - Throws: `FileError` that names both tensors.
  func checkDoubles(of weight: String, are values: UnsafeMutableBufferPointer<Float>) throws {
    for double in doubles[weight] ?? [] {
      let other = try checkpoint.floats(double)
      guard other.elementsEqual(values) else {
        throw FileError(
          file: checkpoint.file(of: double), tensor: double,
          problem: "it differs from \"\(available[weight] ?? weight)\", although both are the "
            + "model's \(weight); remove the one that the model was not trained with.")
      }
    }
  }

  /// Checks the output layer of a classifier with the labels of config.json.
  /// - Throws: `FileError`.
  func checkOutputs(_ labels: Int) throws {
    let head = configuration.family.description.classifier
    let shape = [labels, configuration.hiddenSize]
    try checkAmount(missing: try missing("\(head.output).weight", shape))
  }

  private func nothingMatches(_ family: FamilyDescription) -> FileError {
    let names = checkpoint.names.prefix(2).map { "\"\($0)\"" }.joined(separator: ", ")
    return FileError(
      file: checkpoint.folder,
      problem:
        "none of its \(checkpoint.names.count) tensors (\(names.isEmpty ? "none" : names)) is "
        + "one of a \(family.className) model's encoder, so that all weights would be random; give "
        + "the weights that belong to config.json, or set allow_new_weights to train from random "
        + "ones.")
  }

  private func checkEncoder() throws {
    let (c, family) = (configuration, configuration.family.description)
    let h = c.hiddenSize
    let embeddings = "\(family.encoder).embeddings"
    var absent = try missing(
      "\(embeddings).word_embeddings.weight", [c.vocabularySize, c.wordWidth])
    absent += try missing(
      "\(embeddings).position_embeddings.weight", [c.maximumPositions, c.wordWidth])
    let kept = layers ?? Array(0..<c.layers)
    for layer in kept {
      let prefix = "\(family.encoder).\(family.layers).\(layer)"
      // One of the four matrices of the attention, and one of the two after it.
      let attention = try missing("\(prefix).\(family.layer.query).weight", [h, h])
      let inner = "\(prefix).\(family.layer.intermediate).weight"
      absent += 4 * attention + 2 * (try missing(inner, [c.intermediateSize, h]))
    }
    // The head has a matrix of this shape, too.
    if kept.isEmpty { absent += h * h }
    try checkAmount(missing: absent)
  }

  /// The number of elements of a weight that the checkpoint lacks.
  private func missing(_ weight: String, _ shape: [Int]) throws -> Int {
    guard let name = available[weight] else { return shape.reduce(1, *) }
    try check(name, hasShape: shape)
    return 0
  }

  /// Weights that are not there are newly initialised, such as layers that a model gets for
  /// further training. If they outweigh those that are there, config.json is of another model.
  private func checkAmount(missing: Int) throws {
    let there = checkpoint.entries.reduce(0) { $0 + $1.count }
    guard missing <= there + (1 << 20) else {
      throw FileError(
        file: "\(checkpoint.folder)/config.json",
        problem: "it describes a model of which \(missing) weights are not in the checkpoint, "
          + "which has \(there); the two belong to different models")
    }
  }
}
