import Models
import StrictJSON
import Testing

@Suite struct HuggingFaceConfigurationTests {
  private static let right = """
    {
      "model_type": "bert",
      "vocab_size": 50, "hidden_size": 24,
      "num_hidden_layers": 2, "num_attention_heads": 3,
      "intermediate_size": 48,
      "hidden_act": "gelu",
      "hidden_dropout_prob": 0.25,
      "id2label": { "1": "yes", "0": "no" },
      "layer_norm_eps": 1e-5
    }
    """

  private func read(_ text: String) throws -> HuggingFaceConfiguration {
    try HuggingFaceConfiguration(
      StrictJSON.parse(text, file: "m/config.json"), file: "m/config.json")
  }

  private func complaint(replacing old: String, by new: String) -> String {
    do {
      _ = try read(Self.right.replacingOccurrences(of: old, with: new))
      return ""
    } catch { return "\(error)" }
  }

  @Test func valuesAndDefaults() throws {
    let configuration = try read(Self.right)
    #expect(configuration.encoder.hiddenDropout == 0.25)
    #expect(configuration.encoder.attentionDropout == 0.1)
    #expect(configuration.encoder.layerNormEpsilon == 1e-5)
    #expect(configuration.encoder.maximumPositions == 512)
    #expect(configuration.labels == LabelSet(names: ["no", "yes"]))
  }

  @Test func writtenAndReadBack() throws {
    var configuration = try read(Self.right)
    configuration.encoder.classifierDropout = 0.3
    configuration.finetuningTask = "toy"
    let text = JSONWriter().string(
      configuration.json(architecture: "BertForSequenceClassification"))
    let again = try read(text)
    #expect(again.encoder == configuration.encoder)
    #expect(again.labels == configuration.labels && again.finetuningTask == "toy")
  }

  @Test func textsMayHaveSeveralLabels() throws {
    let text = Self.right.replacingOccurrences(
      of: "\"vocab_size\"", with: "\"problem_type\": \"multi_label_classification\", \"vocab_size\""
    )
    let configuration = try read(text)
    #expect(configuration.labels == LabelSet(names: ["no", "yes"], problem: .severalLabels))
    let written = configuration.json(architecture: "BertForSequenceClassification")
    #expect(written["problem_type"] == "multi_label_classification")
    #expect(try read(JSONWriter().string(written)).labels == configuration.labels)
    let one = text.replacingOccurrences(
      of: #"{ "1": "yes", "0": "no" }"#, with: #"{ "0": "yes" }"#)
    #expect(try read(one).labels == LabelSet(names: ["yes"], problem: .severalLabels))
  }

  @Test func regressionHasOneOutput() throws {
    let text = Self.right.replacingOccurrences(
      of: #""id2label": { "1": "yes", "0": "no" }"#, with: #""id2label": { "0": "LABEL_0" }"#)
    #expect(try read(text).labels?.isRegression == true)
  }

  @Test(arguments: [
    (#""hidden_size": 24"#, #""hidden_size": "24""#, "m/config.json:3:36: "),
    (#""hidden_size": 24"#, #""hidden_size": 0"#, "m/config.json:3:36: "),
    (#""hidden_act": "gelu""#, #""hidden_act": "swish""#, "m/config.json:6:17: "),
    (#""hidden_dropout_prob": 0.25"#, #""hidden_dropout_prob": 1"#, "m/config.json:7:26: "),
    (#""1": "yes""#, #""2": "yes""#, "m/config.json:8:22: "),
    (#"{ "1": "yes", "0": "no" }"#, "{}", "m/config.json:8:15: "),
    (#"{ "1": "yes", "0": "no" }"#, #"{ "00": "yes", "0": "no" }"#, "m/config.json:8:15: "),
    (#""layer_norm_eps": 1e-5"#, #""layer_norm_eps": 1e-5,"#, "m/config.json:9:25: "),
  ])
  func mistakesAreNamedWithLineAndColumn(_ old: String, _ new: String, _ place: String) throws {
    let message = complaint(replacing: old, by: new)
    #expect(message.hasPrefix(place), "\(message)")
  }

  @Test(arguments: [
    (#""model_type": "bert""#, #""model_type": "gpt2""#, "\"gpt2\""),
    (#""model_type": "bert""#, #""vocab": 1"#, "missing"),
    (#""num_attention_heads": 3"#, #""num_attention_heads": 5"#, "not a multiple"),
    (#""hidden_act": "gelu""#, #""position_embedding_type": "relative_key""#, "relative_key"),
    (#""vocab_size": 50, "#, "", "vocab_size"),
  ])
  func whatIsNotSupportedIsToldSo(_ old: String, _ new: String, _ part: String) throws {
    let message = complaint(replacing: old, by: new)
    #expect(message.contains(part) && message.contains("m/config.json"), "\(message)")
  }
}
