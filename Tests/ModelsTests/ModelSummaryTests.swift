import Autograd
import Foundation
import Models
import TestSupport
import Testing

/// What is told about model folders without reading a weight.
@Suite struct ModelSummaryTests {
  private func summary(_ golden: String) throws -> ModelSummary {
    try ModelFolder(ModelGolden(golden).folder).summary()
  }

  @Test(arguments: ModelFamily.allCases)
  func classifiers(_ family: ModelFamily) throws {
    let folder = try ModelFolder(ModelGolden("\(family.rawValue)-classifier").folder)
    let (model, summary) = (try folder.classifier(seed: 1).0, try folder.summary())
    #expect(summary.architectures == [model.architecture])
    #expect(summary.problems.isEmpty)
    #expect(summary.parameters == model.parameters.count)
    #expect(summary.bytes == 4 * model.parameters.count)
    let head = family == .bert ? ["pooler", "classifier"] : ["classifier"]
    #expect(
      summary.parts.map(\.name) == ["embeddings", "layer 0", "layer 1", "layer 2"] + head)
    #expect(summary.parts.reduce(0) { $0 + $1.tensors } == summary.tensors.count)
    #expect(summary.parts[1...3].allSatisfy { $0.tensors == 16 })
    #expect(Set(summary.parts[1...3].map(\.parameters)).count == 1, "all layers are alike")
  }

  @Test(arguments: ModelFamily.allCases)
  func otherHeads(_ family: ModelFamily) throws {
    let masked = try ModelFolder(ModelGolden("\(family.rawValue)-mlm").folder)
    let model = try masked.maskedLanguageModel(seed: 1).0
    let summary = try masked.summary()
    #expect(summary.architectures == [model.architecture])
    #expect(summary.parts.contains { $0.name == "vocabulary head" && $0.tensors == 5 })
    #expect(summary.parameters == model.parameters.count)
    let spans = try self.summary("\(family.rawValue)-qa")
    #expect(spans.parts.last?.name == "span head" && spans.parts.last?.tensors == 2)
    #expect(spans.architectures.first?.hasSuffix("ForQuestionAnswering") == true)
  }

  /// A bare encoder of half as many bits, with a constant, a copy and a stranger among its tensors.
  @Test func bareEncoder() throws {
    let scratch = try ScratchFolder()
    let golden = try ModelGolden("bert-mlm").folder
    let file = try SafetensorsFile(path: "\(golden)/model.safetensors")
    let words = "bert.embeddings.word_embeddings.weight"
    var tensors: [SafetensorsWriter.Tensor] = []
    for entry in file.entries where entry.name.hasPrefix("bert.") {
      tensors.append(
        SafetensorsWriter.Tensor(
          name: String(entry.name.dropFirst(5)), shape: entry.shape,
          values: try file.floats(entry.name)))
    }
    let count = try #require(file.entry(named: words)).shape
    tensors += [
      SafetensorsWriter.Tensor(
        name: "cls.predictions.decoder.weight", shape: count, values: try file.floats(words)),
      SafetensorsWriter.Tensor(name: "embeddings.position_ids", shape: [2], values: [0, 1]),
      SafetensorsWriter.Tensor(name: "stranger", shape: [3], values: [1, 2, 3]),
    ]
    try SafetensorsWriter.write(path: "\(scratch.path)/model.safetensors", tensors: tensors)
    try FileManager.default.copyItem(
      atPath: "\(golden)/config.json", toPath: "\(scratch.path)/config.json")
    let summary = try ModelFolder(scratch.path).summary()
    #expect(summary.architectures == ["BertModel"] && summary.problems.isEmpty)
    #expect(
      summary.parts.suffix(2).map(\.name) == ["other", "copies and constants"])
    #expect(summary.parts.suffix(2).map(\.parameters) == [3, 0])
    let encoder = try ModelFolder(golden).maskedLanguageModel(seed: 1).0.parameters.entries
      .filter { $0.name.hasPrefix("bert.") }.reduce(0) { $0 + $1.slot.count }
    #expect(summary.parameters == encoder + 3)
  }

  @Test func whatDoesNotFit() throws {
    let scratch = try ScratchFolder()
    let golden = try ModelGolden("bert-classifier").folder
    let file = try SafetensorsFile(path: "\(golden)/model.safetensors")
    let lacking = "bert.encoder.layer.1.output.dense.bias"
    try SafetensorsWriter.write(
      path: "\(scratch.path)/model.safetensors",
      tensors: file.entries.filter { $0.name != lacking && $0.name != "classifier.bias" }.map {
        SafetensorsWriter.Tensor(
          name: $0.name, shape: $0.shape, values: try file.floats($0.name))
      })
    let config = try String(contentsOfFile: "\(golden)/config.json", encoding: .utf8)
      .replacing("\"max_position_embeddings\": 40", with: "\"max_position_embeddings\": 41")
    _ = try scratch.write(Data(config.utf8), as: "config.json")
    let summary = try ModelFolder(scratch.path).summary()
    #expect(summary.architectures == ["BertModel"], "a head without its bias is none")
    #expect(
      summary.problems == [
        "tensor bert.embeddings.position_embeddings.weight has shape [40, 36], but config.json "
          + "asks for [41, 36]",
        "tensor \(lacking) is missing",
      ])
  }
}
