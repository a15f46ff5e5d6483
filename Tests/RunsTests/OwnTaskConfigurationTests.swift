import Data
import Models
import Runs
import TestSupport
import Testing

/// Data of one's own in the sections beside `task`.
@Suite struct OwnTaskConfigurationTests {
  @Test func isACorpusToo() throws {
    let task = """
      {
        "name": "letters", "data_dir": "data", "format": "jsonl", "text": "text",
        "label": "topic", "labels": ["praise", "question"]
      }
      """
    let text = try Draft.changed(Draft.pretrain, "\"files\": [\"a.txt\"]", "\"task\": \(task)")
    let run: PretrainConfiguration = try Draft.read(text)
    #expect(
      run.corpus.ownTask?.own?.files[.train]?.first?.format == .jsonLines && run.corpus.task == nil)
    #expect(
      Draft.complaint(
        PretrainConfiguration.self, text,
        overrides: ["corpus.data_dir=x"])?
        .hasSuffix("unknown key \"data_dir\"; it belongs to the section corpus.task.") == true)
  }

  @Test func newWeightsAreAskedFor() throws {
    let text = try Draft.changed(
      Draft.teacher, "\"models/bert\"", "\"models/bert\", \"allow_new_weights\": true")
    let run: TeacherFinetuneConfiguration = try Draft.read(text)
    #expect(run.model.allowsNewWeights)
    let usual: TeacherFinetuneConfiguration = try Draft.read(Draft.teacher)
    #expect(!usual.model.allowsNewWeights)
    let needless = try Draft.changed(
      Draft.distill, "[0, 2]", "[0, 2], \"allow_new_weights\": true")
    #expect(
      Draft.complaint(DistillConfiguration.self, needless)?.contains(
        "student.allow_new_weights is about the checkpoint of model_name_or_path") == true)
  }

  @Test(arguments: ["a\\tb", "a\\nb", "a\\r"])
  func labelsWithLineBreaksAreRefused(_ label: String) throws {
    let own = """
      "name": "own", "format": "csv", "text": "t", "label": "l", "labels": ["\(label)", "b"]
      """
    let text = try Draft.changed(Draft.teacher, "\"name\": \"sst-2\"", own)
    let complaint = Draft.complaint(TeacherFinetuneConfiguration.self, text)
    #expect(complaint?.contains("has a tab or a line break") == true)
  }

  @Test func labelOrder() throws {
    let text = try Draft.changed(
      Draft.distill, "\"runs/t\"", "\"runs/t\", \"label_order\": [\"b\", \"a\"]")
    let run: DistillConfiguration = try Draft.read(text)
    #expect(run.teacher.model?.labelOrder == ["b", "a"] && run.student.labelOrder == nil)
    let nothingToName = try Draft.changed(
      Draft.distill, "[0, 2]", "[0, 2], \"label_order\": [\"a\", \"b\"]")
    #expect(
      Draft.complaint(DistillConfiguration.self, nothingToName)
        == "run.json:5:62: error: student.label_order names the outputs of model_name_or_path, "
        + "which is absent.")
    #expect(
      Draft.complaint(
        DistillConfiguration.self, Draft.distill,
        overrides: ["generator={\"model_name_or_path\": \"g\", \"label_order\": [\"a\"]}"])
        == "--set generator: error: unknown key \"label_order\"; a masked language model has no "
        + "labels.")
    #expect(
      Draft.complaint(
        PretrainConfiguration.self, Draft.pretrain,
        overrides: ["model={\"model_name_or_path\": \"m\", \"label_order\": [\"a\", \"b\"]}"])
        == "--set model: error: model.label_order is for classifiers; a masked language model has "
        + "no labels.")
  }
}
