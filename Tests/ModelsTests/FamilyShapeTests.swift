import Autograd
import Files
import Foundation
import Kernels
import Models
import StrictJSON
import TestSupport
import Testing

/// Sizes, limits and fresh weights of the families.
@Suite struct FamilyShapeTests {
  /// Sizes of published models and what transformers counts for them with two labels.
  @Test(
    arguments: [
      (.bert, 30522, 768, 12, 12, 3072, 109_483_778),
      (.roberta, 50265, 768, 12, 12, 3072, 124_647_170),
      (.roberta, 50265, 1024, 24, 16, 4096, 355_361_794),
      (.distilbert, 30522, 768, 6, 12, 3072, 66_955_010),
      (.electra, 30522, 768, 12, 12, 3072, 109_483_778),
      (.xlmRoberta, 250002, 768, 12, 12, 3072, 278_045_186),
    ] as [(ModelFamily, Int, Int, Int, Int, Int, Int)])
  func parameterCounts(
    _ family: ModelFamily, _ vocabulary: Int, _ hidden: Int, _ layers: Int, _ heads: Int,
    _ intermediate: Int, _ expected: Int
  ) {
    let c = EncoderConfiguration(
      family: family, vocabularySize: vocabulary, hiddenSize: hidden, layers: layers,
      attentionHeads: heads, intermediateSize: intermediate)
    let model = SequenceClassifier(c, labels: LabelSet(names: ["a", "b"]))
    #expect(model.parameters.count == expected)
    #expect(c.maximumLength == 512)
  }

  @Test func positionsOfRoBERTaStartAfterPadding() throws {
    let golden = try ModelGolden("roberta-mlm")
    let configuration = try ModelFolder(golden.folder).configuration.encoder
    #expect(configuration.padTokenID == 1 && configuration.firstPosition == 2)
    #expect(configuration.maximumPositions == 20 && configuration.maximumLength == 18)
    let tokens = PackedTokens(
      ids: [2, 9, 2, 8, 8], typeIDs: [0, 0, 0, 0, 1], offsets: [0, 2, 5])
    #expect(tokens.positions(from: configuration.firstPosition) == [2, 3, 2, 3, 4])
    #expect(tokens.positions() == [0, 1, 0, 1, 2])
    // create_position_ids_from_input_ids of transformers for [2, 1, 9, 1, 8] and [1, 1].
    let padded = PackedTokens(
      ids: [2, 1, 9, 1, 8, 1, 1], typeIDs: [Int32](repeating: 0, count: 7), offsets: [0, 5, 7])
    #expect(padded.positions(from: 2, padding: 1) == [2, 1, 3, 1, 4, 1, 1])
  }

  /// Ids of padding in a text have RoBERTa's position of padding, but generated texts, which
  /// transformers would get as vectors, have none.
  @Test func paddingInATextIsNotCounted() throws {
    let model = try ModelFolder(ModelGolden("roberta-classifier").folder).classifier(seed: 1).0
    func logits(_ ids: [Int32], vectors: Bool = false) -> [Float] {
      var tokens = PackedTokens(
        ids: ids, typeIDs: ids.map { _ in 0 }, offsets: [0, ids.count])
      tokens.standForVectors = vectors
      return model.logits(tokens, tape: Tape(pool: BufferPool()), training: false).value.values
    }
    let pad = Int32(model.encoder.configuration.padTokenID)
    try #require(!(5...9).contains(pad))
    #expect(logits([5, pad, 9, 6]) != logits([5, pad, 9, 6], vectors: true))
    #expect(logits([5, 8, 9, 6]) == logits([5, 8, 9, 6], vectors: true))
  }

  @Test(arguments: [ModelFamily.roberta, .distilbert])
  func segmentsOfTheTokenizerMeanNothing(_ family: ModelFamily) throws {
    let golden = try ModelGolden("\(family.rawValue)-classifier")
    let model = try ModelFolder(golden.folder).classifier(seed: 1).0
    var tokens = try golden.tokens()
    #expect(tokens.typeIDs.contains(1))
    let given = model.logits(tokens, tape: Tape(pool: BufferPool()), training: false).value.values
    tokens.typeIDs = tokens.typeIDs.map { 1 - $0 }
    let flipped = model.logits(tokens, tape: Tape(pool: BufferPool()), training: false)
    #expect(flipped.value.values == given)
  }

  @Test(arguments: ModelFamily.allCases)
  func freshWeights(_ family: ModelFamily) throws {
    var c = EncoderConfiguration(
      family: family, vocabularySize: 40, hiddenSize: 24, layers: 2, attentionHeads: 3,
      intermediateSize: 36)
    c.padTokenID = 3
    let model = MaskedLanguageModel(c)
    model.initialize(seed: 1)
    var norms = 0
    for entry in model.parameters.entries {
      let matrix = model.parameters.matrix(entry.slot)
      if !entry.decays {
        let isNorm = entry.name.lowercased().replacing("_", with: "").hasSuffix("norm.weight")
        norms += isNorm ? 1 : 0
        #expect(matrix.values.allSatisfy { $0 == (isNorm ? 1 : 0) }, "\(entry.name)")
        continue
      }
      let padded =
        entry.name.hasSuffix("word_embeddings.weight")
        || [.roberta, .xlmRoberta].contains(family)
          && entry.name.hasSuffix("position_embeddings.weight")
      for row in 0..<matrix.rows {
        let isZero = matrix.rows(row..<row + 1).values.allSatisfy { $0 == 0 }
        #expect(isZero == (padded && row == 3), "\(entry.name), row \(row)")
      }
    }
    #expect(norms == 6)
  }

  @Test func sinusoidalPositions() throws {
    var c = EncoderConfiguration(
      family: .distilbert, vocabularySize: 10, hiddenSize: 6, layers: 0, attentionHeads: 1,
      intermediateSize: 6)
    c.hasSinusoidalPositions = true
    let model = MaskedLanguageModel(c)
    model.initialize(seed: 1)
    let slot = try #require(
      model.parameters.entry(named: "distilbert.embeddings.position_embeddings.weight")?.slot)
    let table = model.parameters.matrix(slot)
    for (position, column) in [(0, 0), (0, 1), (1, 0), (7, 3), (511, 4), (511, 5)] {
      let angle = Double(position) / pow(10_000, Double(column / 2 * 2) / 6)
      let expected = column % 2 == 0 ? sin(angle) : cos(angle)
      #expect(table[position, column] == Float(expected))
    }
  }

  private func read(_ text: String) throws -> HuggingFaceConfiguration {
    try HuggingFaceConfiguration(StrictJSON.parse(text, file: "config.json"), file: "config.json")
  }

  @Test func keysOfDistilBERT() throws {
    let c = try read(
      """
      {"model_type": "distilbert", "vocab_size": 50, "dim": 24, "n_layers": 2, "n_heads": 3,
       "hidden_dim": 36, "activation": "relu", "dropout": 0.3, "attention_dropout": 0.25,
       "qa_dropout": 0.5, "max_position_embeddings": 64, "sinusoidal_pos_embds": true}
      """
    ).encoder
    #expect(c.hiddenSize == 24 && c.layers == 2 && c.attentionHeads == 3)
    #expect(c.intermediateSize == 36 && c.activation == .relu && c.hiddenDropout == 0.3)
    #expect(c.attentionDropout == 0.25 && c.spanDropout == 0.5 && c.classifierDropout == 0.2)
    #expect(c.maximumLength == 64 && c.typeVocabularySize == 0 && c.hasSinusoidalPositions)
    let written = HuggingFaceConfiguration(encoder: c).json(architecture: "DistilBertForMaskedLM")
    #expect(try read(JSONWriter().string(written)).encoder == c)
    #expect(written["hidden_size"] == nil && written["type_vocab_size"] == nil)
  }

  /// transformers' class has other values than roberta-base for what a file leaves out.
  @Test func whatAFileOfRoBERTaLeavesOut() throws {
    let c = try read(
      """
      {"model_type": "roberta", "vocab_size": 50, "hidden_size": 24, "num_hidden_layers": 2,
       "num_attention_heads": 3, "intermediate_size": 36, "bos_token_id": 0}
      """
    ).encoder
    #expect(c.padTokenID == 1 && c.maximumPositions == 512 && c.maximumLength == 510)
    #expect(c.typeVocabularySize == 2 && c.layerNormEpsilon == 1e-12)
  }

  @Test func noPositionLeft() {
    #expect(throws: FileError.self) {
      try read(
        """
        {"model_type": "roberta", "vocab_size": 50, "hidden_size": 24, "num_hidden_layers": 2,
         "num_attention_heads": 3, "intermediate_size": 36, "max_position_embeddings": 2}
        """)
    }
  }

  @Test func distilBERTsMistakesAreNamedByItsOwnKeys() {
    do {
      _ = try read(#"{"model_type": "distilbert", "vocab_size": 50, "hidden_size": 24}"#)
      Issue.record("dim is missing")
    } catch { #expect("\(error)".contains("\"dim\" is missing"), "\(error)") }
  }
}
