import Models
import Runs
import StrictJSON
import TestSupport
import Testing

/// The section `config` of a fresh model.
@Suite struct EncoderConfigurationTests {
  @Test(
    arguments: [
      (.bert, 512, 2, 1e-12), (.roberta, 514, 1, 1e-5),
      (.distilbert, 512, 0, 1e-12),
    ] as [(ModelFamily, Int, Int, Float)])
  func shapesOfTheFamilies(
    _ type: ModelFamily, _ positions: Int, _ segments: Int, _ epsilon: Float
  ) throws {
    let text = try Draft.changed(
      Draft.pretrain, "\"hidden_size\": 64", "\"model_type\": \"\(type)\", \"hidden_size\": 64")
    let run = try Draft.read(text, as: PretrainConfiguration.self)
    let shape = try #require(run.model.config)
    #expect(shape.family == type && shape.maximumPositions == positions)
    #expect(shape.typeVocabularySize == segments && shape.layerNormEpsilon == epsilon)
    let again = try Draft.read(
      JSONWriter().string(run.resolved), as: PretrainConfiguration.self)
    #expect(again.resolved == run.resolved)
    #expect(run.resolved["model"]?["config"]?["model_type"]?.string == type.rawValue)
  }
}
