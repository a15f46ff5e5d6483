import Autograd
import Files
import Foundation
import Kernels
import Models
import StrictJSON
import TestSupport
import Testing

/// What folders of RoBERTa and DistilBERT have of their own.
@Suite struct FamilyFolderTests {
  /// A golden's folder with its tensors under other names.
  private func renamed(
    _ golden: String, in scratch: ScratchFolder, _ name: (String) -> [String]
  ) throws -> ModelFolder {
    let source = try ModelGolden(golden).folder
    let file = try SafetensorsFile(path: "\(source)/model.safetensors")
    var tensors: [SafetensorsWriter.Tensor] = []
    for entry in file.entries {
      let values = try file.floats(entry.name)
      tensors += name(entry.name).map {
        SafetensorsWriter.Tensor(name: $0, shape: entry.shape, values: values)
      }
    }
    try SafetensorsWriter.write(path: "\(scratch.path)/model.safetensors", tensors: tensors)
    try FileManager.default.copyItem(
      atPath: "\(source)/config.json", toPath: "\(scratch.path)/config.json")
    return try ModelFolder(scratch.path)
  }

  @Test(arguments: ["roberta", "distilbert"])
  func bareEncoder(_ family: String) throws {
    let scratch = try ScratchFolder()
    let bare = try renamed("\(family)-classifier", in: scratch) { name in
      name.hasPrefix("\(family).") ? [String(name.dropFirst(family.count + 1))] : [name]
    }
    let (model, report) = try bare.classifier(seed: 1)
    let golden = try ModelFolder(ModelGolden("\(family)-classifier").folder).classifier(seed: 1).0
    #expect(report == LoadReport())
    #expect(Weights(model.parameters) == Weights(golden.parameters))
  }

  @Test(
    arguments: [
      ("roberta", "lm_head.decoder", ["lm_head.bias", "lm_head.decoder.bias"]),
      ("distilbert", "vocab_projector", ["vocab_projector.bias"]),
    ] as [(String, String, [String])])
  func tiedDecoderMayBeThere(_ family: String, _ decoder: String, _ biases: [String]) throws {
    let golden = try ModelFolder(ModelGolden("\(family)-mlm").folder).maskedLanguageModel(seed: 1).0
    for bias in biases {
      let scratch = try ScratchFolder()
      let folder = try renamed("\(family)-mlm", in: scratch) { name in
        if name.hasSuffix("word_embeddings.weight") { return [name, "\(decoder).weight"] }
        return [biases.contains(name) ? bias : name]
      }
      let (model, report) = try folder.maskedLanguageModel(seed: 1)
      #expect(report == LoadReport())
      #expect(Weights(model.parameters) == Weights(golden.parameters))
    }
    let untied = try ScratchFolder()
    let other = try renamed("\(family)-mlm", in: untied) { name in
      // The positions are no words: another table under the decoder's name.
      name.hasSuffix("position_embeddings.weight") ? [name, "\(decoder).weight"] : [name]
    }
    #expect(throws: FileError.self) { try other.maskedLanguageModel(seed: 1) }
  }

  @Test(arguments: [
    ("roberta", ["classifier.out_proj.weight", "classifier.out_proj.bias"]),
    ("distilbert", ["classifier.weight", "classifier.bias"]),
    ("electra", ["classifier.out_proj.weight", "classifier.out_proj.bias"]),
  ])
  func headForOtherLabelsKeepsItsDenseLayer(_ family: String, _ names: [String]) throws {
    let folder = try ModelFolder(ModelGolden("\(family)-classifier").folder)
    let (model, report) = try folder.classifier(labels: LabelSet(names: ["no", "yes"]), seed: 1)
    #expect(report.initialized == names, "only the layer of outputs depends on the labels")
    #expect(report.unused == names.sorted(), "the old one is left over")
    #expect(model.outputNames == names)
  }

  @Test(
    arguments: [
      (.bert, ["bert.pooler.dense.weight", "bert.pooler.dense.bias"]),
      (.roberta, ["classifier.dense.weight", "classifier.dense.bias"]),
      (.distilbert, ["pre_classifier.weight", "pre_classifier.bias"]),
      (.electra, ["classifier.dense.weight", "classifier.dense.bias"]),
      (.xlmRoberta, ["classifier.dense.weight", "classifier.dense.bias"]),
    ] as [(ModelFamily, [String])])
  func classifierFromALanguageModel(_ family: ModelFamily, _ dense: [String]) throws {
    let folder = try ModelFolder(ModelGolden("\(family.rawValue)-mlm").folder)
    let (model, report) = try folder.classifier(labels: LabelSet(names: ["a", "b"]), seed: 1)
    #expect(report.initialized == dense + model.outputNames)
    #expect(report.unused.count == 5, "the vocabulary head: \(report.unused)")
  }

  @Test func someLayersOfDistilBERT() throws {
    let folder = try ModelFolder(ModelGolden("distilbert-classifier").folder)
    let whole = try folder.classifier(seed: 1).0
    let (part, report) = try folder.classifier(layers: [2, 0], seed: 1)
    #expect(report.initialized.isEmpty && report.unused.count == 16)
    let copy = SequenceClassifier(part.encoder.configuration, labels: part.labels)
    #expect(copy.copyWeights(from: whole, layers: [2, 0]).isEmpty)
    #expect(Weights(copy.parameters) == Weights(part.parameters))
    let query = try #require(
      part.parameters.entry(named: "distilbert.transformer.layer.0.attention.q_lin.weight"))
    let source = try #require(
      whole.parameters.entry(named: "distilbert.transformer.layer.2.attention.q_lin.weight"))
    #expect(
      part.parameters.matrix(query.slot).values == whole.parameters.matrix(source.slot).values)
  }

  @Test(
    arguments: [
      (.bert, "bert-qa", "BertForQuestionAnswering"),
      (.roberta, "roberta-qa", "RobertaForQuestionAnswering"),
      (.distilbert, "distilbert-qa", "DistilBertForQuestionAnswering"),
      (.electra, "electra-qa", "ElectraForQuestionAnswering"),
      (.xlmRoberta, "xlm-roberta-qa", "XLMRobertaForQuestionAnswering"),
    ] as [(ModelFamily, String, String)])
  func spanClassifiers(_ family: ModelFamily, _ golden: String, _ name: String) throws {
    let scratch = try ScratchFolder()
    let source = try ModelGolden(golden).folder
    let model = try ModelFolder(source).spanClassifier(seed: 1).0
    try ModelFolder.write(model, to: scratch.path, tokenizer: source)
    let folder = try ModelFolder(scratch.path)
    let (again, report) = try folder.spanClassifier(seed: 2)
    #expect(report == LoadReport())
    #expect(Weights(again.parameters) == Weights(model.parameters))
    #expect(again.encoder.configuration == model.encoder.configuration)
    let json = try StrictJSON.parse(
      String(contentsOfFile: "\(scratch.path)/config.json", encoding: .utf8), file: "config.json")
    #expect(json["architectures"]?.array?.map(\.string) == [name])
  }

  /// transformers must hand segments to models that have them, and to no others, whichever family
  /// the tokenizer was made for.
  @Test(arguments: inputNames)
  func modelInputNames(_ golden: String, _ settings: String, _ expected: [String]?) throws {
    let tokenizer = try ScratchFolder()
    let scratch = try ScratchFolder()
    _ = try tokenizer.write(Data("[PAD]\n".utf8), as: "vocab.txt")
    _ = try tokenizer.write(Data(settings.utf8), as: "tokenizer_config.json")
    let model = try ModelFolder(ModelGolden(golden).folder).spanClassifier(seed: 1).0
    try ModelFolder.write(model, to: scratch.path, tokenizer: tokenizer.path)
    let text = try String(
      contentsOfFile: "\(scratch.path)/tokenizer_config.json", encoding: .utf8)
    let json = try StrictJSON.parse(text, file: "tokenizer_config.json")
    if let expected {
      #expect(json["model_input_names"]?.array?.compactMap(\.string) == expected)
    } else {
      #expect(text == settings)
    }
  }

  private static let inputNames: [(String, String, [String]?)] = [
    ("roberta-qa", #"{"tokenizer_class": "BertTokenizer"}"#, ["input_ids", "attention_mask"]),
    ("distilbert-qa", "{}", ["input_ids", "attention_mask"]),
    ("distilbert-qa", #"{"tokenizer_class": "DistilBertTokenizer"}"#, nil),
    (
      "bert-qa", #"{"tokenizer_class": "DistilBertTokenizer"}"#,
      ["input_ids", "token_type_ids", "attention_mask"]
    ),
    (
      "bert-qa", #"{"model_input_names": ["input_ids"]}"#,
      ["input_ids", "token_type_ids", "attention_mask"]
    ),
    ("bert-qa", #"{"tokenizer_class": "BertTokenizer"}"#, nil),
  ]

  @Test func bytePairFolderWithoutSettings() throws {
    let tokenizer = try ScratchFolder()
    let scratch = try ScratchFolder()
    _ = try tokenizer.write(Data("{}".utf8), as: "vocab.json")
    _ = try tokenizer.write(Data("#version: 0.2\n".utf8), as: "merges.txt")
    let model = try ModelFolder(ModelGolden("roberta-qa").folder).spanClassifier(seed: 1).0
    try ModelFolder.write(model, to: scratch.path, tokenizer: tokenizer.path)
    func file(_ name: String) throws -> JSONValue {
      try StrictJSON.parse(
        String(contentsOfFile: "\(scratch.path)/\(name)", encoding: .utf8), file: name)
    }
    let settings = try file("tokenizer_config.json")
    #expect(settings["tokenizer_class"]?.string == "RobertaTokenizer")
    #expect(settings["model_max_length"]?.int == model.encoder.configuration.maximumLength)
    #expect(settings["model_input_names"] == nil)
    #expect(try file("special_tokens_map.json")["mask_token"]?.string == "<mask>")
  }
}
