import Autograd
import Data
import Inference
import Kernels
import Models
import Runs
import TestSupport
import Testing

/// Checkpoints whose outputs have no names.
@Suite struct LabelOrderTests {
  private static let nameless = ["LABEL_0", "LABEL_1", "LABEL_2"]

  private func source(_ folder: String, _ order: [String]?) -> ModelSource {
    ModelSource(modelNameOrPath: folder, labelOrder: order)
  }

  private func bias(_ model: SequenceClassifier) throws -> [Float] {
    let slot = try #require(model.parameters.entry(named: "classifier.bias")?.slot)
    return model.parameters.matrix(slot).values
  }

  private func complaint<R>(_ body: () throws -> R) -> String {
    do {
      _ = try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test func outputsOfATeacherAreReordered() throws {
    let letters = try Letters()
    let folder = try letters.classifier(labels: Self.nameless, bias: [1, 2, 3], in: "teacher")
    let order = ["Complaint", "praise", "question"]
    let task = try letters.configuration(
      "{\"output_dir\": \"x\", \"task\": \(letters.task()), \"model\": \(letters.fresh)}",
      as: TeacherFinetuneConfiguration.self
    ).task.taskDescription()
    let opener = ModelOpener(seed: 1)
    let named = try opener.classifier(source(folder, order), role: "teacher", labels: nil)
    #expect(named.model.labels.names == order)
    let (aligned, notice) = try ModelOpener.align(named, with: task)
    #expect(notice == nil && aligned.model.labels.names == Letters.topics)
    #expect(try bias(aligned.model) == [2, 3, 1])

    let plain = try opener.classifier(source(folder, nil), role: "teacher", labels: nil)
    let (taken, why) = try ModelOpener.align(plain, with: task)
    #expect(try bias(taken.model) == [1, 2, 3])
    #expect(
      why == "teacher (\(folder)) has no label names; its outputs are taken in the task's order "
        + "[\"praise\", \"question\", \"complaint\"]; give its label_order if that is another one")
  }

  @Test func outputsOfAModelToTrainAreReordered() throws {
    let letters = try Letters()
    let folder = try letters.classifier(labels: Self.nameless, bias: [1, 2, 3], in: "model")
    let wanted = LabelSet(names: Letters.topics)
    let opener = ModelOpener(seed: 1)
    let ordered = try opener.classifier(
      source(folder, ["question", "praise", "complaint"]), role: "model", labels: wanted)
    #expect(try bias(ordered.model) == [2, 1, 3])
    #expect(ordered.labelNotice == nil && ordered.report?.initialized == [])
    let plain = try opener.classifier(source(folder, nil), role: "model", labels: wanted)
    #expect(try bias(plain.model) == [1, 2, 3])
    #expect(plain.labelNotice?.hasPrefix("model (\(folder)) has no label names") == true)
    // A head that is new has no order.
    let two = try opener.classifier(
      source(folder, nil), role: "model", labels: LabelSet(names: ["a", "b"]))
    #expect(two.labelNotice == nil && two.report?.initialized.count == 2)
  }

  @Test func ordersThatDoNotFitAreRefused() throws {
    let letters = try Letters()
    let nameless = try letters.classifier(labels: Self.nameless, bias: [], in: "nameless")
    let named = try letters.classifier(labels: ["a", "b", "c"], bias: [], in: "named")
    func said(_ folder: String, _ order: String) -> String {
      complaint {
        try letters.distillation(
          teacher: "{\"model_name_or_path\": \"\(folder)\", \"label_order\": \(order)}")
      }
    }
    #expect(said(nameless, "[\"question\", \"praise\", \"complaint\"]").isEmpty)
    #expect(
      said(nameless, "[\"praise\", \"question\", \"tadel\"]")
        .hasSuffix(
          "error: label_order must hold every label of task letters once, [\"praise\", "
            + "\"question\", \"complaint\"], in the order of the model's outputs, found "
            + "[\"praise\", \"question\", \"tadel\"]."))
    #expect(
      said(named, "[\"question\", \"praise\", \"complaint\"]")
        .hasSuffix(
          "error: \(named) has label names of its own, [\"a\", \"b\", \"c\"]; label_order is for "
            + "checkpoints without any (LABEL_0, LABEL_1 and so on)."))
    let two = try letters.classifier(labels: ["LABEL_0", "LABEL_1"], bias: [], in: "two")
    #expect(
      said(two, "[\"question\", \"praise\", \"complaint\"]")
        .hasSuffix("error: label_order has 3 names, but \(two) has 2 outputs."))
  }

  @Test func evaluationTakesAnOrder() throws {
    let letters = try Letters()
    let folder = try letters.classifier(labels: Self.nameless, bias: [9, 0, 0], in: "model")
    try letters.write(letters.task(), to: "mine.json")
    let task = try AppliedTask(configuration: "\(letters.data)/mine.json", model: folder).task
    func answers(_ order: [String]?) throws -> (label: String?, notices: Int) {
      let model = try TaskModel(
        folder: folder, task: task, maxSeqLength: 32, threads: 1, labelOrder: order)
      let predictions = try model.predict(input: "\(letters.data)/dev.csv", batchSize: 8)
      return (predictions.label(0), model.notices.count)
    }
    let plain = try answers(nil)
    #expect(plain.label == "praise" && plain.notices == 1)
    let ordered = try answers(["complaint", "praise", "question"])
    #expect(ordered.label == "complaint" && ordered.notices == 0)
    #expect(throws: MismatchError.self) { try answers(["complaint", "praise"]) }
  }
}
