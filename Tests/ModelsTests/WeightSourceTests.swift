import Autograd
import Files
import Foundation
import Glibc
import Models
import StrictJSON
import TestSupport
import Testing

/// Folders whose files claim more than they hold, or hold what no model can use.
@Suite struct WeightSourceTests {
  /// The classifier golden with some members of its config.json changed.
  private func folder(
    _ scratch: ScratchFolder, _ changes: [String: JSONValue]
  ) throws -> String {
    let source = TestFiles.golden("bert-classifier")
    var config = try #require(try StrictJSON.read("\(source)/config.json").object)
    for (key, value) in changes { config[key] = value }
    try JSONWriter().write(JSONValue(.object(config)), to: "\(scratch.path)/config.json")
    try ByteFile.write(
      TestFiles.bytes("\(source)/model.safetensors"), to: "\(scratch.path)/model.safetensors")
    return scratch.path
  }

  private func problem(_ changes: [String: JSONValue]) throws -> String {
    let scratch = try ScratchFolder()
    let path = try folder(scratch, changes)
    let error = #expect(throws: (any Error).self) { try ModelFolder(path).classifier(seed: 1) }
    return error.map { "\($0)" } ?? ""
  }

  @Test(
    arguments: [
      ("hidden_size", 1 << 31), ("vocab_size", (1 << 62) + 2), ("num_hidden_layers", 1_000_000),
      ("intermediate_size", .max), ("max_position_embeddings", .max), ("type_vocab_size", 257),
      ("num_attention_heads", .max), ("hidden_size", 0), ("num_hidden_layers", -1),
    ] as [(String, Int)])
  func sizesThatNoModelHasAreRefusedWhereTheyStand(_ key: String, _ value: Int) throws {
    let found = try problem([key: .int(value)])
    #expect(found.contains("\(key) must be an integer from"), "\(found)")
    #expect(found.contains("config.json:"), "\(found)")
  }

  @Test(arguments: [
    ("hidden_size", 65_535), ("vocab_size", 1 << 24), ("intermediate_size", 1 << 20),
    ("max_position_embeddings", 1 << 20),
  ])
  func sizesAreComparedWithTheTensorsBeforeMemoryIsTaken(_ key: String, _ value: Int) throws {
    #expect(try problem([key: .int(value)]).contains("has shape"))
  }

  @Test func layersThatOutweighTheCheckpointAreRefused() throws {
    let found = try problem(["num_hidden_layers": 1000])
    #expect(found.contains("weights are not in the checkpoint"), "\(found)")
  }

  /// A config.json of one family beside the weights of another: everything would be random.
  @Test func aCheckpointOfWhichNothingMatchesIsRefusedUnlessAskedFor() throws {
    let scratch = try ScratchFolder()
    let path = try folder(
      scratch, ["model_type": "roberta", "pad_token_id": 0, "architectures": .array([])])
    var folder = try ModelFolder(path)
    let error = #expect(throws: FileError.self) { try folder.classifier(seed: 1) }
    let message = error?.description ?? ""
    #expect(message.contains("allow_new_weights") && message.contains("Roberta"), "\(message)")
    #expect(throws: FileError.self) { try folder.maskedLanguageModel(seed: 1) }
    #expect(throws: FileError.self) { try folder.spanClassifier(seed: 1) }
    folder.allowsNewWeights = true
    let (model, report) = try folder.classifier(seed: 1)
    #expect(report.initialized.contains("roberta.embeddings.word_embeddings.weight"))
    #expect(model.encoder.configuration.family == .roberta)
  }

  @Test func aFewNewLayersAreInitialised() throws {
    let scratch = try ScratchFolder()
    let path = try folder(scratch, ["num_hidden_layers": 4])
    let (model, report) = try ModelFolder(path).classifier(seed: 1)
    #expect(model.encoder.configuration.layers == 4)
    #expect(report.initialized.contains { $0.hasPrefix("bert.encoder.layer.3.") })
  }

  @Test(arguments: [1_000_000_000, 1 << 20])
  func labelsAreNotMadeOnTheWordOfAFile(_ count: Int) throws {
    let found = try problem(["id2label": .null, "num_labels": .int(count)])
    #expect(
      found.contains(count > 1 << 20 ? "num_labels must be at most" : "has shape"), "\(found)")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func weightsThatAreNoNumbersAreNamed(_ value: Float) throws {
    let scratch = try ScratchFolder()
    let golden = TestFiles.golden("bert-classifier")
    let model = try ModelFolder(golden).classifier(seed: 1).0
    let name = "bert.encoder.layer.1.output.dense.weight"
    let slot = try #require(model.parameters.entry(named: name)?.slot)
    let matrix = model.parameters.matrix(slot)
    matrix[matrix.rows - 1, matrix.columns - 1] = value
    try ModelFolder.write(model, labels: model.labels, to: scratch.path, tokenizer: golden)
    let error = #expect(throws: FileError.self) {
      try ModelFolder(scratch.path).classifier(seed: 1)
    }
    #expect(error?.tensor == name && error?.kind == .invalid)
  }

  /// Tensors that the model does not use may hold anything.
  @Test func unusedTensorsAreNotLookedAt() throws {
    let scratch = try ScratchFolder()
    let path = try folder(scratch, [:])
    let file = try SafetensorsFile(path: "\(path)/model.safetensors")
    let tensors = try file.entries.map {
      SafetensorsWriter.Tensor(name: $0.name, shape: $0.shape, values: try file.floats($0.name))
    }
    try SafetensorsWriter.write(
      path: "\(path)/model.safetensors",
      tensors: tensors + [.init(name: "other", shape: [1], values: [.nan])])
    #expect(try ModelFolder(path).classifier(seed: 1).1.unused == ["other"])
  }

  @Test(arguments: ["config.json", "model.safetensors"])
  func aPipeIsNotWaitedFor(_ name: String) throws {
    let scratch = try ScratchFolder()
    let path = try folder(scratch, [:])
    ByteFile.remove("\(path)/\(name)")
    mkfifo("\(path)/\(name)", 0o600)
    let error = #expect(throws: FileError.self) { try ModelFolder(path).classifier(seed: 1) }
    #expect(error?.problem.contains("pipe") == true)
  }

  @Test func shardsStayInTheirFolder() throws {
    let scratch = try ScratchFolder()
    let path = try folder(scratch, [:])
    try ByteFile.write(
      TestFiles.bytes("\(path)/model.safetensors"), to: "\(path)/elsewhere/outside")
    ByteFile.remove("\(path)/model.safetensors")
    let inside = "\(path)/model"
    try ByteFile.makeFolder(inside)
    symlink("../elsewhere/outside", "\(inside)/link")
    for shard in ["link", "../elsewhere/outside", "\(path)/elsewhere/outside", "..", "a\\u0000"] {
      try ByteFile.write(
        "{\"weight_map\": {\"a\": \"\(shard)\"}}".utf8,
        to: "\(inside)/model.safetensors.index.json")
      let error = #expect(throws: FileError.self) { try Checkpoint(folder: inside) }
      #expect(
        error?.problem.contains("same folder") == true
          || error?.problem.contains("leads out") == true, "\(String(describing: error))")
    }
  }
}
