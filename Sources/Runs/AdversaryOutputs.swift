import Data
import Files
import Foundation
import Inference
import Methods
import Models
import StrictJSON

/// What a run keeps of its adversary: the generator as it has become, and some training texts
/// beside its adversarial texts. A control may do without a generator.
struct AdversaryOutputs {
  /// The folder of the trained generator within the run's folder.
  static let generatorFolder = "generator"
  /// The file of texts, a JSON object in each line.
  static let fileName = "adversarial_examples.jsonl"

  private let method: any AdversarialMethod
  private let generator: (model: MaskedLanguageModel, tokenizer: ModelFolder.TokenizerContent)?
  private let tokenizer: any Tokenizer
  private let labels: LabelSet?
  private let data: TokenizedDataset

  /// - Parameters:
  ///   - tokenizer: of the student's tokens.
  ///   - labels: what the outputs of both models mean.
  /// - Throws: `FileError` if the tokenizer's files of the generator cannot be read.
  init(
    _ method: any AdversarialMethod, generator: OpenedModel<MaskedLanguageModel>?,
    tokenizer: any Tokenizer, labels: LabelSet?, data: TokenizedDataset, specialTokensInText: Bool?
  ) throws {
    self.method = method
    self.generator = try generator.map {
      let tokenizer = try ModelFolder.TokenizerContent(
        folder: $0.tokenizerSource, specialTokensInText: specialTokensInText)
      return ($0.model, tokenizer)
    }
    self.tokenizer = tokenizer
    self.labels = labels
    self.data = data
  }

  /// Writes the generator if it has learnt, and the texts.
  ///
  /// - Throws: `FileError`.
  func write(to folder: String) throws {
    if let generator, method.adversary.trainsGenerator {
      let path = "\(folder)/\(Self.generatorFolder)"
      try ByteFile.makeFolder(path)
      try ModelFolder.write(generator.model, to: path, tokenizer: generator.tokenizer)
    }
    let writer = JSONWriter(layout: .line)
    let examples = try method.adversary.examples()
    let lines = examples.flatMap { (example) -> [UInt8] in writer.bytes(json(example)) + [0x0A] }
    if !lines.isEmpty { try ByteFile.write(lines, to: "\(folder)/\(Self.fileName)") }
  }

  private func json(_ example: AdversarialExample) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("row", .int(example.row)), ("gold", gold(example.row)),
      ("tokens", spelled(example.tokens)),
      ("adversarial_tokens", spelled(example.adversarialTokens)),
      ("masked", .array(example.masked.map { JSONValue.int($0) })),
      ("teacher", answer(example.teacher)), ("student", answer(example.student)),
      ("adversarial_teacher", answer(example.adversarialTeacher)),
      ("adversarial_student", answer(example.adversarialStudent)),
    ]
    if let texts = example.adversarialTexts {
      members.insert(("adversarial_text", .array(texts.map(JSONValue.string))), at: 4)
    }
    return .object(members)
  }

  private func spelled(_ ids: [Int32]) -> JSONValue {
    .array(ids.map { .string(tokenizer.token(for: $0) ?? "[\($0)]") })
  }

  private func name(_ label: Int) -> JSONValue {
    let names = labels?.names ?? []
    return names.indices.contains(label) ? .string(names[label]) : .int(label)
  }

  /// A model's answer and what it gives to each label: probabilities, or the score itself.
  private func answer(_ logits: [Float]) -> JSONValue {
    let values = logits.map(Double.init)
    switch labels?.problem {
    case .regression:
      return ["answer": .double(values[0]), "scores": .array(values.map(JSONValue.double))]
    case .severalLabels:
      return [
        "answer": .array(values.indices.filter { values[$0] > 0 }.map(name)),
        "scores": .array(values.map { .double(1 / (1 + exp(-$0))) }),
      ]
    case .oneClass, nil:
      let highest = values.max() ?? 0
      let weights = values.map { exp($0 - highest) }
      let sum = weights.reduce(0, +)
      return [
        "answer": name(values.firstIndex(of: highest) ?? 0),
        "scores": .array(weights.map { .double($0 / sum) }),
      ]
    }
  }

  private func gold(_ row: Int) -> JSONValue {
    let targets = data.targets.selecting([row])
    if let label = targets.classes.first { return name(Int(label)) }
    if let score = targets.scores.first { return .double(Double(score)) }
    let set = targets.labelSets
    return set.isEmpty ? .null : .array(set.indices.filter { set[$0] > 0 }.map(name))
  }
}
