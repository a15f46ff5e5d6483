import Autograd
import Data
import Foundation
import Inference
import Kernels
import Models
import TestSupport
import Testing

@Suite struct ModelOpenerTests {
  /// A classifier folder of the toy world with the given label names.
  private func open(
    _ toy: ToyWorld, labels: [String], isRegression: Bool = false, wanted: LabelSet? = nil
  ) throws -> OpenedModel<SequenceClassifier> {
    let set = LabelSet(names: labels, problem: isRegression ? .regression : .oneClass)
    let model = SequenceClassifier(toy.shape(dropout: 0), labels: set)
    model.initialize(seed: 7)
    let bias = try #require(model.parameters.entry(named: "classifier.bias")?.slot)
    for column in labels.indices { model.parameters.matrix(bias)[0, column] = Float(column) }
    let path = "\(toy.scratch.path)/\(UUID().uuidString)"
    try ModelFolder.write(model, labels: set, to: path, tokenizer: toy.scratch.path)
    return try ModelOpener(seed: 1).classifier(
      ModelSource(modelNameOrPath: path), role: "teacher", labels: wanted)
  }

  private func logits(_ model: SequenceClassifier, _ toy: ToyWorld) throws -> Matrix {
    try Inference(pool: toy.pool).logits(model, data: toy.train)
  }

  @Test func labelsAreAlignedByName() throws {
    let toy = try ToyWorld()
    let opened = try open(toy, labels: ["POSITIVE", "NEGATIVE"])
    let before = try logits(opened.model, toy)
    let (aligned, notice) = try ModelOpener.align(opened, with: .sst2)
    #expect(notice == nil && aligned.model.labels.names == ["negative", "positive"])
    let after = try logits(aligned.model, toy)
    for row in 0..<before.rows {
      #expect(after[row, 0] == before[row, 1] && after[row, 1] == before[row, 0])
    }
    #expect(before[0, 0] != before[0, 1])
  }

  @Test func aCheckpointsHeadFollowsTheLabelNames() throws {
    let toy = try ToyWorld()
    let wanted = ModelOpener.labels(of: .sst2)
    let opened = try open(toy, labels: ["positive", "negative"], wanted: wanted)
    let bias = try #require(opened.model.parameters.entry(named: "classifier.bias")?.slot)
    #expect(opened.model.parameters.matrix(bias).values == [1, 0])
    #expect(opened.model.labels == wanted && opened.report?.initialized == [])
  }

  /// BERT's weights beside a config.json of RoBERTa: all of the model would be random.
  @Test func weightsOfAnotherModelAreRefusedUnlessNewOnesAreAllowed() throws {
    let toy = try ToyWorld()
    let path = try open(toy, labels: ["negative", "positive"]).tokenizerSource
    let file = "\(path)/config.json"
    try String(contentsOfFile: file, encoding: .utf8)
      .replacing("\"bert\"", with: "\"roberta\"")
      .write(toFile: file, atomically: true, encoding: .utf8)
    var source = ModelSource(modelNameOrPath: path)
    let wanted = ModelOpener.labels(of: .sst2)
    let message = complaint {
      try ModelOpener(seed: 1).classifier(source, role: "student", labels: wanted)
    }
    #expect(message.contains("allow_new_weights") && message.contains(path), "\(message)")
    source.allowsNewWeights = true
    let opened = try ModelOpener(seed: 1).classifier(source, role: "student", labels: wanted)
    #expect(opened.report?.initialized.contains { $0.hasSuffix("word_embeddings.weight") } == true)
  }

  @Test func aHeadForOtherLabelsIsNewlyInitialised() throws {
    let toy = try ToyWorld()
    let wanted = ModelOpener.labels(of: .sst2)
    let opened = try open(toy, labels: ["ham", "spam"], wanted: wanted)
    let bias = try #require(opened.model.parameters.entry(named: "classifier.bias")?.slot)
    #expect(opened.model.parameters.matrix(bias).values == [0, 0])
    #expect(opened.report?.initialized == ["classifier.bias", "classifier.weight"])
  }

  @Test func namesInTheTasksOrderStay() throws {
    let toy = try ToyWorld()
    let opened = try open(toy, labels: ["negative", "positive"])
    let (aligned, notice) = try ModelOpener.align(opened, with: .sst2)
    #expect(notice == nil)
    let (before, after) = (try logits(opened.model, toy), try logits(aligned.model, toy))
    #expect(after.values == before.values)
  }

  @Test func namelessLabelsAreTakenInOrderWithANotice() throws {
    let toy = try ToyWorld()
    let opened = try open(toy, labels: ["LABEL_0", "LABEL_1"])
    let (aligned, notice) = try ModelOpener.align(opened, with: .sst2)
    #expect(notice?.contains("teacher (\(opened.tokenizerSource)) has no label names") == true)
    #expect(aligned.model.labels.names == ["negative", "positive"])
  }

  @Test func otherLabelsAreRefused() throws {
    let toy = try ToyWorld()
    for labels in [
      ["contradiction", "entailment", "neutral"], ["negative", "neutral"], ["score"],
    ] {
      let opened = try open(toy, labels: labels, isRegression: labels.count == 1)
      let message = complaint { try ModelOpener.align(opened, with: .sst2) }
      for part in ["teacher", opened.tokenizerSource, "sst-2", "\(labels)"] {
        #expect(message.contains(part), "\(message)")
      }
    }
  }

  @Test func differentVocabulariesAreToldApart() throws {
    let toy = try ToyWorld()
    let other = try ScratchFolder()
    var tokens = SyntheticSentiment.vocabulary
    let old = tokens[7]
    tokens[7] = "zebra"
    tokens.append("extra")
    try (tokens.joined(separator: "\n") + "\n")
      .write(toFile: "\(other.path)/vocab.txt", atomically: true, encoding: .utf8)
    let changed = try TokenizerLoader.load(folder: other.path)
    let message = complaint {
      try ModelOpener.checkVocabularies(("teacher", toy.tokenizer), ("student", changed))
    }
    for part in [
      "teacher and student", "\(tokens.count - 1) tokens", "\(tokens.count) tokens",
      String(toy.tokenizer.vocabularyHash.prefix(16)),
      String(changed.vocabularyHash.prefix(16)),
      "id 7: \"\(old)\" against \"zebra\"",
    ] {
      #expect(message.contains(part), "\(message)")
    }
    let same = complaint {
      try ModelOpener.checkVocabularies(("teacher", toy.tokenizer), ("student", toy.tokenizer))
    }
    #expect(same.isEmpty)
  }

  /// The vocabulary alone does not tell what a text becomes.
  @Test func differentTokenizersOfOneVocabularyAreToldApart() throws {
    let toy = try ToyWorld()
    let other = try ScratchFolder()
    try other.write(SyntheticSentiment.vocabulary.joined(separator: "\n") + "\n", as: "vocab.txt")
    try other.write(#"{"do_lower_case": false}"#, as: "tokenizer_config.json")
    let cased = try TokenizerLoader.load(folder: other.path)
    #expect(cased.vocabularyHash == toy.tokenizer.vocabularyHash)
    let message = complaint {
      try ModelOpener.checkVocabularies(("teacher", toy.tokenizer), ("student", cased))
    }
    #expect(message.contains("do_lower_case is true in one and false in the other"), "\(message)")
    // Segments matter only to two models that have them.
    try other.write(
      #"{"model_input_names": ["input_ids"]}"#, as: "tokenizer_config.json")
    try other.write(#"{"model_type": "bert"}"#, as: "config.json")
    let bare = try TokenizerLoader.load(folder: other.path)
    for segments in [true, false] {
      let message = complaint {
        try ModelOpener.checkVocabularies(
          ("teacher", toy.tokenizer), ("student", bare), segments: segments)
      }
      #expect(message.contains("token_type_ids") == segments, "\(message)")
    }
  }

  @Test func positionsAreCountedFromTheTokenizersPadding() throws {
    let toy = try ToyWorld()
    for (padding, fits) in [(Int(toy.tokenizer.specialTokens.pad), true), (9, false)] {
      var shape = EncoderConfiguration(
        family: .roberta, vocabularySize: toy.tokenizer.vocabularySize, hiddenSize: 4, layers: 1,
        attentionHeads: 1, intermediateSize: 4)
      shape.padTokenID = padding
      let opened = OpenedModel(
        model: MaskedLanguageModel(shape), tokenizer: toy.tokenizer,
        tokenizerSource: toy.scratch.path, report: nil, role: "model")
      let message = complaint { _ = try ModelOpener.checkVocabulary(opened) }
      #expect(message.isEmpty == fits && message.contains("pad_token_id") != fits, "\(message)")
    }
  }

  @Test func studentOfTeacherLayers() throws {
    let toy = try ToyWorld()
    let teacher = try open(toy, labels: ["negative", "positive"])
    let source = ModelSource(fromTeacherLayers: [0])
    let student = try ModelOpener(seed: 1).classifier(
      source, role: "student", labels: ModelOpener.labels(of: .sst2), teacher: teacher)
    #expect(student.report?.initialized == [])
    #expect(student.model.parameters.weights == teacher.model.parameters.weights)
    let message = complaint {
      try ModelOpener(seed: 1).classifier(
        ModelSource(fromTeacherLayers: [0, 4]), role: "student",
        labels: ModelOpener.labels(of: .sst2), teacher: teacher)
    }
    #expect(message.contains("layer 4") && message.contains("0 to 0"), "\(message)")
  }

  @Test(
    arguments: [
      (.bert, 512), (.roberta, 513), (.distilbert, 512), (.xlmRoberta, 513),
    ] as [(ModelFamily, Int)])
  func freshModelsOfEveryFamily(_ family: ModelFamily, _ length: Int) throws {
    let toy = try ToyWorld()
    let shape = EncoderConfiguration(
      family: family, vocabularySize: 0, hiddenSize: 8, layers: 1, attentionHeads: 2,
      intermediateSize: 16)
    let source = ModelSource(config: shape, vocab: toy.scratch.path)
    let opened = try ModelOpener(seed: 1).classifier(
      source, role: "student", labels: ModelOpener.labels(of: .sst2))
    // Padding is token 0 of the toy vocabulary, so RoBERTa's positions start at 1.
    #expect(opened.model.encoder.configuration.family == family)
    #expect(opened.model.encoder.configuration.maximumLength == length)
    let usual = EncoderConfiguration(
      family: family, vocabularySize: 1, hiddenSize: 8, layers: 1, attentionHeads: 2,
      intermediateSize: 16)
    let found = opened.model.encoder.configuration
    #expect(found.layerNormEpsilon == usual.layerNormEpsilon)
    #expect(found.typeVocabularySize == usual.typeVocabularySize)
    #expect(found.classifierDropout == usual.classifierDropout)
    #expect(try logits(opened.model, toy).isFinite)
  }

  @Test func tooFewEmbeddingsForTheTokenizer() throws {
    let toy = try ToyWorld()
    var shape = toy.shape(dropout: 0)
    shape.vocabularySize -= 1
    let model = SequenceClassifier(shape, labels: LabelSet(names: ["negative", "positive"]))
    let path = "\(toy.scratch.path)/small"
    try ModelFolder.write(model, labels: model.labels, to: path, tokenizer: toy.scratch.path)
    let message = complaint {
      try ModelOpener(seed: 1).classifier(
        ModelSource(modelNameOrPath: path), role: "teacher", labels: nil)
    }
    for part in ["teacher", path, "\(shape.vocabularySize) tokens", "tokenizer has"] {
      #expect(message.contains(part), "\(message)")
    }
  }

  @Test func aGeneratorsWordsMustBeWordsOfTheOthers() throws {
    let toy = try ToyWorld()
    let teacher = try open(toy, labels: ["negative", "positive"])
    func generator(rows: Int) -> OpenedModel<MaskedLanguageModel> {
      var shape = toy.shape(dropout: 0)
      shape.vocabularySize = rows
      return OpenedModel(
        model: MaskedLanguageModel(shape), tokenizer: toy.tokenizer, tokenizerSource: "g",
        report: nil, role: "generator")
    }
    let rows = toy.tokenizer.vocabularySize
    #expect(
      complaint { try ModelOpener.checkEmbeddings(of: generator(rows: rows), fit: teacher) } == "")
    let message = complaint {
      try ModelOpener.checkEmbeddings(of: generator(rows: rows + 3), fit: teacher)
    }
    #expect(message.contains("\(rows + 3) rows") && message.contains("teacher has \(rows)"))
  }

  @Test func freshModelTakesTheSettingsBesideItsVocabulary() throws {
    let toy = try ToyWorld()
    try #"{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}"#.write(
      toFile: "\(toy.scratch.path)/tokenizer_config.json", atomically: true, encoding: .utf8)
    let shape = EncoderConfiguration(
      vocabularySize: 0, hiddenSize: 8, layers: 1, attentionHeads: 2, intermediateSize: 16)
    let opened = try ModelOpener(seed: 1).maskedLanguageModel(
      ModelSource(config: shape, vocab: "\(toy.scratch.path)/vocab.txt"), role: "model")
    #expect(opened.tokenizer.encode("The The") != opened.tokenizer.encode("the the"))
    let written = "\(toy.scratch.path)/written"
    try ModelFolder.write(opened.model, to: written, tokenizer: opened.tokenizerSource)
    let again = try TokenizerLoader.load(folder: written)
    #expect(again.encode("The The") == opened.tokenizer.encode("The The"))
  }

  private func complaint<R>(_ body: () throws -> R) -> String {
    do {
      _ = try body()
      return ""
    } catch { return "\(error)" }
  }

  /// A tokenizer.json with the toy world's words, whose second text is in a segment.
  private func tokenizer(_ toy: ToyWorld, segment: Int, specials: Int = 2) throws -> String {
    let words = SyntheticSentiment.vocabulary.enumerated()
      .map { "\"\($1)\": \($0)" }.joined(separator: ", ")
    let mark = "{\"SpecialToken\": {\"id\": \"[CLS]\", \"type_id\": 0}}"
    let marks = Array(repeating: mark, count: specials).joined(separator: ", ")
    let first = "{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}"
    let second = "{\"Sequence\": {\"id\": \"B\", \"type_id\": \(segment)}}"
    return """
      {"normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
       "post_processor": {"type": "TemplateProcessing", "single": [\(marks), \(first)],
         "pair": [\(marks), \(first), \(second)],
         "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2]}}},
       "model": {"type": "WordPiece", "vocab": {\(words)}}}
      """
  }

  /// Index 2 of a table of two rows is what follows the table in memory.
  @Test func aTokenizerGivesNoSegmentThatTheModelLacks() throws {
    let toy = try ToyWorld()
    for (segment, specials, problem) in [
      (2, 2, "segment 2"), (255, 2, "segment 255"), (1, 25, "adds 25 special tokens"), (1, 2, nil),
    ] as [(Int, Int, String?)] {
      try toy.scratch.write(
        tokenizer(toy, segment: segment, specials: specials), as: "tokenizer.json")
      let source = ModelSource(config: toy.shape(dropout: 0), vocab: toy.scratch.path)
      let open = {
        try ModelOpener(seed: 1).classifier(
          source, role: "student", labels: LabelSet(names: ["a", "b"]))
      }
      guard let problem else {
        #expect(throws: Never.self) { try open() }
        continue
      }
      let error = #expect(throws: MismatchError.self) { try open() }
      #expect(error?.description.contains(problem) == true, "\(error as Any)")
    }
  }

  @Test func aCheckpointsTokenizerGivesNoSegmentThatTheModelLacks() throws {
    let toy = try ToyWorld()
    try toy.scratch.write(tokenizer(toy, segment: 2), as: "tokenizer.json")
    // Its class would not make such a template, which is noticed first.
    let error = #expect(throws: (any Error).self) { try open(toy, labels: ["a", "b"]) }
    #expect(error.map { "\($0)" }?.contains("post_processor") == true, "\(error as Any)")
  }
}
