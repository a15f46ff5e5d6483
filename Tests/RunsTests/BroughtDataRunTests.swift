import Data
import Foundation
import Inference
import Models
import Runs
import TestSupport
import Testing

/// Runs on models, tokenizers and data as people bring them.
@Suite struct BroughtDataRunTests {
  private func complaint<R>(_ body: () throws -> R) -> String {
    do {
      _ = try body()
      return ""
    } catch { return "\(error)" }
  }

  /// The tokenizer that a student is trained with is the one that it is saved with.
  @Test func aStudentKeepsTheTokenizerThatItWasTrainedWith() throws {
    let letters = try Letters()
    let teacher = try letters.classifier(labels: Letters.topics, bias: [0, 0, 0], in: "teacher")
    let student = try letters.classifier(labels: Letters.topics, bias: [0, 0, 0], in: "other")
    func distil(_ method: String = "kd") throws -> PreparedRun {
      try .distill(
        letters.configuration(
          """
          {"output_dir": "\(letters.data)/out", "allow_weak_teacher": true,
           "overwrite_output_dir": true,
           "task": \(letters.task()), "teacher": {"model_name_or_path": "\(teacher)"},
           "student": {"model_name_or_path": "\(student)"}, "method": {"name": "\(method)"},
           "train": {"max_steps": 3, "learning_rate": 0.01}}
          """))
    }
    let settings = "other/tokenizer_config.json"
    try letters.write(
      #"{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}"#, to: settings)
    let refusal = complaint { try distil("pkd") }
    #expect(refusal.contains("do_lower_case is true in one and false in the other"))
    #expect(refusal.contains("method pkd compares models token by token"))
    // A method that meets its teacher only in logits lets each read its own tokens.
    try agrees(letters, try distil().execute(SilentObserver()))
    try letters.write(
      #"{"do_lower_case": true, "tokenizer_class": "BertTokenizer"}"#, to: settings)
    try agrees(letters, try distil().execute(SilentObserver()))
  }

  /// What a run reports of its student is what `evaluate` finds in its folder.
  private func agrees(_ letters: Letters, _ outcome: RunOutcome) throws {
    let reported = try #require(outcome.results.first { $0.name == "eval_loss" }?.value)
    let applied = try AppliedTask(model: letters.output)
    let report = try TaskModel(folder: letters.output, task: applied.task, maxSeqLength: 32)
      .evaluate(split: .validation, directory: letters.data, batchSize: 32)
    #expect(report.metrics.first { $0.name == "loss" }?.value == reported)
  }

  @Test func whetherTextsMaySpellSpecialTokensIsKept() throws {
    let letters = try Letters()
    try letters.write(
      #"{"additional_special_tokens": ["[E1]"], "tokenizer_class": "BertTokenizer"}"#,
      to: "tokenizer_config.json")
    for (key, ids) in [("", 1), (", \"special_tokens_in_text\": false", 3)] {
      let run = try PreparedRun.teacherFinetune(
        letters.configuration(
          """
          {"output_dir": "\(letters.output)", "overwrite_output_dir": true, "threads": 2,
           "task": \(letters.task()), "model": \(letters.fresh), "train": {"max_steps": 1}\(key)}
          """))
      #expect(run.notices.contains { $0.contains("[E1]") } == (ids == 1))
      _ = try run.execute(SilentObserver())
      let saved = try TokenizerLoader.load(folder: letters.output)
      #expect(saved.encode("[E1]").count == ids)
      #expect(saved.markers == (ids == 1 ? ["[E1]"] : []))
    }
  }

  @Test func validationRowsMayComeFromTraining() throws {
    let letters = try Letters()
    try FileManager.default.removeItem(atPath: "\(letters.data)/dev.csv")
    #expect(complaint { try letters.finetuning(task: letters.task()) }.contains("is not here"))
    let run = try letters.finetuning(task: letters.task(", \"validation_split\": 0.2"))
    #expect(run.plan.contains { $0.name == "training rows" && $0.value.hasPrefix("36 ") })
    #expect(run.plan.contains { $0.name == "validation rows" && $0.value == "9" })
    #expect(run.notices.contains { $0.hasPrefix("9 of the 45 training rows are held out") })
    _ = try run.execute(SilentObserver())
    let written = try String(contentsOfFile: "\(letters.output)/run.json", encoding: .utf8)
    #expect(written.contains("\"validation_split\": 0.2"))
    // What only concerns the run is not kept beside the model.
    let kept = try String(contentsOfFile: "\(letters.output)/task.json", encoding: .utf8)
    #expect(!kept.contains("validation_split") && !kept.contains("draw_seed"))
  }

  /// Rows that a teacher has learned from tell nothing about it.
  @Test func aTeacherThatHeldOutOtherRowsIsNoticed() throws {
    let letters = try Letters()
    func notices(taught: String, here: String) throws -> [String] {
      try? FileManager.default.removeItem(atPath: letters.output)
      _ = try letters.finetuning(task: letters.task(taught)).execute(SilentObserver())
      let teacher = "{\"model_name_or_path\": \"\(letters.output)\"}"
      return try letters.distillation(teacher: teacher, task: letters.task(here)).notices
        .filter { $0.contains("has probably learned from rows") }
    }
    let split = ", \"validation_split\": 0.2"
    let drawn = split + ", \"draw_seed\": 7"
    #expect(try notices(taught: drawn, here: drawn) == [])
    #expect(try notices(taught: split, here: "") == [])
    #expect(try notices(taught: "", here: drawn).count == 1)
    // The seed of the teacher's run is 3.
    let other = try notices(taught: split, here: drawn)
    #expect(other.count == 1 && other[0].hasSuffix("to 0.2 and task.draw_seed to 3"))
    #expect(try notices(taught: split, here: split + ", \"draw_seed\": 3") == [])
  }

  @Test func rowsAreDrawnBySeed() throws {
    let letters = try Letters()
    func hash(_ changes: String, _ train: String = "\"max_steps\": 1", rows: Int) throws -> String {
      let run = try letters.finetuning(task: letters.task(changes), train: train)
      #expect(run.plan.contains { $0.name == "training rows" && $0.value.hasPrefix("\(rows) ") })
      return run.training.data.contentHash
    }
    let some = ", \"samples_per_class\": 4"
    let first = try hash(some, rows: 12)
    #expect(try hash(some, rows: 12) == first)
    #expect(try hash(some + ", \"draw_seed\": 3", rows: 12) == first)
    #expect(try hash(some + ", \"draw_seed\": 4", rows: 12) != first)
    let train = "\"max_steps\": 1, \"max_train_samples\": 12"
    #expect(try hash("", train, rows: 12) != (try hash(", \"draw_seed\": 4", train, rows: 12)))
  }

  @Test func rowsThatTrainingLeftOutAreLeftOutLater() throws {
    let letters = try Letters()
    let rows = try String(contentsOfFile: "\(letters.data)/dev.csv", encoding: .utf8)
    try letters.write(rows + "99,,Lob\n", to: "dev.csv")
    _ = try letters.finetuning(task: letters.task(", \"bad_rows\": \"skip\""))
      .execute(SilentObserver())
    let applied = try AppliedTask(model: letters.output)
    #expect(applied.badRows == .skip)
    let model = try TaskModel(folder: letters.output, task: applied.task, maxSeqLength: 32)
    let report = try model.evaluate(
      split: .validation, directory: letters.data, batchSize: 4, badRows: applied.badRows)
    #expect(report.samples == 15 && report.notices.contains { $0.hasPrefix("skipped: ") })
  }

  @Test func dataOfOneClassIsSaid() throws {
    let letters = try Letters()
    try letters.write("nr,text,thema\n1,Danke,Lob\n2,Danke schön,Lob\n", to: "train.csv")
    let run = try letters.finetuning(task: letters.task())
    #expect(run.notices.contains { $0.contains("all 2 rows have the label \"praise\"") })
  }

  @Test func classesWithoutARowAreSaid() throws {
    let letters = try Letters()
    try letters.write("nr,text,thema\n1,Danke,Lob\n2,Warum nicht,Frage\n", to: "train.csv")
    let run = try letters.finetuning(task: letters.task())
    #expect(run.notices.contains { $0.hasSuffix("no row has the label \"complaint\"") })
  }

  @Test func trainingRowsThatAreMeasuredAreSaid() throws {
    let letters = try Letters()
    let head = "nr,text,thema\n"
    try letters.write(
      head + "1,Danke,Lob\n2,Wieso,Frage\n3,Nein,Ärger\n4,Danke,Lob\n", to: "train.csv")
    func leaks(_ rows: String) throws -> [String] {
      try letters.write(head + rows, to: "dev.csv")
      return try letters.finetuning(task: letters.task()).notices
        .filter { $0.contains("texts of training rows") }
    }
    #expect(try leaks("1,danke,Lob\n2,Danke ,Frage\n3,Na,Ärger\n") == [])
    #expect(
      try leaks("1,Danke,Frage\n2,Wieso,Frage\n3,Na,Ärger\n") == [
        "2 of the 3 validation rows (66.7 %) have the texts of training rows, 1 of them with "
          + "another label; on such rows a model looks better than it is"
      ])
  }

  @Test func emptyTextsCountWhereThatIsSaid() throws {
    let letters = try Letters()
    let rows = try String(contentsOfFile: "\(letters.data)/dev.csv", encoding: .utf8)
    try letters.write(rows + "99,,Lob\n", to: "dev.csv")
    #expect(complaint { try letters.finetuning(task: letters.task()) }.contains("is empty"))
    let run = try letters.finetuning(task: letters.task(", \"empty_texts\": true"))
    #expect(run.plan.contains { $0.name == "validation rows" && $0.value == "16" })
    _ = try run.execute(SilentObserver())
    let applied = try AppliedTask(model: letters.output)
    #expect(applied.task.allowsEmptyTexts)
    #expect(!applied.with(emptyTexts: false).task.allowsEmptyTexts)
    let kept = try String(contentsOfFile: "\(letters.output)/task.json", encoding: .utf8)
    #expect(!kept.contains("bad_rows"))
  }
}
