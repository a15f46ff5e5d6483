import Data
import Foundation
import Inference
import Kernels
import MateKD
import Models
import Synchronization
import TestSupport
import Testing

/// The facade beside the modules below it, which are checked against transformers.
/// `scripts/tests/facade.test.sh` compares it with transformers and with `mate-kd predict`.
@Suite struct TextClassifierTests {
  let toy: ToyWorld
  let texts = ["a good film", "the plot is very bad", "", "not a bad film", "good good good"]

  init() throws { toy = try ToyWorld() }

  /// A folder with a fresh model of these labels, and that model.
  private func folder(
    _ labels: LabelSet, task: String? = nil
  ) throws -> (path: String, model: SequenceClassifier) {
    let model = SequenceClassifier(toy.shape(dropout: 0), labels: labels)
    model.initialize(seed: 3)
    let path = try toy.scratch.folder()
    try ModelFolder.write(
      model, labels: labels, finetuningTask: task, to: path, tokenizer: toy.scratch.path)
    return (path, model)
  }

  /// Logits by the modules below, text by text.
  private func logits(
    _ model: SequenceClassifier, _ rows: [(String, String?)]
  ) throws -> [[Float]] {
    let encodings = rows.map { first, second in
      toy.tokenizer.encode(
        Array(first.utf8)[...], pair: second.map { Array($0.utf8)[...] }, maxLength: 24)
    }
    let found = try Inference(pool: toy.pool).logits(
      model, data: TokenizedDataset(encodings: encodings))
    return (0..<rows.count).map { found.rows($0..<$0 + 1).values }
  }

  @Test func oneClass() throws {
    let (path, model) = try folder(LabelSet(names: ["bad", "middling", "good"]))
    let classifier = try TextClassifier(folder: path)
    #expect(classifier.labels == ["bad", "middling", "good"])
    #expect(classifier.input == .unknown && classifier.maximumTokens == 24)
    let answers = try classifier.classify(texts)
    for (answer, logits) in zip(answers, try logits(model, texts.map { ($0, nil) })) {
      #expect(answer.logits == logits)
      let powers = logits.map { Foundation.exp(Double($0)) }
      let sum = powers.reduce(0, +)
      for (found, power) in zip(answer.probabilities, powers) {
        #expect(abs(Double(found.probability) - power / sum) < 1e-6)
      }
      let best = try #require(answer.probabilities.max { $0.probability < $1.probability })
      #expect(answer.label == best.label && answer.labels == [best.label] && answer.score == nil)
      #expect(answer.probability(of: best.label) == best.probability)
      #expect(answer.probability(of: "other") == nil)
    }
    // Alone, a text gets the same answer up to rounding.
    for (text, answer) in zip(texts, answers) {
      for (one, other) in zip(try classifier.classify(text).logits, answer.logits) {
        #expect(abs(one - other) <= 1e-5)
      }
    }
    #expect(try classifier.classify([String]()) == [])
  }

  @Test func answersOfPredict() throws {
    let (path, _) = try folder(LabelSet(names: ["negative", "positive"]), task: "sst-2")
    let model = try TaskModel(folder: path, task: TaskRegistry.named("sst-2"))
    let expected = try model.predict(TextDataset(texts: texts), batchSize: 32)
    let classifier = try TextClassifier(folder: path)
    #expect(classifier.input == .text)
    for (row, answer) in try classifier.classify(texts).enumerated() {
      #expect(answer.label == expected.label(row))
      #expect(answer.logits == expected.logits(row))
      #expect(answer.probabilities.map(\.probability) == expected.probabilities(row))
    }
  }

  @Test func pairs() throws {
    let (path, model) = try folder(
      LabelSet(names: ["entailment", "not_entailment"]), task: "rte")
    let classifier = try TextClassifier(folder: path)
    #expect(classifier.input == .pair)
    let pairs = [("a good film", "a film"), ("a bad plot", "good")]
    let answers = try classifier.classify(pairs: pairs.map { (first: $0.0, second: $0.1) })
    #expect(answers.map(\.logits) == (try logits(model, pairs.map { ($0.0, $0.1) })))
    let one = try classifier.classify("a bad plot", "good")
    #expect(one.label == answers[1].label)
    let error = #expect(throws: ClassifierError.self) { try classifier.classify("a film") }
    #expect(error?.reason == .texts)
  }

  @Test func regression() throws {
    let (path, model) = try folder(LabelSet(names: ["score"], problem: .regression))
    let answer = try TextClassifier(folder: path).classify("a good film")
    #expect(answer.score == (try logits(model, [("a good film", nil)]))[0][0])
    #expect(answer.label == nil && answer.labels.isEmpty && answer.probabilities.isEmpty)
  }

  @Test func severalLabels() throws {
    let names = ["praise", "question", "complaint", "thanks"]
    let (path, model) = try folder(LabelSet(names: names, problem: .severalLabels))
    let answers = try TextClassifier(folder: path).classify(texts)
    var sizes = Set<Int>()
    for (answer, logits) in zip(answers, try logits(model, texts.map { ($0, nil) })) {
      #expect(answer.label == nil && answer.logits == logits)
      #expect(answer.labels == zip(names, logits).filter { $0.1 > 0 }.map(\.0))
      sizes.insert(answer.labels.count)
      for (found, logit) in zip(answer.probabilities, logits) {
        #expect(abs(Double(found.probability) - 1 / (1 + Foundation.exp(-Double(logit)))) < 1e-6)
      }
    }
    #expect(sizes.count > 1 || !sizes.contains(1), "the texts do not tell this from one class")
  }

  @Test func namesForNamelessOutputs() throws {
    let (path, _) = try folder(LabelSet(names: ["LABEL_0", "LABEL_1"]))
    #expect(try TextClassifier(folder: path).labels == ["LABEL_0", "LABEL_1"])
    let named = try TextClassifier(folder: path, labels: ["no", "yes"])
    #expect(named.labels == ["no", "yes"])
    #expect(["no", "yes"].contains(try named.classify("good").label))
  }

  @Test func manyThreads() throws {
    let (path, _) = try folder(LabelSet(names: ["negative", "positive"]))
    let classifier = try TextClassifier(folder: path, threads: 2)
    let texts = texts
    let expected = try classifier.classify(texts)
    let alone = try texts.map { try classifier.classify($0) }
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 64) { index in
      let found = try? classifier.classify(texts)
      let one = try? classifier.classify(texts[index % texts.count])
      if found != expected || one != alone[index % texts.count] { wrong.withLock { $0 += 1 } }
    }
    #expect(wrong.withLock { $0 } == 0)
  }

  @Test func errors() throws {
    func reason(_ folder: String, maximumTokens: Int? = nil, labels: [String]? = nil)
      -> ClassifierError.Reason?
    {
      do {
        _ = try TextClassifier(folder: folder, maximumTokens: maximumTokens, labels: labels)
        return nil
      } catch {
        #expect(!error.description.isEmpty && !error.description.contains("\n"))
        return error.reason
      }
    }
    let (path, model) = try folder(LabelSet(names: ["negative", "positive"]))
    #expect(reason("\(path)/none") == .missing)
    #expect(reason("no-such-model") == .missing)
    #expect(reason(path, maximumTokens: 1000) == .mismatch)
    #expect(reason(path, maximumTokens: 2) == .mismatch)
    #expect(reason(path, labels: ["no", "yes"]) == .mismatch)
    #expect(reason(path) == nil)

    let weights = "\(path)/model.safetensors"
    let whole = try Data(contentsOf: URL(fileURLWithPath: weights))
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: weights))
    #expect(reason(path) == .damaged)
    let bias = try #require(model.parameters.entry(named: "classifier.bias"))
    model.parameters.matrix(bias.slot)[0, 0] = .nan
    try ModelFolder.write(model, labels: model.labels, to: path, tokenizer: toy.scratch.path)
    let error = #expect(throws: ClassifierError.self) {
      try TextClassifier(folder: path).classify("a film")
    }
    #expect(error?.reason == .damaged)

    let generator = toy.generator(seed: 1)
    let masked = try toy.scratch.folder()
    try ModelFolder.write(generator, to: masked, tokenizer: toy.scratch.path)
    #expect(reason(masked) == .mismatch)
  }
}
