import Autograd
import Kernels
import Models
import StrictJSON
import TestSupport
import Testing

/// Every family and head against transformers' in float64, within what float32 rounds.
@Suite struct FamilyGoldenTests {
  /// Which way through the last layer a test takes.
  enum LastLayer: CaseIterable { case allTokens, firstTokensOnly }

  @Test(arguments: ModelFamily.allCases)
  func everyHiddenState(_ family: ModelFamily) throws {
    let golden = try ModelGolden("\(family.rawValue)-classifier")
    let model = try ModelFolder(golden.folder).classifier(seed: 1).0
    #expect(model.encoder.configuration.family == family)
    let states = model.encoder.encode(
      try golden.tokens(), parameters: model.parameters, tape: Tape(pool: poisonedPool()),
      training: false, keepsHiddenStates: true
    ).hiddenStates
    let expected = golden.json["hidden_states"]?.array ?? []
    #expect(states.count == 4 && expected.count == 4)
    for (index, (state, values)) in zip(states, expected).enumerated() {
      let error = deviation(state.value.values, ModelGolden.values(values))
      #expect(error < Network.ofFamilies.values(), "hidden_states[\(index)]")
    }
  }

  @Test(arguments: ModelFamily.allCases, LastLayer.allCases)
  func classifier(_ family: ModelFamily, _ lastLayer: LastLayer) throws {
    let golden = try ModelGolden("\(family.rawValue)-classifier")
    let (model, report) = try ModelFolder(golden.folder).classifier(seed: 1)
    #expect(report == LoadReport())
    for tapes in 1...3 {
      let gradients = Buffer(zeroed: model.parameters.count)
      try check(model, golden, lastLayer, tapes: tapes, gradients: gradients)
      let worst = try worstGradient(gradients, of: model.parameters, expected: golden.gradients())
      #expect(worst.deviation < Network.ofFamilies.gradients(), "\(worst.name)")
    }
  }

  /// Compares logits and loss of a golden's batch, spread over tapes, and adds the gradients up.
  private func check(
    _ model: SequenceClassifier, _ golden: ModelGolden, _ lastLayer: LastLayer, tapes: Int,
    gradients: Buffer
  ) throws {
    let tokens = try golden.tokens()
    let labels = golden.labels()
    let pool = poisonedPool()
    var logits = [[Float]](repeating: [], count: tokens.count)
    var loss = 0.0
    for part in 0..<tapes {
      let texts = (0..<tokens.count).filter { $0 % tapes == part }
      let tape = Tape(pool: pool)
      tape.bind(model.parameters, gradients: gradients)
      let shard = tokens.texts(at: texts)
      let output: Tensor
      switch lastLayer {
      case .firstTokensOnly: output = model.logits(shard, tape: tape, training: false)
      case .allTokens:
        let states = model.encoder.encode(
          shard, parameters: model.parameters, tape: tape, training: false
        ).last
        output = model.logits(
          firstTokens: tape.gatherRows(states, shard.firstTokens), tape: tape, training: false)
      }
      for (row, text) in texts.enumerated() {
        logits[text] = output.value.rows(row..<row + 1).values
      }
      let weight = 1 / Float(tokens.count)
      loss += tape.crossEntropy(output, labels: texts.map { labels[$0] }, weight: weight)
      tape.backward()
    }
    #expect(
      deviation(Array(logits.joined()), try golden.values("logits")) < Network.ofFamilies.values())
    #expect(Network.ofFamilies.agrees(loss / Double(tokens.count), try golden.number("loss")))
  }

  /// RoBERTa-large's 24 layers and 16 heads, of one column each: rounding must not pile up.
  @Test func twentyFourLayers() throws {
    let golden = try ModelGolden("roberta-deep")
    let model = try ModelFolder(golden.folder).classifier(seed: 1).0
    let gradients = Buffer(zeroed: model.parameters.count)
    try check(model, golden, .firstTokensOnly, tapes: 1, gradients: gradients)
    var expected: [Double] = []
    var found: [Float] = []
    for entry in model.parameters.entries {
      let norm = try #require(golden.json["gradient_norms"]?[entry.name]?.double)
      // Zero in exact arithmetic, as the softmax does not feel a constant: only rounding is left.
      if entry.name.hasSuffix("key.bias") { continue }
      let slot = entry.slot
      let values = Matrix(gradients, offset: slot.offset, rows: 1, columns: slot.count).values
      found.append(values.reduce(0) { $0 + $1 * $1 }.squareRoot() / Float(norm))
      expected.append(1)
    }
    #expect(expected.count == 24 * 15 + 9)
    #expect(deviation(found, expected) < Network.ofFamilies.gradients())
  }

  @Test(arguments: ModelFamily.allCases)
  func maskedLanguageModelWithTiedDecoder(_ family: ModelFamily) throws {
    let golden = try ModelGolden("\(family.rawValue)-mlm")
    let (model, report) = try ModelFolder(golden.folder).maskedLanguageModel(seed: 1)
    #expect(report == LoadReport())
    let gradients = Buffer(zeroed: model.parameters.count)
    let tape = Tape(pool: poisonedPool())
    tape.bind(model.parameters, gradients: gradients)
    let rows = try golden.integers("predicted_positions")
    let targets = try golden.integers("targets").map { Int32($0) }
    let logits = model.logits(try golden.tokens(), rows: rows, tape: tape, training: false)
    #expect(
      deviation(logits.value.values, try golden.values("logits")) < Network.ofFamilies.values())
    let sum = tape.crossEntropy(logits, labels: targets, weight: 1 / Float(rows.count))
    tape.backward()
    #expect(Network.ofFamilies.agrees(sum / Double(rows.count), try golden.number("loss")))
    let worst = try worstGradient(gradients, of: model.parameters, expected: golden.gradients())
    #expect(worst.deviation < Network.ofFamilies.gradients(), "\(worst.name)")
  }

  @Test(arguments: ModelFamily.allCases)
  func spanClassifier(_ family: ModelFamily) throws {
    let golden = try ModelGolden("\(family.rawValue)-qa")
    let (model, report) = try ModelFolder(golden.folder).spanClassifier(seed: 1)
    #expect(report == LoadReport())
    let gradients = Buffer(zeroed: model.parameters.count)
    let tape = Tape(pool: poisonedPool())
    tape.bind(model.parameters, gradients: gradients)
    let tokens = try golden.tokens()
    let logits = model.logits(tokens, tape: tape, training: false)
    #expect(
      deviation(logits.value.values, try golden.values("logits")) < Network.ofFamilies.values())
    let (starts, ends) = (try golden.integers("starts"), try golden.integers("ends"))
    let weight = 1 / Float(2 * tokens.count)
    var sum = 0.0
    for text in 0..<tokens.count {
      let pair = tape.transposed(logits, rows: tokens.offsets[text]..<tokens.offsets[text + 1])
      let span = [Int32(starts[text]), Int32(ends[text])]
      sum += tape.crossEntropy(pair, labels: span, weight: weight)
    }
    tape.backward()
    #expect(Network.ofFamilies.agrees(sum * Double(weight), try golden.number("loss")))
    let worst = try worstGradient(gradients, of: model.parameters, expected: golden.gradients())
    #expect(worst.deviation < Network.ofFamilies.gradients(), "\(worst.name)")
  }

  @Test func frozenModelsGetNoGradient() throws {
    let golden = try ModelGolden("bert-classifier")
    let model = try ModelFolder(golden.folder).classifier(seed: 1).0
    let tape = Tape(pool: poisonedPool())
    let logits = model.logits(try golden.tokens(), tape: tape, training: false)
    #expect(!logits.requiresGradient)
  }
}

/// A real encoder: hidden states of paraphrase-MiniLM-L3-v2 (float16 weights, no `bert.` prefix).
@Suite struct MiniLMTests {
  @Test func hiddenStates() throws {
    let golden = try ModelGolden("minilm")
    guard let folder = TestFiles.shared(golden.json["model"]?.string ?? "") else {
      print("MiniLMTests: skipped, because there is no folder \"shared\" with the model")
      return
    }
    let (model, report) = try ModelFolder(folder).classifier(
      labels: LabelSet(names: ["a", "b"]), seed: 1)
    #expect(
      report.initialized == [
        "bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight",
        "classifier.bias",
      ])
    #expect(report.unused.isEmpty)
    for sequence in golden.json["sequences"]?.array ?? [] {
      func integers(_ key: String) -> [Int] { (sequence[key]?.array ?? []).compactMap(\.int) }
      let ids = integers("ids")
      let states = model.encoder.encode(
        PackedTokens(
          ids: ids.map { Int32($0) }, typeIDs: integers("types").map { Int32($0) },
          offsets: [0, ids.count]),
        parameters: model.parameters, tape: Tape(pool: BufferPool()), training: false,
        keepsHiddenStates: true
      ).hiddenStates
      let expected = sequence["hidden_states"]?.array ?? []
      let norms = sequence["norms"]?.array ?? []
      #expect(states.count == 4 && expected.count == 4 && norms.count == 4)
      for (state, (values, norm)) in zip(states, zip(expected, norms)) {
        let found = integers("positions").flatMap {
          state.value.rows($0..<$0 + 1).values.prefix(16)
        }
        #expect(deviation(found, ModelGolden.values(values)) < Network.ofFamilies.values())
        let lengths = (0..<ids.count).map { row in
          state.value.rows(row..<row + 1).values.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
        }
        #expect(deviation(lengths, ModelGolden.values(norm)) < Network.ofFamilies.values())
      }
    }
  }
}
