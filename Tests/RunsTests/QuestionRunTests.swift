import Autograd
import Configuration
import Data
import Files
import Foundation
import Inference
import Kernels
import Models
import Runs
import StrictJSON
import TestSupport
import Testing

/// Fine-tuning, distillation, evaluation and prediction of tasks with questions, from files to
/// files.
@Suite struct QuestionRunTests {
  /// Texts of the toy vocabulary, and what follows the word that a question is.
  private static let paragraphs: [(context: String, questions: [(text: String, answer: String?)])] =
    [
      (
        "Film: the good plot, not very bad!",
        [("good", "plot"), ("not", "very bad"), ("story", nil), ("the", "good plot")]
      ),
      (
        "Film! A bad plot, very good (not the story).",
        [("bad", "plot"), ("very", "good"), ("film", nil), ("a", "bad plot")]
      ),
    ]

  /// Writes both splits with the same questions; version 1.1 leaves those without answers out.
  private func writeQuestions(_ toy: ToyWorld, version: SQuADVersion) throws {
    var number = 0
    let paragraphs: [JSONValue] = Self.paragraphs.map { context, questions in
      let entries: [JSONValue] = questions.compactMap { text, answer in
        number += 1
        guard version == .v2_0 || answer != nil else { return nil }
        let answers: [JSONValue] = (answer.map { [$0] } ?? []).map { answer in
          let start = context.range(of: answer).map {
            context.unicodeScalars.distance(from: context.startIndex, to: $0.lowerBound)
          }
          return .object([("text", .string(answer)), ("answer_start", .int(start ?? -1))])
        }
        var entry: [(String, JSONValue)] = [
          ("id", .string("q\(number)")), ("question", .string(text)), ("answers", .array(answers)),
        ]
        if version == .v2_0 { entry.append(("is_impossible", .bool(answer == nil))) }
        return .object(entry)
      }
      return .object([("context", .string(context)), ("qas", .array(entries))])
    }
    let file: JSONValue = .object([
      ("data", .array([.object([("paragraphs", .array(paragraphs))])]))
    ])
    for split in [Split.train, .validation] {
      let path = "\(toy.scratch.path)/\(version.fileNames(split)[0])"
      try JSONWriter().string(file).write(toFile: path, atomically: true, encoding: .utf8)
    }
  }

  private func load<Run: RunConfiguration>(_ toy: ToyWorld, _ text: String) throws -> Run {
    let path = "\(toy.scratch.path)/run.json"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try .load(path: path)
  }

  private func teacher(
    _ toy: ToyWorld, task: String, steps: Int = 150
  ) throws -> (run: PreparedRun, folder: String) {
    let c: TeacherFinetuneConfiguration = try load(
      toy,
      """
      {"output_dir": "\(toy.scratch.path)/teacher", "overwrite_output_dir": true, "shards": 2,
       "task": {"name": "\(task)", "data_dir": "\(toy.scratch.path)", "max_seq_length": 24,
         "doc_stride": 4},
       "model": {"vocab": "\(toy.scratch.path)", "config": {"hidden_size": 32,
         "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
         "max_position_embeddings": 32, "hidden_dropout_prob": 0,
         "attention_probs_dropout_prob": 0, "initializer_range": 0.1}},
       "train": {"max_steps": \(steps), "learning_rate": 5e-3, "eval_strategy": "steps",
         "eval_steps": 50, "load_best_model_at_end": true}}
      """)
    return (try PreparedRun.teacherFinetune(c), c.common.outputDir)
  }

  private func student(
    _ toy: ToyWorld, task: String, method: String, teacher: String, threshold: Double = 0
  ) throws -> PreparedRun {
    let key = task == "squad2" ? ", \"null_score_diff_threshold\": \(threshold)" : ""
    let c: DistillConfiguration = try load(
      toy,
      """
      {"output_dir": "\(toy.scratch.path)/student", "overwrite_output_dir": true, "shards": 2,
       "task": {"name": "\(task)", "data_dir": "\(toy.scratch.path)", "max_seq_length": 24,
         "doc_stride": 4\(key)},
       "teacher": {"model_name_or_path": "\(teacher)"},
       "student": {"from_teacher_layers": [1]}, "method": {"name": "\(method)"},
       "train": {"max_steps": 100, "learning_rate": 5e-3}}
      """)
    return try PreparedRun.distill(c)
  }

  private func value(_ name: String, of outcome: RunOutcome) -> Double? {
    outcome.results.first { $0.name == name }?.value
  }

  @Test func fromFineTuningToAnswers() throws {
    let toy = try ToyWorld()
    try writeQuestions(toy, version: .v2_0)
    let (prepared, folder) = try teacher(toy, task: "squad2")
    let rows = prepared.plan.first { $0.name == "training rows" }?.value
    #expect(rows?.hasPrefix("8 (mean length ") == true)
    let taught = try prepared.execute(SilentObserver())
    #expect(value("eval_f1", of: taught) == 100 && value("eval_NoAns_exact", of: taught) == 100)
    #expect(value("eval_best_f1", of: taught) == 100 && value("eval_samples", of: taught) == 8)

    for method in ["kd", "none"] {
      let distilled = try student(toy, task: "squad2", method: method, teacher: folder)
        .execute(SilentObserver())
      #expect(value("teacher_f1", of: distilled) == 100)
      #expect(try #require(value("eval_f1", of: distilled)) > 80, "\(method)")
      let model = try QuestionModel(
        folder: "\(toy.scratch.path)/student", task: .squad2, maxSeqLength: 24,
        windows: WindowSettings(overlap: 4))
      let report = try model.evaluate(
        split: .validation, directory: toy.scratch.path, batchSize: 3,
        bootstrap: Bootstrap(resamples: 50))
      #expect(report.intervals.map(\.name) == ["exact", "f1"])
      for (name, interval) in report.intervals {
        let value = try #require(report.metrics.first { $0.name == name }?.value)
        #expect(interval.lower <= value && interval.upper >= value && interval.upper <= 100)
      }
      for (name, found) in report.metrics {
        // Batches of another size: the answers are the same, thresholds are differences of logits.
        let before = try #require(value("eval_\(name)", of: distilled))
        #expect(
          name.hasSuffix("thresh")
            ? Network.ofMethods.agrees(found, before, evaluations: 2) : found == before, "\(name)")
      }
      #expect(report.samples == 8 && report.notices.isEmpty)
    }

    let model = try QuestionModel(
      folder: folder, task: .squad2, maxSeqLength: 24, windows: WindowSettings(overlap: 4))
    let answers = try model.predict(
      input: "\(toy.scratch.path)/dev-v2.0.json", batchSize: 4)
    #expect(answers.map(\.question.id) == (1...8).map { "q\($0)" })
    #expect(
      answers.map(\.answer.text)
        == ["plot", "very bad", "", "good plot", "plot", "good", "", "bad plot"])
    #expect(answers[2].answer.noAnswerMargin > 0 && answers[0].answer.noAnswerMargin < 0)
    #expect(answers[2].answer.candidates.first?.text == "")
  }

  @Test func versionOneHasAnAnswerToEverything() throws {
    let toy = try ToyWorld()
    try writeQuestions(toy, version: .v1_1)
    let (prepared, folder) = try teacher(toy, task: "squad")
    let outcome = try prepared.execute(SilentObserver())
    #expect(value("eval_exact_match", of: outcome) == 100 && value("eval_f1", of: outcome) == 100)
    #expect(value("eval_best_f1", of: outcome) == nil && value("eval_samples", of: outcome) == 6)
    let config = try ModelFolder(folder).configuration
    #expect(config.finetuningTask == "squad" && config.labels == nil)
  }

  @Test func aTeacherBelowNeverAnsweringIsRefused() throws {
    let toy = try ToyWorld()
    try writeQuestions(toy, version: .v2_0)
    var shape = toy.shape(dropout: 0)
    shape.layers = 2
    let model = SpanClassifier(shape)
    model.initialize(seed: 1)
    // All tokens alike: the first word is the answer to everything.
    for name in ["qa_outputs.weight", "qa_outputs.bias"] {
      let slot = try #require(model.parameters.entry(named: name)?.slot)
      model.parameters.matrix(slot).fill(0)
    }
    let folder = "\(toy.scratch.path)/weak"
    try ModelFolder.write(model, to: folder, tokenizer: toy.scratch.path)
    let problem = "has f1 0.0 on this data, less than the 25.0 of never answering"
    let error = #expect(throws: MismatchError.self) {
      try student(toy, task: "squad2", method: "kd", teacher: folder, threshold: 1e9)
        .execute(SilentObserver())
    }
    #expect(error?.description.hasPrefix("the teacher (\(folder)) \(problem); check") == true)
    let report = try QuestionModel(
      folder: folder, task: .squad2, windows: WindowSettings(overlap: 4),
      decoder: AnswerDecoder(allowsNoAnswer: true, threshold: 1e9)
    ).evaluate(split: .validation, directory: toy.scratch.path, batchSize: 4)
    #expect(report.notices == ["the model \(problem)"])
    #expect(report.metrics.contains { $0.name == "best_f1" && $0.value == 25 })
    #expect(!report.metrics.contains { $0.name == "best_f1_thresh" })
  }

  @Test func mistakes() throws {
    let toy = try ToyWorld()
    try writeQuestions(toy, version: .v2_0)
    let (prepared, folder) = try teacher(toy, task: "squad2", steps: 1)
    _ = try prepared.execute(SilentObserver())
    let method = #expect(throws: ConfigError.self) {
      try student(toy, task: "squad2", method: "mate-kd", teacher: folder)
    }
    #expect(
      method?.message.hasPrefix("method mate-kd has no form for task squad2; take none or kd")
        == true)
    // A model for other tasks has no such head.
    let classifier = "\(toy.scratch.path)/classifier"
    let other = toy.classifier(seed: 1)
    try ModelFolder.write(
      other, labels: other.labels, to: classifier, tokenizer: toy.scratch.path)
    let untaught = #expect(throws: MismatchError.self) {
      try student(toy, task: "squad2", method: "kd", teacher: classifier)
    }
    #expect(untaught?.description.contains("is not fine-tuned") == true)
    #expect(throws: MismatchError.self) {
      try QuestionModel(folder: classifier, task: .squad2, maxSeqLength: 24)
    }
    #expect(throws: MismatchError.self) {
      try QuestionModel(folder: folder, task: .sst2, maxSeqLength: 24)
    }
    // Version 1.1 knows no questions without answers.
    try FileManager.default.copyItem(
      atPath: "\(toy.scratch.path)/dev-v2.0.json", toPath: "\(toy.scratch.path)/dev-v1.1.json")
    let impossible = #expect(throws: FileError.self) {
      try QuestionModel(folder: folder, task: .squad, maxSeqLength: 24)
        .evaluate(split: .validation, directory: toy.scratch.path, batchSize: 4)
    }
    #expect(impossible?.problem.contains("take task squad2") == true)
  }
}
