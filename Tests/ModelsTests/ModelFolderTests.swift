import Autograd
import Files
import Foundation
import Kernels
import Models
import StrictJSON
import TestSupport
import Testing

/// Folders as transformers, older programs and bare encoders leave them.
@Suite struct ModelFolderTests {
  /// The classifier golden's tensors under other names, shapes or types, in a folder of its own.
  private func variant(
    of golden: String = "bert-classifier", in scratch: ScratchFolder,
    _ change: (inout [String: (shape: [Int], values: [Float])]) -> Void
  ) throws -> ModelFolder {
    let source = try ModelGolden(golden).folder
    let file = try SafetensorsFile(path: "\(source)/model.safetensors")
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for entry in file.entries { tensors[entry.name] = (entry.shape, try file.floats(entry.name)) }
    change(&tensors)
    try SafetensorsWriter.write(
      path: "\(scratch.path)/model.safetensors",
      tensors: tensors.map {
        SafetensorsWriter.Tensor(name: $0.key, shape: $0.value.shape, values: $0.value.values)
      })
    try FileManager.default.copyItem(
      atPath: "\(source)/config.json", toPath: "\(scratch.path)/config.json")
    return try ModelFolder(scratch.path)
  }

  private func reference() throws -> Weights {
    let golden = try ModelGolden("bert-classifier")
    let (model, report) = try ModelFolder(golden.folder).classifier(seed: 1)
    #expect(report == LoadReport())
    return Weights(model.parameters)
  }

  /// Gives every tensor a new name.
  private func rename(
    _ tensors: inout [String: (shape: [Int], values: [Float])], _ name: (String) -> String
  ) {
    tensors = Dictionary(
      uniqueKeysWithValues: tensors.map { (name($0.key), $0.value) })
  }

  @Test(arguments: ModelFamily.allCases)
  func writtenAndReadBackIsBitEqual(_ family: ModelFamily) throws {
    let scratch = try ScratchFolder()
    let golden = try ModelGolden("\(family.rawValue)-classifier")
    let model = try ModelFolder(golden.folder).classifier(seed: 1).0
    let labels = LabelSet(names: ["a", "b", "c"])
    try ModelFolder.write(
      model, labels: labels, finetuningTask: "toy", to: scratch.path, tokenizer: golden.folder)
    let folder = try ModelFolder(scratch.path)
    let (again, report) = try folder.classifier(seed: 2)
    #expect(report == LoadReport())
    #expect(Weights(again.parameters) == Weights(model.parameters))
    #expect(again.labels == labels)
    #expect(folder.configuration.finetuningTask == "toy")
    #expect(again.encoder.configuration == model.encoder.configuration)
    #expect(
      scratch.content == [
        "config.json", "model.safetensors", "special_tokens_map.json", "tokenizer_config.json",
        "vocab.txt",
      ])
    let vocabulary = FileManager.default.contents(atPath: "\(golden.folder)/vocab.txt")
    #expect(vocabulary != nil)
    #expect(FileManager.default.contents(atPath: "\(scratch.path)/vocab.txt") == vocabulary)
  }

  @Test func tokenizerFilesOfAnOlderModelGo() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.write(Data("{}".utf8), as: "tokenizer.json")
    let golden = try ModelGolden("bert-classifier")
    let model = try ModelFolder(golden.folder).classifier(seed: 1).0
    try ModelFolder.write(model, to: scratch.path, tokenizer: golden.folder)
    #expect(!scratch.content.contains("tokenizer.json"))
    try ModelFolder.write(model, to: scratch.path, tokenizer: scratch.path)
    #expect(scratch.content.contains("vocab.txt"))
  }

  @Test func settingsBesideATokenizerDefinitionAreItsOwn() throws {
    let golden = try ModelGolden("bert-classifier")
    let model = try ModelFolder(golden.folder).classifier(seed: 1).0
    for (definition, expected) in [
      (
        "{\"normalizer\": {\"lowercase\": false}, \"model\": {\"vocab\": {}}}",
        ["\"do_lower_case\": false", "BertTokenizer"]
      ),
      (
        "{\"pre_tokenizer\": {\"add_prefix_space\": true}, \"model\": {\"merges\": []}}",
        ["\"add_prefix_space\": true", "RobertaTokenizer"]
      ),
    ] {
      let (source, target) = (try ScratchFolder(), try ScratchFolder())
      _ = try source.write(Data(definition.utf8), as: "tokenizer.json")
      try ModelFolder.write(model, to: target.path, tokenizer: source.path)
      // The names of the special tokens are in the definition, too.
      #expect(!target.content.contains("special_tokens_map.json"))
      let settings = try String(
        contentsOfFile: "\(target.path)/tokenizer_config.json", encoding: .utf8)
      for part in expected { #expect(settings.contains(part), "\(settings)") }
    }
  }

  @Test func oldNamesAndMissingPrefix() throws {
    let reference = try reference()
    let oldNames = try ScratchFolder()
    let gamma = try variant(in: oldNames) { tensors in
      rename(&tensors) {
        $0.replacingOccurrences(of: "LayerNorm.weight", with: "LayerNorm.gamma")
          .replacingOccurrences(of: "LayerNorm.bias", with: "LayerNorm.beta")
      }
      #expect(tensors["bert.embeddings.LayerNorm.gamma"] != nil)
    }
    let bare = try ScratchFolder()
    let encoder = try variant(in: bare) { tensors in
      rename(&tensors) { $0.hasPrefix("bert.") ? String($0.dropFirst(5)) : $0 }
      tensors["embeddings.position_ids"] = ([1, 40], (0..<40).map { Float($0) })
      #expect(tensors["embeddings.LayerNorm.bias"] != nil)
    }
    for folder in [gamma, encoder] {
      let (model, report) = try folder.classifier(seed: 1)
      #expect(report == LoadReport())
      #expect(Weights(model.parameters) == reference)
    }
  }

  /// Those of wrappers, and those of the encoder, which transformers 5 reads so.
  @Test(arguments: ["bert.", "bert.bert.", "module.bert.", "model.", "_orig_mod.module."])
  func prefixesOfAllNames(_ prefix: String) throws {
    let scratch = try ScratchFolder()
    let folder = try variant(in: scratch) { rename(&$0) { prefix + $0 } }
    let (model, report) = try folder.classifier(seed: 1)
    #expect(report == LoadReport())
    #expect(Weights(model.parameters) == (try reference()))
  }

  /// Pairs of names that mean one weight: transformers takes either, depending on its version.
  @Test(arguments: [
    ("bert.pooler.dense.bias", "model.bert.pooler.dense.bias"),
    ("bert.pooler.dense.weight", "module.bert.pooler.dense.weight"),
    ("bert.encoder.layer.1.output.dense.bias", "encoder.layer.1.output.dense.bias"),
    ("bert.embeddings.word_embeddings.weight", "bert.bert.embeddings.word_embeddings.weight"),
    ("bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.gamma"),
    ("classifier.bias", "bert.classifier.bias"),
  ])
  func twoTensorsOfOneWeightMustAgree(_ name: String, _ double: String) throws {
    let equal = try ScratchFolder()
    let (model, report) = try variant(in: equal) { $0[double] = $0[name] }.classifier(seed: 1)
    #expect(report == LoadReport())
    #expect(Weights(model.parameters) == (try reference()))
    for spoil: (inout (shape: [Int], values: [Float])) -> Void in [
      { $0.values[$0.values.count - 1] += 1 }, { $0 = ([2], [0, 0]) },
    ] {
      let scratch = try ScratchFolder()
      let folder = try variant(in: scratch) { tensors in
        tensors[double] = tensors[name]
        spoil(&tensors[double]!)
      }
      let error = #expect(throws: FileError.self) { try folder.classifier(seed: 1) }
      let message = error?.description ?? ""
      #expect(
        message.contains("\"\(name)\"") && message.contains("\"\(double)\"")
          || message.contains("has shape"), "\(message)")
    }
  }

  @Test(arguments: ["F16", "BF16"])
  func halfPrecision(_ type: String) throws {
    let reference = try reference()
    let scratch = try ScratchFolder()
    let full = try variant(in: scratch) { _ in }
    let file = try SafetensorsFile(path: "\(scratch.path)/model.safetensors")
    var header: [(String, JSONValue)] = []
    var data: [UInt8] = []
    for entry in file.entries {
      let start = data.count
      for value in try file.floats(entry.name) {
        let bits =
          type == "F16"
          ? Float16(value).bitPattern : UInt16(truncatingIfNeeded: value.bitPattern >> 16)
        data += [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
      }
      header.append(
        (
          entry.name,
          [
            "dtype": .string(type), "shape": .array(entry.shape.map { .int($0) }),
            "data_offsets": [.int(start), .int(data.count)],
          ]
        ))
    }
    _ = try scratch.write(
      safetensors(JSONWriter(layout: .minimal).string(.object(header)), data: data),
      as: "model.safetensors")
    let found = Weights(try full.classifier(seed: 1).0.parameters).floats
    let expected = reference.floats.map {
      type == "F16" ? Float(Float16($0)) : Float(bitPattern: $0.bitPattern & 0xFFFF_0000)
    }
    #expect(found == expected)
    #expect(found != reference.floats)
  }

  @Test func lackingHeadIsInitialisedAndListed() throws {
    let scratch = try ScratchFolder()
    let folder = try variant(in: scratch) { tensors in
      tensors["classifier.weight"] = nil
      tensors["classifier.bias"] = nil
      tensors["cls.seq_relationship.bias"] = ([2], [0, 0])
    }
    let (model, report) = try folder.classifier(seed: 1)
    #expect(report.initialized == ["classifier.weight", "classifier.bias"])
    #expect(report.unused == ["cls.seq_relationship.bias"])
    let head = try #require(model.parameters.entry(named: "classifier.weight")?.slot)
    #expect(model.parameters.matrix(head).values.contains { $0 != 0 })
    let again = try folder.classifier(seed: 1).0
    #expect(Weights(again.parameters) == Weights(model.parameters))
    let other = try folder.classifier(seed: 2).0
    #expect(Weights(other.parameters) != Weights(model.parameters))
  }

  @Test func headForOtherLabelsIsNew() throws {
    let golden = try ModelGolden("bert-classifier")
    let (model, report) = try ModelFolder(golden.folder).classifier(
      labels: LabelSet(names: ["no", "yes"]), seed: 1)
    #expect(report.initialized == ["classifier.weight", "classifier.bias"])
    #expect(model.labels.count == 2)
  }

  @Test func classifierWithoutLabelNamesKeepsItsHead() throws {
    let (model, report) = try ModelFolder(ModelGolden("mate-kd").folder + "/teacher").classifier(
      seed: 1)
    #expect(report == LoadReport())
    #expect(model.labels.names == ["LABEL_0", "LABEL_1"] && model.labels.isNameless)
    let encoder = try ModelGolden("bert-mlm").folder
    #expect(throws: FileError.self) { try ModelFolder(encoder).classifier(seed: 1) }
  }

  @Test func wrongShapeNamesTensorExpectedAndFound() throws {
    let scratch = try ScratchFolder()
    let name = "bert.encoder.layer.1.intermediate.dense.weight"
    let folder = try variant(in: scratch) {
      $0[name] = ([36, 72], [Float](repeating: 0, count: 2592))
    }
    #expect(
      throws: FileError(
        file: "\(scratch.path)/model.safetensors", tensor: name,
        problem: "has shape [36, 72], but config.json asks for [72, 36]; the two belong to "
          + "different models")
    ) { try folder.classifier(seed: 1) }
  }

  @Test func someLayersOnly() throws {
    let golden = try ModelGolden("bert-classifier")
    let folder = try ModelFolder(golden.folder)
    let whole = try folder.classifier(seed: 1).0
    let (part, report) = try folder.classifier(layers: [2, 0], seed: 1)
    #expect(part.encoder.configuration.layers == 2)
    #expect(report.initialized.isEmpty)
    #expect(report.unused.allSatisfy { $0.contains(".layer.1.") } && report.unused.count == 16)
    let copy = SequenceClassifier(part.encoder.configuration, labels: part.labels)
    #expect(copy.copyWeights(from: whole, layers: [2, 0]).isEmpty)
    #expect(Weights(copy.parameters) == Weights(part.parameters))
    for (mine, theirs) in [(0, 2), (1, 0)] {
      func weights(_ model: SequenceClassifier, _ layer: Int) -> [[Float]] {
        model.parameters.entries.filter { $0.name.contains(".layer.\(layer).") }
          .map { model.parameters.matrix($0.slot).values }
      }
      #expect(weights(part, mine) == weights(whole, theirs))
      #expect(weights(part, mine).count == 16)
    }
    #expect(throws: FileError.self) { try folder.classifier(layers: [0, 3], seed: 1) }
  }

  @Test func copyWeightsNamesWhatTheSourceLacks() throws {
    let folder = try ModelFolder(ModelGolden("bert-classifier").folder)
    let whole = try folder.classifier(seed: 1).0
    let other = SequenceClassifier(
      whole.encoder.configuration, labels: LabelSet(names: ["a", "b"]))
    #expect(
      other.copyWeights(from: whole, layers: [0, 1, 2]) == ["classifier.weight", "classifier.bias"])
  }

  @Test func tiedDecoders() throws {
    let golden = try ModelFolder(ModelGolden("bert-mlm").folder).maskedLanguageModel(seed: 1).0
    let tied = try ScratchFolder()
    let present = try variant(of: "bert-mlm", in: tied) { tensors in
      tensors["cls.predictions.decoder.weight"] = tensors["bert.embeddings.word_embeddings.weight"]
      tensors["cls.predictions.decoder.bias"] = tensors.removeValue(
        forKey: "cls.predictions.bias")
    }
    let (model, report) = try present.maskedLanguageModel(seed: 1)
    #expect(report == LoadReport())
    #expect(Weights(model.parameters) == Weights(golden.parameters))

    let untied = try ScratchFolder()
    let folder = try variant(of: "bert-mlm", in: untied) { tensors in
      var decoder = tensors["bert.embeddings.word_embeddings.weight"]
      decoder?.values[5] += 1
      tensors["cls.predictions.decoder.weight"] = decoder
    }
    #expect(throws: FileError.self) { try folder.maskedLanguageModel(seed: 1) }
  }
}
