import Data
import Foundation
import Inference
import Kernels
import Models
import Testing

@Suite struct DataExamples {
  @Test func tokenizedDataset() throws {
    let world = try ExampleWorld()
    let folder = world.folder
    let texts = TextDataset(texts: ["a fine film", "a dull film"])
    let data = TokenizedDataset(
      texts, tokenizer: try TokenizerLoader.load(folder: folder), maximumLength: 128,
      pool: ThreadPool())
    let batch = data.batch([1, 0])
    print(batch.tokens.ids, batch.tokens.offsets)
    #expect(batch.tokens.count == 2 && batch.rows == [1, 0])
  }

  @Test func predictionsFile() throws {
    let world = try ExampleWorld()
    let path = "\(world.folder)/soft.jsonl"
    try #"{"index": 0, "logits": [1, -1]}"#.write(toFile: path, atomically: true, encoding: .utf8)
    let file = try PredictionsFile(reading: path)
    for row in file.rows { print(row.index, row.values) }
    #expect(file.kind == .logits && file.rows.map(\.values) == [[1, -1]])
  }

  @Test func wordNet() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Goldens/wordnet").path
    let wordNet = try WordNet(folder: folder)
    let lemmas = try wordNet.lemmas(of: "films")
    print(lemmas)  // movie, film, picture, …
    #expect(lemmas.prefix(3) == ["movie", "film", "picture"])
  }

  @Test func targets() {
    let targets = Targets.classes([0, 1, 1])
    assert(targets.count == 3)
    assert(targets.selecting([2, 0]) == .classes([1, 0]))
    assert(targets.scores.isEmpty)
    #expect(targets.selecting([2, 0]) == .classes([1, 0]))
  }

  @Test func modelFolder() throws {
    let world = try ExampleWorld()
    let path = world.folder
    let folder = try ModelFolder(path)
    let (model, report) = try folder.classifier(seed: 42)
    print(model.labels.names, model.parameters.count)
    assert(report.initialized.isEmpty, "a weight is not in the checkpoint")
    #expect(model.labels.names == ["negative", "positive"])
  }

  @Test func onnx() throws {
    let world = try ExampleWorld()
    let path = world.folder
    let (classifier, _) = try ModelFolder(path).classifier(seed: 42)
    try ONNXExport(weights: .int8).write(classifier, to: "\(path)/model.onnx")
    // The first field of a model is its version of the format: 8.
    let file = FileManager.default.contents(atPath: "\(path)/model.onnx")
    #expect(file?.starts(with: [8, 8]) == true)
  }

  @Test func inference() throws {
    let world = try ExampleWorld()
    let (model, data) = (world.model, world.data)
    let logits = try Inference(pool: ThreadPool()).logits(model, data: data, batchSize: 32)
    for row in 0..<logits.rows { print(logits[row, 0], logits[row, 1]) }
    #expect(logits.rows == 4 && logits.columns == 2)
  }

  @Test func taskModel() throws {
    let world = try ExampleWorld()
    let folder = world.folder
    let task = try TaskRegistry.named("sst-2")
    let model = try TaskModel(folder: folder, task: task)
    let found = try model.predict(TextDataset(texts: ["a fine film"]), batchSize: 32)
    print(found.label(0) ?? "none", found.probabilities(0))
    #expect(found.count == 1 && found.probabilities(0).count == 2)
  }
}
