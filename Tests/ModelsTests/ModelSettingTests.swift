import Autograd
import Kernels
import Models
import StrictJSON
import TestSupport
import Testing

/// Every setting of config.json against transformers: obeyed, without effect, or refused by name
/// (scripts/goldens/model_settings.py, docs/model-folders.md).
@Suite struct ModelSettingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let json: JSONValue
    var key: String { json["key"]?.string ?? "" }
    var isRefused: Bool { json["effect"] == "refused" }
    var testDescription: String {
      "\(json["family"]?.string ?? "") \(JSONWriter(layout: .line).string(json["config"] ?? .null))"
        + " \(key)"
    }

    /// The family's golden with another config.json.
    func folder(in scratch: ScratchFolder) throws -> (ModelFolder, ModelGolden) {
      let golden = try ModelGolden("\(json["family"]?.string ?? "")-classifier")
      let file = "\(golden.folder)/config.json"
      var config =
        try StrictJSON.parse(try TestFiles.bytes(file), file: file).object ?? JSONObject()
      for member in json["config"]?.object?.members ?? [] { config[member.key] = member.value }
      for key in json["removed"]?.array ?? [] { config[key.string ?? ""] = nil }
      try scratch.write(JSONWriter().string(JSONValue(.object(config))), as: "config.json")
      try scratch.write(
        try TestFiles.bytes("\(golden.folder)/model.safetensors"), as: "model.safetensors")
      return (try ModelFolder(scratch.path), golden)
    }
  }

  static let cases: [Case] = {
    let path = TestFiles.golden("model-settings.json")
    guard let bytes = try? TestFiles.bytes(path),
      let json = try? StrictJSON.parse(bytes, file: path)
    else { return [] }
    return (json["cases"]?.array ?? []).map(Case.init)
  }()

  @Test func thereAreCasesOfAllKinds() {
    for effect in ["obeyed", "none", "refused"] {
      #expect(Self.cases.count { $0.json["effect"]?.string == effect } > 10, "\(effect)")
    }
  }

  @Test(arguments: cases.filter { !$0.isRefused })
  func logitsAreThoseOfTransformers(_ test: Case) throws {
    let scratch = try ScratchFolder()
    let (folder, golden) = try test.folder(in: scratch)
    let (model, report) = try folder.classifier(seed: 1)
    #expect(report == LoadReport())
    let logits = model.logits(
      try golden.tokens(), tape: Tape(pool: poisonedPool()), training: false)
    let expected = ModelGolden.values(test.json["logits"] ?? .null)
    #expect(deviation(logits.value.values, expected) < Network.ofFamilies.values())
  }

  @Test(arguments: cases.filter(\.isRefused))
  func whatCannotBeObeyedIsRefusedByName(_ test: Case) throws {
    let scratch = try ScratchFolder()
    let message: String
    do {
      _ = try test.folder(in: scratch).0.classifier(seed: 1)
      message = ""
    } catch { message = "\(error)" }
    #expect(message.contains("config.json") && message.contains(test.key), "\(message)")
  }

  @Test func decodersOfTheirOwnAreRefused() throws {
    let scratch = try ScratchFolder()
    let golden = try ModelGolden("bert-mlm")
    let config = String(
      decoding: try TestFiles.bytes("\(golden.folder)/config.json"), as: UTF8.self)
    try scratch.write(
      config.replacing(
        "\"tie_word_embeddings\": true", with: "\"tie_word_embeddings\": false"), as: "config.json")
    try scratch.write(
      try TestFiles.bytes("\(golden.folder)/model.safetensors"), as: "model.safetensors")
    let error = #expect(throws: (any Error).self) {
      _ = try ModelFolder(scratch.path).maskedLanguageModel(seed: 1)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("tie_word_embeddings"))
  }
}
