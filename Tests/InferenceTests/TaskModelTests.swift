import Autograd
import Data
import Foundation
import Inference
import Kernels
import Models
import TestSupport
import Testing

/// Models of one task measured on another.
@Suite struct TaskModelTests {
  /// A folder of the toy world with a fresh classifier of these labels, none of which it prefers.
  private func folder(_ toy: ToyWorld, labels: [String]) throws -> String {
    let set = LabelSet(names: labels)
    let model = SequenceClassifier(toy.shape(dropout: 0), labels: set)
    model.initialize(seed: 3)
    let bias = try #require(model.parameters.entry(named: "classifier.bias")?.slot)
    let logits = try Inference(pool: toy.pool).logits(model, data: toy.train)
    for column in labels.indices {
      let sum = (0..<logits.rows).reduce(Float(0)) { $0 + logits[$1, column] }
      model.parameters.matrix(bias)[0, column] = -sum / Float(logits.rows)
    }
    let path = "\(toy.scratch.path)/\(UUID().uuidString)"
    try ModelFolder.write(model, labels: set, to: path, tokenizer: toy.scratch.path)
    return path
  }

  /// Forty made-up rows in the layout of HANS.
  private func hans(_ toy: ToyWorld) throws -> String {
    let words = ["good", "bad", "film", "a", "the", "plot", "very", "not"]
    var text = "gold_label\tsentence1\tsentence2\theuristic\tsubcase\n"
    for row in 0..<40 {
      let label = row % 4 == 0 ? "entailment" : "non-entailment"
      let first = "\(words[row % 8]) \(words[(row / 3) % 8]) \(words[(row / 5) % 8])"
      text += "\(label)\t\(first)\t\(words[(row * 3) % 8])\th\(row % 2)\ts\(row % 5)\n"
    }
    let path = "\(toy.scratch.path)/heuristics_evaluation_set.txt"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return toy.scratch.path
  }

  /// Without `max_seq_length` texts are cut to 128 tokens, or to the model's limit if that is less.
  @Test func aTaskWithoutLengthTakesTheModelsLimit() throws {
    let toy = try ToyWorld()
    let path = try folder(toy, labels: ["a", "b"])
    let limit = try ModelFolder(path).configuration.encoder.maximumLength
    try #require(limit < 128)
    for (more, expected) in [("", limit), (", \"max_seq_length\": 5", 5)] {
      let file = "\(toy.scratch.path)/own.json"
      try """
      {"name": "own", "data_dir": ".", "format": "csv", "text": "text", "label": "label",
      "labels": ["a", "b"]\(more)}
      """.write(toFile: file, atomically: true, encoding: .utf8)
      let applied = try AppliedTask(configuration: file, model: path)
      let model = try FineTunedClassifier(folder: path, maxSeqLength: applied.maxSeqLength)
      #expect(model.maxSeqLength == expected)
    }
  }

  @Test func threeLabelsAreFoldedToTwo() throws {
    let toy = try ToyWorld()
    let names = ["contradiction", "entailment", "neutral"]
    let model = try TaskModel(folder: folder(toy, labels: names), task: .hans, maxSeqLength: 24)
    #expect(
      model.notices.first?.hasSuffix(
        "contradiction as non-entailment, entailment as entailment, neutral as non-entailment count"
      )
        == true)
    let directory = try hans(toy)
    let report = try model.evaluate(split: .validation, directory: directory, batchSize: 8)

    // The same from the logits, written out.
    let text = try DatasetReader.read(task: .hans, split: .validation, directory: directory)
    let data = TokenizedDataset(
      text, tokenizer: toy.tokenizer, maximumLength: 24, pool: toy.pool)
    let logits = try Inference(pool: toy.pool).logits(model.model, data: data)
    var (right, loss) = ([Bool](), 0.0)
    var outputs: Set<Int> = []
    for row in 0..<text.count {
      let e = (0..<3).map { exp(Double(logits[row, $0])) }
      let best = (0..<3).max { e[$0] < e[$1] } ?? 0
      outputs.insert(best)
      let isEntailed = text.label(row) == .class(0)
      right.append((best == 1) == isEntailed)
      loss -= log((isEntailed ? e[1] : e[0] + e[2]) / e.reduce(0, +))
    }
    #expect(outputs.count > 1, "a model with one answer would show nothing")
    #expect(report.metrics.map(\.name) == ["accuracy", "loss"])
    #expect(report.metrics[0].value == Double(right.count { $0 }) / 40)
    #expect(Network.ofMethods.agrees(report.metrics[1].value, loss / 40, evaluations: 2))
    #expect(report.breakdowns.map(\.column) == ["heuristic", "subcase"])
    #expect(report.breakdowns[0].groups.map(\.name) == ["h0", "h1"])
    #expect(report.breakdowns[1].groups.map(\.samples) == [8, 8, 8, 8, 8])
    let odd = (0..<40).filter { $0 % 2 == 1 && right[$0] }.count
    #expect(report.breakdowns[0].groups[1].value == Double(odd) / 20)

    let input = "\(toy.scratch.path)/input.tsv"
    try "good film\tbad plot\n".write(toFile: input, atomically: true, encoding: .utf8)
    let predictions = try model.predict(input: input, batchSize: 8)
    #expect(predictions.probabilities(0).count == 2 && predictions.logits(0).count == 3)
    #expect(abs(Double(predictions.probabilities(0).reduce(0, +)) - 1) < Roundings.gamma(16))
    #expect(["entailment", "non-entailment"].contains(predictions.label(0)))
  }

  @Test func otherNamesForTheSameTwo() throws {
    let toy = try ToyWorld()
    let path = try folder(toy, labels: ["duplicate", "not_duplicate"])
    let model = try TaskModel(folder: path, task: .paws, maxSeqLength: 24)
    #expect(model.notices.count == 1)
    try "id\tsentence1\tsentence2\tlabel\n1\tgood film\tbad film\t1\n2\tgood\tgood\t0\n".write(
      toFile: "\(toy.scratch.path)/dev.tsv", atomically: true, encoding: .utf8)
    let report = try model.evaluate(
      split: .validation, directory: toy.scratch.path, batchSize: 8)
    #expect(report.metrics.map(\.name) == ["accuracy", "f1", "combined_score", "loss"])
    let mean = (report.metrics[0].value + report.metrics[1].value) / 2
    #expect(report.metrics[2].value == mean)
    let plain = try TaskModel(folder: path, task: .qqp, maxSeqLength: 24)
    #expect(plain.notices.isEmpty && plain.model.labels.names == ["not_duplicate", "duplicate"])
  }

  @Test func modelsThatMeanSomethingElseAreRefused() throws {
    let toy = try ToyWorld()
    let path = try folder(toy, labels: ["ham", "spam", "eggs"])
    let error = #expect(throws: MismatchError.self) {
      try TaskModel(folder: path, task: .hans, maxSeqLength: 24)
    }
    #expect(error?.description.hasSuffix("give a model fine-tuned on hans or mnli") == true)
  }

  @Test func cautionsComeWithTheReport() throws {
    let toy = try ToyWorld()
    let model = try TaskModel(
      folder: folder(toy, labels: ["unacceptable", "acceptable"]), task: .cola, maxSeqLength: 24)
    try "x\t1\t\tgood film\nx\t1\t*\tbad film\n".write(
      toFile: "\(toy.scratch.path)/dev.tsv", atomically: true, encoding: .utf8)
    let report = try model.evaluate(
      split: .validation, directory: toy.scratch.path, batchSize: 8)
    #expect(report.metrics.first?.value == 0)
    #expect(
      report.notices == ["matthews_correlation is 0 because all rows of the data are of one class"])
  }
}

/// Confidence intervals and confusion matrices of evaluations.
extension TaskModelTests {
  @Test func intervalsAndConfusion() throws {
    let toy = try ToyWorld()
    let labels = ["unacceptable", "acceptable"]
    let model = try TaskModel(folder: folder(toy, labels: labels), task: .cola, maxSeqLength: 24)
    // Texts like those on which the model's outputs are centred: both classes are predicted.
    let rows = SyntheticSentiment(trainRows: 40, developmentRows: 1, testRows: 1, seed: 5)
      .examples(.train).enumerated().map { "x\t\($0 % 2)\t\t\($1.text)\n" }
    try rows.joined().write(
      toFile: "\(toy.scratch.path)/dev.tsv", atomically: true, encoding: .utf8)
    let plain = try model.evaluate(
      split: .validation, directory: toy.scratch.path, batchSize: 8)
    #expect(plain.intervals.isEmpty)
    let confusion = try #require(plain.confusion)
    #expect(confusion.total == 40 && confusion.referenced(0) == 20)
    #expect(confusion.matthews == plain.metrics[0].value)
    let report = try model.evaluate(
      split: .validation, directory: toy.scratch.path, batchSize: 8,
      bootstrap: Bootstrap(resamples: 200))
    #expect(report.metrics.map(\.value) == plain.metrics.map(\.value))
    #expect(report.intervals.map(\.name) == ["matthews_correlation"])
    let interval = try #require(report.intervals.first?.interval)
    let value = report.metrics[0].value
    #expect(interval.lower < value && value < interval.upper, "\(interval), \(value)")
  }

  @Test func intervalsOfScores() throws {
    let toy = try ToyWorld()
    let model = SequenceClassifier(
      toy.shape(dropout: 0), labels: LabelSet(names: ["score"], problem: .regression))
    model.initialize(seed: 3)
    let path = "\(toy.scratch.path)/scores"
    try ModelFolder.write(
      model, labels: model.labels, to: path, tokenizer: toy.scratch.path)
    let words = ["good", "bad", "film", "a", "the", "plot", "very", "not"]
    var text = "sentence1\tsentence2\tscore\n"
    for row in 0..<40 { text += "\(words[row % 8])\t\(words[(row / 5) % 8])\t\(row % 6)\n" }
    try text.write(toFile: "\(toy.scratch.path)/dev.tsv", atomically: true, encoding: .utf8)
    let report = try TaskModel(folder: path, task: .stsb, maxSeqLength: 24).evaluate(
      split: .validation, directory: toy.scratch.path, batchSize: 8,
      bootstrap: Bootstrap(resamples: 200))
    #expect(report.confusion == nil)
    #expect(report.intervals.map(\.name) == ["pearson", "spearmanr", "combined_score"])
    for (metric, found) in zip(report.metrics, report.intervals) {
      #expect(found.interval.lower < metric.value && metric.value < found.interval.upper)
    }
  }

  @Test func answersForASubmission() throws {
    let toy = try ToyWorld()
    let model = try TaskModel(
      folder: folder(toy, labels: ["not_entailment", "entailment"]), task: .rte, maxSeqLength: 24)
    var text = TextDataset(source: "made up", task: .rte)
    for (line, pair) in [("good film", "bad plot"), ("", "good"), ("the", "a film")].enumerated() {
      text.append(
        Array(pair.0.utf8)[...], Array(pair.1.utf8)[...], label: .none, line: line + 1)
    }
    let predictions = try model.predict(text, batchSize: 2)
    guard case .classes(let classes) = predictions.answers else {
      Issue.record("scores instead of classes")
      return
    }
    #expect(classes.count == 3)
    for (row, label) in classes.enumerated() {
      // Ids are the task's, whatever the model's order.
      #expect(predictions.label(row) == TaskDescription.rte.labelNames[Int(label)])
    }
  }

  @Test func tooFewEmbeddingsForTheTokenizer() throws {
    let toy = try ToyWorld()
    var shape = toy.shape(dropout: 0)
    shape.vocabularySize -= 1
    let labels = LabelSet(names: ["negative", "positive"])
    let path = "\(toy.scratch.path)/small"
    try ModelFolder.write(
      SequenceClassifier(shape, labels: labels), labels: labels, to: path,
      tokenizer: toy.scratch.path)
    let error = #expect(throws: MismatchError.self) {
      try TaskModel(folder: path, task: .sst2, maxSeqLength: 24)
    }
    #expect(error?.description.contains("but its tokenizer has") == true)
  }
}
