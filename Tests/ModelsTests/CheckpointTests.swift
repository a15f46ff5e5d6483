import Files
import Foundation
import Models
import TestSupport
import Testing

@Suite struct CheckpointTests {
  /// Two shards of one tensor each and the index that lists them.
  private func sharded(index: String? = nil) throws -> ScratchFolder {
    let scratch = try ScratchFolder()
    for (shard, name, value) in [("1.safetensors", "a", Float(1)), ("2.safetensors", "b", 2)] {
      try SafetensorsWriter.write(
        path: "\(scratch.path)/\(shard)",
        tensors: [.init(name: name, shape: [2], values: [value, value])])
    }
    let text =
      index ?? "{\"weight_map\": {\"a\": \"1.safetensors\", \"b\": \"2.safetensors\"}}"
    _ = try scratch.write(Data(text.utf8), as: "model.safetensors.index.json")
    return scratch
  }

  @Test func singleFile() throws {
    let scratch = try sharded()
    try SafetensorsWriter.write(
      path: scratch.path + "/model.safetensors",
      tensors: [.init(name: "whole", shape: [1], values: [3])])
    let checkpoint = try Checkpoint(folder: scratch.path)
    #expect(checkpoint.names == ["whole"])
    #expect(try checkpoint.floats("whole") == [3])
    #expect(checkpoint.file(of: "whole") == scratch.path + "/model.safetensors")
  }

  @Test func shards() throws {
    let scratch = try sharded()
    let checkpoint = try Checkpoint(folder: scratch.path)
    #expect(checkpoint.names.sorted() == ["a", "b"])
    #expect(try checkpoint.floats("a") == [1, 1])
    #expect(try checkpoint.floats("b") == [2, 2])
    #expect(checkpoint.entry(named: "b")?.shape == [2])
    #expect(checkpoint.file(of: "b") == scratch.path + "/2.safetensors")
    let error = try #require(throws: FileError.self) { try checkpoint.floats("c") }
    #expect(error.tensor == "c")
  }

  @Test(arguments: [
    ("{\"weight_map\": {\"b\": \"1.safetensors\"}}", "does not have it"),
    ("{\"weight_map\": {\"a\": \"../1.safetensors\"}}", "same folder"),
    ("{\"weight_map\": {\"a\": 1}}", "same folder"),
    ("{\"weight_map\": {\"a\": \"3.safetensors\"}}", "no such file"),
    ("{}", "weight_map"),
    ("{\"weight_map\": {},}", "comma"),
  ])
  func brokenIndexes(_ index: String, _ problem: String) throws {
    let scratch = try sharded(index: index)
    let error = try #require(throws: FileError.self) {
      try Checkpoint(folder: scratch.path)
    }
    #expect(error.problem.contains(problem), "\(error)")
    #expect(error.file.hasPrefix(scratch.path))
  }

  @Test func twoShardsWithOneName() throws {
    let scratch = try sharded(
      index: "{\"weight_map\": {\"a\": \"1.safetensors\", \"b\": \"2.safetensors\"}}")
    try SafetensorsWriter.write(
      path: scratch.path + "/2.safetensors",
      tensors: ["a", "b", "c"].map { .init(name: $0, shape: [1], values: [5]) })
    let checkpoint = try Checkpoint(folder: scratch.path)
    #expect(try checkpoint.floats("a") == [1, 1], "the index says which one counts")
    #expect(try checkpoint.floats("c") == [5], "an unlisted tensor of one shard is found")
    try SafetensorsWriter.write(
      path: scratch.path + "/1.safetensors",
      tensors: ["a", "c"].map { .init(name: $0, shape: [1], values: [6]) })
    let error = try #require(throws: FileError.self) {
      try Checkpoint(folder: scratch.path)
    }
    #expect(error.tensor == "c")
  }

  @Test func missing() throws {
    let scratch = try ScratchFolder()
    let none = try #require(throws: FileError.self) {
      try Checkpoint(folder: scratch.path + "/none")
    }
    #expect(none.kind == .missing && none.problem.contains("no such folder"))
    _ = try scratch.write(Data(), as: "pytorch_model.bin")
    let empty = try #require(throws: FileError.self) { try Checkpoint(folder: scratch.path) }
    #expect(empty.kind == .invalid && empty.problem.contains("torch.save"))
    #expect(throws: FileError.self) {
      try Checkpoint(folder: scratch.path + "/pytorch_model.bin")
    }
  }

  /// Every tensor of the golden model that transformers wrote can be read.
  @Test func goldenModel() throws {
    let folder = TestFiles.repository.appendingPathComponent(
      "Tests/Goldens/bert-classifier")
    let checkpoint = try Checkpoint(folder: folder.path)
    #expect(checkpoint.entry(named: "classifier.weight")?.shape == [3, 36])
    for entry in checkpoint.entries {
      let values = try checkpoint.floats(entry.name)
      #expect(values.count == entry.count && values.allSatisfy(\.isFinite))
    }
  }
}
