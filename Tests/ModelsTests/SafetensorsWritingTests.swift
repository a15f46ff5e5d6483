import Files
import Foundation
import Models
import TestSupport
import Testing

@Suite struct SafetensorsWritingTests {
  @Test func bytesAreThoseOfTheReference() throws {
    let golden = try SafetensorsGolden.load()
    let scratch = try ScratchFolder()
    let path = scratch.path + "/model.safetensors"
    let tensors = golden.written.tensors.map { name, tensor in
      SafetensorsWriter.Tensor(
        name: name, shape: tensor.shape, values: tensor.values.map(Float.init))
    }
    try SafetensorsWriter.write(path: path, tensors: tensors)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == golden.written.file)
    #expect(scratch.content == ["model.safetensors"])
    let file = try SafetensorsFile(path: path)
    for (name, tensor) in golden.written.tensors {
      #expect(try file.floats(name) == tensor.values.map(Float.init))
      #expect(file.entry(named: name)?.shape == tensor.shape)
    }
  }

  @Test func specialValuesComeBackBitForBit() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/a.safetensors"
    let values: [Float] = [
      .nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
    ]
    try SafetensorsWriter.write(
      path: path, tensors: [.init(name: "a", shape: [2, 3], values: values)], metadata: [:])
    let found = try SafetensorsFile(path: path)
    #expect(found.metadata.isEmpty)
    #expect(try found.floats("a").map(\.bitPattern) == values.map(\.bitPattern))
  }

  /// A failed write keeps the old file and leaves no temporary one.
  @Test func failedWritesChangeNothing() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.write(Data("old".utf8), as: "a.safetensors")
    let mismatch = try #require(throws: FileError.self) {
      try SafetensorsWriter.write(
        path: path, tensors: [.init(name: "a", shape: [3], values: [1, 2])])
    }
    #expect(mismatch.problem == "2 values were given for the shape [3].")
    for name in ["b", "__metadata__"] {
      #expect(throws: FileError.self) {
        try SafetensorsWriter.write(
          path: path,
          tensors: [
            .init(name: "b", shape: [], values: [1]), .init(name: name, shape: [], values: [1]),
          ])
      }
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
    #expect(scratch.content == ["a.safetensors"])
  }

  @Test func unwritablePlaces() throws {
    let scratch = try ScratchFolder()
    for path in ["\(scratch.path)/none/a.safetensors", "/proc/a.safetensors"] {
      let error = try #require(throws: FileError.self) {
        try SafetensorsWriter.write(path: path, tensors: [])
      }
      #expect(error.kind == .unwritable && error.file == path)
    }
    // The target is a folder: the rename fails after everything was written.
    #expect(throws: FileError.self) {
      try SafetensorsWriter.write(path: scratch.path, tensors: [])
    }
    let parent = (scratch.path as NSString).deletingLastPathComponent
    let name = (scratch.path as NSString).lastPathComponent
    let left = try FileManager.default.contentsOfDirectory(atPath: parent)
      .filter { $0.hasPrefix(".\(name).tmp") }
    #expect(left == [])
  }
}
