import Autograd
import Data
import Foundation
import Inference
import Kernels
import Models
import Runs
import TestSupport
import Testing

/// Models below the majority class, and the two validation splits of MNLI.
@Suite struct WeakModelTests {
  /// A teacher that always gives its first label.
  private func teacher(_ toy: ToyWorld, labels: [String]) throws -> String {
    let set = LabelSet(names: labels)
    let model = SequenceClassifier(toy.shape(dropout: 0), labels: set)
    model.initialize(seed: 3)
    let bias = try #require(model.parameters.entry(named: "classifier.bias")?.slot)
    model.parameters.matrix(bias)[0, 0] = 100
    let path = "\(toy.scratch.path)/teacher"
    try ModelFolder.write(model, labels: set, to: path, tokenizer: toy.scratch.path)
    return path
  }

  private func run(
    _ toy: ToyWorld, task: String, labels: [String], allow: Bool? = nil
  ) throws -> PreparedRun {
    let allowance = allow.map { "\"allow_weak_teacher\": \($0), " } ?? ""
    let path = try toy.scratch.write(
      """
      {\(allowance)"output_dir": "\(toy.scratch.path)/out",
       "task": {"name": "\(task)", "data_dir": "\(toy.scratch.path)", "max_seq_length": 16},
       "teacher": {"model_name_or_path": "\(try teacher(toy, labels: labels))"},
       "student": {"from_teacher_layers": [0]}, "method": {"name": "kd"},
       "train": {"max_steps": 1}}
      """, as: "run.json")
    let configuration: DistillConfiguration = try .load(path: path)
    return try PreparedRun.distill(configuration)
  }

  private func sentiment(_ toy: ToyWorld, labels: [Int]) throws {
    let rows = labels.map { "good film\t\($0)\n" }.joined()
    for name in ["train", "dev"] {
      try toy.scratch.write("sentence\tlabel\n" + rows, as: "SST-2/\(name).tsv")
    }
  }

  @Test func stopsTheRunBeforeAnythingIsWritten() throws {
    let toy = try ToyWorld()
    try sentiment(toy, labels: [1, 1, 1, 0])
    let prepared = try run(toy, task: "sst-2", labels: ["negative", "positive"])
    let error = #expect(throws: MismatchError.self) { try prepared.execute(SilentObserver()) }
    #expect(
      error?.description
        == "the teacher (\(toy.scratch.path)/teacher) has accuracy 0.25 on this data, less "
        + "than the 0.75 of always answering \"positive\"; check its task and the order of its "
        + "labels, or set \"allow_weak_teacher\": true")
    #expect(!FileManager.default.fileExists(atPath: "\(toy.scratch.path)/out"))
  }

  @Test func isTakenWhenAllowed() throws {
    let toy = try ToyWorld()
    try sentiment(toy, labels: [1, 1, 1, 0])
    let outcome = try run(toy, task: "sst-2", labels: ["negative", "positive"], allow: true)
      .execute(SilentObserver())
    #expect(outcome.notices.contains { $0.hasSuffix("always answering \"positive\"") })
    #expect(outcome.results.contains { $0.name == "teacher_accuracy" && $0.value == 0.25 })
  }

  @Test func evaluationTellsIt() throws {
    let toy = try ToyWorld()
    try sentiment(toy, labels: [1, 1, 1, 0])
    let path = try teacher(toy, labels: ["negative", "positive"])
    let report = try TaskModel(folder: path, task: .sst2, maxSeqLength: 16)
      .evaluate(split: .validation, directory: toy.scratch.path, batchSize: 4)
    #expect(
      report.notices == [
        "the model has accuracy 0.25 on this data, less than the 0.75 of always answering "
          + "\"positive\""
      ])
  }

  @Test func theMajorityItselfIsNotBelowIt() throws {
    let toy = try ToyWorld()
    try sentiment(toy, labels: [0, 0, 0, 1])
    let outcome = try run(toy, task: "sst-2", labels: ["negative", "positive"])
      .execute(SilentObserver())
    #expect(outcome.notices.isEmpty)
  }

  @Test func bothValidationSplitsOfMNLIAreMeasured() throws {
    let toy = try ToyWorld()
    let head = "sentence1\tsentence2\tgold_label\n"
    try toy.scratch.write(head + "good film\tbad film\tentailment\n", as: "MNLI/train.tsv")
    try toy.scratch.write(
      head + "good film\tbad film\tentailment\ngood\tbad\t-\n", as: "MNLI/dev_matched.tsv")
    let labels = ["entailment", "neutral", "contradiction"]
    let alone = try run(toy, task: "mnli", labels: labels)
    func says(_ isMeant: (String) -> Bool) -> Bool { alone.notices.contains(where: isMeant) }
    #expect(
      says {
        $0.hasSuffix(
          "1 row on whose label the annotators did not agree is left out; the first is line 3")
      })
    #expect(says { $0.hasPrefix("the validation_mismatched file of task mnli is not in") })
    try toy.scratch.write(
      head + "good film\tbad film\tentailment\ngood\tbad\tneutral\n",
      as: "MNLI/dev_mismatched.tsv")
    let outcome = try run(toy, task: "mnli", labels: labels).execute(SilentObserver())
    func result(_ name: String) -> Double? { outcome.results.first { $0.name == name }?.value }
    #expect(result("teacher_accuracy") == 1 && result("teacher_accuracy_mm") == 0.5)
    #expect(result("eval_accuracy") != nil && result("eval_accuracy_mm") != nil)
    #expect(result("eval_loss_mm") != nil && result("eval_samples") == 3)
  }
}
