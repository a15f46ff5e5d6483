import Data
import Foundation
import Inference
import Methods
import Models
import Runs
import TestSupport
import Testing

/// Texts with several labels, from the file to predictions.
@Suite struct MultiLabelTests {
  /// Letters that praise, ask and complain in any combination, or say nothing.
  private func letters() throws -> Letters {
    let letters = try Letters()
    let parts = [
      ("Danke für die Überraschung 👍", "Lob"), ("Wo bleibt das Paket? ❓", "Frage"),
      ("\"kaputt\" 😡!", "Ärger"),
    ]
    func row(_ number: Int) -> String {
      let chosen = parts.indices.filter { number >> $0 & 1 == 1 }
      let text = (["Mein Paket."] + chosen.map { parts[$0].0 }).joined(separator: "\n")
      let field = text.replacingOccurrences(of: "\"", with: "\"\"")
      return "\"\(field)\",\(chosen.map { parts[$0].1 }.joined(separator: "|"))\n"
    }
    try letters.write("text,thema\n" + (0..<64).map(row).joined(), to: "train.csv")
    try letters.write("text,thema\n" + (0..<24).map(row).joined(), to: "dev.csv")
    return letters
  }

  private func task(_ letters: Letters) -> String {
    letters.task(", \"multi_label\": true")
      .replacingOccurrences(of: "\"accuracy\", \"f1_macro\"", with: "\"f1_micro\", \"accuracy\"")
  }

  private func complaint<R>(_ body: () throws -> R) -> String {
    do {
      _ = try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test func trainsDistilsAndPredicts() throws {
    let letters = try letters()
    let outcome = try letters.finetuning(
      task: task(letters),
      train: """
        "per_device_train_batch_size": 16, "learning_rate": 0.01, "num_train_epochs": 30
        """
    ).execute(SilentObserver())
    func result(_ outcome: RunOutcome, _ name: String) -> Double {
      outcome.results.first { $0.name == name }?.value ?? -1
    }
    #expect(result(outcome, "eval_f1_micro") > 0.9)
    #expect(result(outcome, "eval_accuracy") > 0.7)
    let labels = try #require(try ModelFolder(letters.output).configuration.labels)
    #expect(labels == LabelSet(names: Letters.topics, problem: .severalLabels))

    let applied = try AppliedTask(model: letters.output)
    let model = try TaskModel(folder: letters.output, task: applied.task, maxSeqLength: 32)
    let report = try model.evaluate(split: .validation, directory: letters.data, batchSize: 5)
    #expect(report.metrics.map(\.name) == ["f1_micro", "accuracy", "combined_score", "loss"])
    #expect(report.metrics[0].value == result(outcome, "eval_f1_micro"))
    let predictions = try model.predict(input: "\(letters.data)/dev.csv", batchSize: 5)
    #expect(predictions.label(7) == nil && predictions.labelSet(7) == Letters.topics)
    #expect(predictions.labelSet(1) == ["praise"] && predictions.labelSet(0) == [])
    #expect(predictions.probabilities(7).allSatisfy { $0 > 0.5 })
    // The loss is the mean over rows and labels of what the probabilities say.
    var loss = 0.0
    for row in 0..<24 {
      for (label, p) in predictions.probabilities(row).enumerated() {
        loss -= log(Double(row >> label & 1 == 1 ? p : 1 - p)) / 72
      }
    }
    #expect(Network.ofMethods.agrees(report.metrics[3].value, loss, evaluations: 2))

    let student = try PreparedRun.distill(
      letters.configuration(
        """
        {"output_dir": "\(letters.data)/student", "task": \(task(letters)), "seed": 5,
         "teacher": {"model_name_or_path": "\(letters.output)"}, "student": \(letters.fresh),
         "method": {"name": "kd", "temperature": 2},
         "train": {"per_device_train_batch_size": 16, "learning_rate": 0.01,
          "num_train_epochs": 30}}
        """)
    ).execute(SilentObserver())
    #expect(result(student, "teacher_f1_micro") == result(outcome, "eval_f1_micro"))
    // Adversarial texts too: one step of a generator, one of a student.
    let hostile = try PreparedRun.distill(
      letters.configuration(
        """
        {"output_dir": "\(letters.data)/hostile", "task": \(task(letters)),
         "teacher": {"model_name_or_path": "\(letters.output)"}, "student": \(letters.fresh),
         "generator": \(letters.fresh),
         "method": {"name": "mate-kd", "generator_steps": 1, "student_steps": 1},
         "train": {"max_steps": 2, "logging_steps": 1}}
        """)
    ).execute(SilentObserver())
    #expect(result(hostile, "train_loss") > 0)
    #expect(result(student, "eval_f1_micro") > 0.9)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let letters = try letters()
    let single = try letters.classifier(labels: Letters.topics, bias: [], in: "single")
    let applied = try AppliedTask(
      configuration: {
        try letters.write(task(letters), to: "mine.json")
        return "\(letters.data)/mine.json"
      }(), model: single)
    #expect(
      complaint { try TaskModel(folder: single, task: applied.task, maxSeqLength: 32) }
        == "model (\(single)) has outputs for single_label_classification, but task letters is "
        + "multi_label_classification; give a model fine-tuned on letters, or correct problem_type "
        + "in its config.json")
    #expect(
      complaint {
        try letters.finetuning(
          task: task(letters), train: "\"max_steps\": 1, \"label_smoothing_factor\": 0.1")
      }.hasSuffix(
        "error: label_smoothing_factor is for rows with one label each; leave it out for task "
          + "letters."))
  }

  /// Every method that says that it takes several labels makes updates with them, and no other.
  @Test(arguments: MethodRegistry.all.map(\.name))
  func methods(name: String) throws {
    let method = try #require(MethodRegistry.named(name))
    guard MethodRegistry.isBuiltIn(method) else { return }
    let letters = try letters()
    let deep = letters.fresh.replacing("\"num_hidden_layers\": 1", with: "\"num_hidden_layers\": 2")
    _ = try letters.finetuning(task: task(letters), model: deep).execute(SilentObserver())
    let settings = [
      "codir": #", "negatives": 3"#, "random-text": #", "texts": {"rows": 16}"#,
      "zskt": #", "student_steps": 1, "noise_size": 4, "texts": {"rows": 16}"#,
      "mate-kd": #", "generator_steps": 1, "student_steps": 1"#,
      "comkd": #", "generator_steps": 1, "student_steps": 1"#,
      "cilda": #", "generator_steps": 1, "student_steps": 1"#,
    ]
    func run() throws -> RunOutcome {
      try PreparedRun.distill(
        letters.configuration(
          """
          {"output_dir": "\(letters.data)/student", "task": \(task(letters)), "seed": 5,
           "allow_weak_teacher": true, "teacher": {"model_name_or_path": "\(letters.output)"},
           "student": {"from_teacher_layers": [0, 1]}, "generator": \(letters.fresh),
           "method": {"name": "\(name)"\(settings[name] ?? "")},
           "train": {"max_steps": 4, "learning_rate": 0.001}}
          """)
      ).execute(SilentObserver())
    }
    guard method.takesSeveralLabels else {
      #expect(complaint(run).contains("is for texts with one label each"))
      return
    }
    let outcome = try run()
    let loss = try #require(outcome.results.first { $0.name == "train_loss" }?.value)
    #expect(loss.isFinite)
  }

  @Test func methodsForOneLabelAreRefused() throws {
    let letters = try letters()
    let several = try letters.configuration(
      "{\"output_dir\": \"x\", \"task\": \(task(letters)), \"model\": \(letters.fresh)}",
      as: TeacherFinetuneConfiguration.self
    ).task.taskDescription()
    let method = MethodDescription(name: "one", summary: "for tests") { _ in
      { LabelsOnly($0.student, training: $0.studentTraining) }
    }
    #expect(complaint { try MethodRegistry.check(method, fits: .rte) }.isEmpty)
    #expect(
      complaint { try MethodRegistry.check(method, fits: several) }.hasPrefix(
        "method one is for texts with one label each, but those of task letters may have several; "
          + "the methods for them are none, kd, mate-kd"))
    for method in MethodRegistry.all where method.takesSeveralLabels {
      #expect(complaint { try MethodRegistry.check(method, fits: several) }.isEmpty)
    }
  }

  @Test func aTeacherThatNamesNoLabelIsWeak() throws {
    let letters = try letters()
    // Three rows of four praise: always "praise" is more than nothing at all.
    try letters.write(
      "text,thema\n" + (0..<8).map { "Paket \($0),\($0 % 4 == 0 ? "" : "Lob")\n" }.joined(),
      to: "dev.csv")
    let set = LabelSet(names: Letters.topics, problem: .severalLabels)
    let path = try letters.classifier(labels: set, bias: [-50, -50, -50], in: "teacher")
    try letters.write(task(letters), to: "mine.json")
    let task = try AppliedTask(configuration: "\(letters.data)/mine.json", model: path).task
    let report = try TaskModel(folder: path, task: task, maxSeqLength: 32)
      .evaluate(split: .validation, directory: letters.data, batchSize: 4)
    #expect(
      report.notices == [
        "f1_micro is 0 because no label is predicted for any row",
        "the model has f1_micro 0.0 on this data, less than the 0.8571 of always giving the labels "
          + "that most rows have",
      ])
  }
}
