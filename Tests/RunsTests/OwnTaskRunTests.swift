import Data
import Foundation
import Inference
import Models
import Runs
import StrictJSON
import TestSupport
import Testing

/// Runs on data that the configuration describes, from the file to predictions.
@Suite struct OwnTaskRunTests {
  private func complaint<R>(_ body: () throws -> R) -> String {
    do {
      _ = try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test func letters() throws {
    let letters = try Letters()
    let outcome = try letters.finetuning(
      task: letters.task(),
      train: """
        "per_device_train_batch_size": 15, "learning_rate": 0.01, "num_train_epochs": 20
        """
    ).execute(SilentObserver())
    let accuracy = try #require(outcome.results.first { $0.name == "eval_accuracy" }?.value)
    #expect(accuracy > 0.9)
    #expect(outcome.results.contains { $0.name == "eval_f1_macro" })

    // The folder says what it was trained on.
    let folder = letters.output
    let kept = try StrictJSON.parse(
      String(contentsOfFile: "\(folder)/task.json", encoding: .utf8), file: "task.json")
    #expect(kept["name"] == "letters" && kept["label"] == "thema" && kept["data_dir"] == nil)
    let saved = try ModelFolder(folder).configuration
    #expect(saved.finetuningTask == "letters" && saved.labels?.names == Letters.topics)

    let applied = try AppliedTask(model: folder)
    #expect(applied.task.name == "letters" && applied.maxSeqLength == 32)
    let model = try TaskModel(
      folder: folder, task: applied.task, maxSeqLength: applied.maxSeqLength, threads: 2)
    #expect(model.notices.isEmpty)
    let report = try model.evaluate(split: .validation, directory: letters.data, batchSize: 4)
    #expect(report.metrics.map(\.name) == ["accuracy", "f1_macro", "combined_score", "loss"])
    #expect(report.metrics[0].value == accuracy && report.samples == 15)

    // New letters, in a table with other columns, and a text a line.
    try letters.write(
      "text,von\n" + (0..<6).map { "\(Letters.field($0)),x\n" }.joined(), to: "new.csv")
    let predictions = try model.predict(input: "\(letters.data)/new.csv", batchSize: 4)
    #expect(predictions.count == 6)
    let right = (0..<6).count {
      predictions.label($0) == Letters.topics[Letters.topic($0)]
    }
    #expect(right >= 5)
    try letters.write("Danke, \"schöne\" Überraschung 👍\nWo bleibt das ❓\n", to: "new.txt")
    let lines = try model.predict(input: "\(letters.data)/new.txt", batchSize: 4)
    #expect(lines.count == 2 && lines.probabilities(0).count == 3)
    try letters.write("body,von\na,b\n", to: "other.csv")
    #expect(
      complaint { try model.predict(input: "\(letters.data)/other.csv", batchSize: 4) }
        .hasSuffix(
          "other.csv:1: the header has no column \"text\", from which task letters reads texts; it "
            + "holds \"body\", \"von\"; rename the column, or, if every line is a text, give "
            + "--input-format text."))
  }

  @Test func studentsAndTheBestModelRememberTheTaskToo() throws {
    let letters = try Letters()
    _ = try letters.finetuning(
      task: letters.task(),
      train: """
        "max_steps": 2, "eval_strategy": "steps", "eval_steps": 1, "load_best_model_at_end": true
        """
    ).execute(SilentObserver())
    #expect(try AppliedTask(model: "\(letters.output)/best").task.name == "letters")
    let student = try letters.distillation(
      teacher: "{\"model_name_or_path\": \"\(letters.output)\"}")
    #expect(student.plan.contains { $0.name == "task" && $0.value == "letters" })
    _ = try student.execute(SilentObserver())
    #expect(try AppliedTask(model: "\(letters.data)/student").task.labelNames == Letters.topics)
  }

  @Test func scoresOfPairsInJSONLines() throws {
    let letters = try Letters()
    for (name, rows) in [("a.jsonl", 0..<12), ("b.jsonl", 12..<20)] {
      let lines = rows.map { row -> String in
        JSONWriter(layout: .line).string([
          "eins": .string(Letters.text(row)), "zwei": .string(Letters.text(row + row % 2)),
          "note": .double(row % 2 == 0 ? 5 : Double(row % 3)),
        ])
      }
      try letters.write(lines.joined(separator: "\n"), to: name)
    }
    let run = try letters.finetuning(
      task: """
        {"name": "same", "data_dir": "\(letters.data)", "max_seq_length": 32, "format": "jsonl",
         "text": "eins", "text_pair": "zwei", "label": "note", "score_range": [0, 5],
         "files": {"train": "a.jsonl", "validation": "b.jsonl"}}
        """)
    #expect(run.plan.contains { $0.name == "training rows" && $0.value.hasPrefix("12 ") })
    let outcome = try run.execute(SilentObserver())
    #expect(outcome.results.contains { $0.name == "eval_spearmanr" || $0.name == "eval_pearson" })
    let applied = try AppliedTask(model: letters.output)
    #expect(applied.task.isPair && applied.task.scoreRange == 0...5)
    let report = try TaskModel(folder: letters.output, task: applied.task, maxSeqLength: 32)
      .evaluate(split: .validation, directory: letters.data, batchSize: 4)
    #expect(report.metrics.map(\.name) == ["pearson", "spearmanr", "combined_score", "loss"])
  }

  @Test func textsOfOwnDataAreACorpus() throws {
    let letters = try Letters()
    let task = letters.task()
      .replacingOccurrences(of: "\"max_seq_length\": 32, ", with: "")
    let run = try PreparedRun.pretrain(
      letters.configuration(
        """
        {"output_dir": "\(letters.output)", "max_seq_length": 32, "model": \(letters.fresh),
         "corpus": {"task": \(task), "split": "validation"}}
        """))
    #expect(run.plan.contains { $0.name == "texts" && $0.value.hasPrefix("15 ") })
  }

  @Test func mistakesNameTheirPlace() throws {
    let letters = try Letters()
    let task = letters.task()
    let place = "\(letters.data)/run.json:2:19: error: "
    func said(_ task: String) -> String { complaint { try letters.finetuning(task: task) } }
    #expect(
      said(task.replacingOccurrences(of: "\"letters\"", with: "\"SST2\""))
        == place + "\"SST2\" is the task sst-2 of mate-kd; give a description of your own data "
        + "another name.")
    let unknown = said("{\"name\": \"leters\", \"data_dir\": \"\(letters.data)\"}")
    #expect(unknown.hasPrefix(place + "there is no task \"leters\"; the tasks are cola, "))
    #expect(
      unknown.hasSuffix(
        "; data of your own need \"format\" and what goes with it (docs/tasks.md)."))
    #expect(
      said(task.replacingOccurrences(of: "Ärger", with: "Aerger"))
        == "\(letters.data)/train.csv:5: the label \"Ärger\" is not one of task letters, which are "
        + "\"Lob\", \"Frage\", \"Aerger\".")
    #expect(
      said(task.replacingOccurrences(of: "\"thema\"", with: "\"topic\""))
        == "\(letters.data)/train.csv:1: the header has no column \"topic\"; the first line needs "
        + "the names \"text\", \"topic\", but it holds \"nr\", \"text\", \"thema\".")
    #expect(
      said(letters.task(", \"files\": {\"train\": \"all.csv\"}"))
        == "\(letters.data)/all.csv: the train file of task letters is not here; give the folder "
        + "that holds all.csv, or its name in \"files\".")
  }

  @Test func aModelIsAppliedToTheTaskThatIsNamedOrTheOneItLearnt() throws {
    let letters = try Letters()
    let folder = try letters.classifier(
      labels: Letters.topics, bias: [0, 0, 0], in: "model")
    #expect(
      complaint { try AppliedTask(model: folder) }
        .hasSuffix(
          "config.json does not name the task that the model was trained on; give --task or "
            + "--task-config"))
    #expect(try AppliedTask(name: "SST2", model: folder).task == .sst2)
    try letters.write(letters.task(), to: "mine.json")
    let file = "\(letters.data)/mine.json"
    #expect(
      try AppliedTask(configuration: file, model: folder).task.labelNames == Letters.topics)
    try FileManager.default.copyItem(atPath: file, toPath: "\(folder)/task.json")
    #expect(try AppliedTask(model: folder).task.name == "letters")
    #expect(try AppliedTask(name: "letters", model: folder).maxSeqLength == 32)
    #expect(try AppliedTask(name: "rte", model: folder).task == .rte)
    #expect(throws: TaskRegistry.UnknownTask.self) {
      try AppliedTask(name: "others", model: folder)
    }
  }
}
