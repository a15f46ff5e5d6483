import Autograd
import Kernels
import Models
import TestSupport
import Testing

/// transformers' law: matrices normal with `initializer_range`, biases 0, LayerNorm 1 and 0.
@Suite struct InitializationTests {
  private func model(seed: UInt64) -> MaskedLanguageModel {
    var c = EncoderConfiguration(
      vocabularySize: 200, hiddenSize: 48, layers: 2, attentionHeads: 4, intermediateSize: 96)
    c.maximumPositions = 64
    c.initializerRange = 0.05
    c.padTokenID = 3
    let model = MaskedLanguageModel(c)
    model.initialize(seed: seed)
    return model
  }

  @Test func meanAndDeviationOfEveryWeight() throws {
    let model = model(seed: 1)
    for entry in model.parameters.entries {
      let values = model.parameters.matrix(entry.slot).values.map(Double.init)
      if !entry.decays {
        let constant = entry.name.hasSuffix("LayerNorm.weight") ? 1.0 : 0
        #expect(values.allSatisfy { $0 == constant }, "\(entry.name)")
        continue
      }
      let isWords = entry.name.hasSuffix("word_embeddings.weight")
      let drawn =
        isWords ? values.enumerated().filter { $0.offset / 48 != 3 }.map(\.element) : values
      let count = Double(drawn.count)
      let mean = drawn.reduce(0, +) / count
      let deviation = (drawn.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
      // Six standard errors.
      #expect(abs(mean) < 6 * 0.05 / count.squareRoot(), "\(entry.name)")
      #expect(abs(deviation - 0.05) < 6 * 0.05 / (2 * count).squareRoot(), "\(entry.name)")
      if isWords { #expect(values[3 * 48..<4 * 48].allSatisfy { $0 == 0 }) }
    }
  }

  @Test func seedNamesTheDraw() throws {
    func values(_ model: MaskedLanguageModel) -> Weights { Weights(model.parameters) }
    #expect(values(model(seed: 1)) == values(model(seed: 1)))
    #expect(values(model(seed: 1)) != values(model(seed: 2)))
    // No two weights share a draw.
    let model = model(seed: 1)
    let firsts = model.parameters.entries.filter(\.decays)
      .map { model.parameters.matrix($0.slot)[0, 0] }
    #expect(Set(firsts).count == firsts.count)
  }
}
