import Files
import Kernels
import Models
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

/// What a run whose numbers stop being finite leaves in its folder.
@Suite struct NonFiniteRunTests {
  private let toy: ToyWorld
  private var folder: String { "\(toy.scratch.path)/run" }

  init() throws { toy = try ToyWorld() }

  /// After the first update the weights are finite, but nothing that is computed with them.
  private func run(_ train: JSONValue, _ observer: SilentObserver) throws -> RunOutcome {
    let usual: JSONValue = [
      "learning_rate": 1e30, "lr_scheduler_type": "constant", "max_steps": 9,
      "per_device_train_batch_size": 1, "logging_steps": 1, "nonfinite_patience": 3,
    ]
    return try ToyFinetuning.prepared(toy, train: usual.merged(with: train)).execute(observer)
  }

  @Test func leavesItsBatchesAndItsLastGoodState() throws {
    let observer = SilentObserver()
    let error = #expect(throws: TrainingError.self) { try run([:], observer) }
    #expect(error?.description.contains("3 updates in a row were skipped") == true)
    #expect(observer.notices.contains { $0.contains("saved as checkpoint-4") })
    for batch in 2...4 {
      let found = try StrictJSON.read("\(folder)/nonfinite-\(batch).json")
      #expect(found["rows"]?.array?.count == 1 && found["first_not_finite"]?.string != nil)
    }
    #expect(ByteFile.exists("\(folder)/checkpoint-4/manifest.json"))
    #expect(!ByteFile.exists("\(folder)/all_results.json"))
    // Going on, the run has already had three in a row.
    let again = #expect(throws: TrainingError.self) {
      try run(["resume_from_checkpoint": true], SilentObserver())
    }
    #expect(again?.description.contains("4 updates in a row") == true)
  }

  @Test func countsThemInItsResults() throws {
    let observer = SilentObserver()
    // The first update has the rate 0, so that there is a best model to keep.
    let outcome = try run(
      [
        "nonfinite_patience": 100, "lr_scheduler_type": "constant_with_warmup", "warmup_steps": 1,
        "eval_strategy": "steps", "eval_steps": 1, "load_best_model_at_end": true,
      ], observer)
    let results = try StrictJSON.read("\(folder)/all_results.json")
    let skipped = try #require(results["skipped_updates"]?.int)
    #expect((6...8).contains(skipped))
    #expect(outcome.results.first { $0.name == "skipped_updates" }?.value == Double(skipped))
    #expect(results["eval_loss"]?.double?.isFinite == true)
    #expect(results["train_loss"]?.double?.isFinite == true)
    #expect(ByteFile.exists("\(folder)/nonfinite-9.json"))
    // A new run does not leave the files of an older one beside its own.
    _ = try ToyFinetuning.prepared(toy, overwrites: true).execute(SilentObserver())
    #expect(!ByteFile.exists("\(folder)/nonfinite-9.json"))
    #expect(try StrictJSON.read("\(folder)/all_results.json")["skipped_updates"] == nil)
  }

  /// Any label would do for a model whose outputs are no numbers: it has no accuracy.
  @Test(arguments: [1e30, 1e38])
  func aModelThatWentAstrayIsNoResult(rate: Double) throws {
    let observer = SilentObserver()
    let error = #expect(throws: TrainingError.self) {
      try run(["learning_rate": .double(rate), "max_steps": 2], observer)
    }
    #expect(error?.description.contains("no model to keep") == true)
    #expect(!ByteFile.exists("\(folder)/all_results.json"))
    #expect(!ByteFile.exists("\(folder)/model.safetensors"))
  }

  @Test func aTeacherWhoseOutputsAreNoNumbersIsNamed() throws {
    let world = try ResumeTests.World()
    let path = world.toy.scratch.path
    var shape = world.toy.shape(dropout: 0.1)
    shape.layers = 2
    let labels = LabelSet(names: ["negative", "positive"])
    let teacher = SequenceClassifier(shape, labels: labels)
    teacher.initialize(seed: 2)
    Kernel.scale(
      Matrix(teacher.parameters.buffer, rows: 1, columns: teacher.parameters.count), by: 1e36)
    try ModelFolder.write(teacher, labels: labels, to: "\(path)/teacher", tokenizer: path)
    let error = #expect(throws: FileError.self) {
      try world.prepared(["name": "kd"], output: "run").execute(SilentObserver())
    }
    #expect(error?.description.contains("the teacher (\(path)/teacher)") == true)
    #expect(!ByteFile.exists("\(path)/run"))
  }

  @Test func aStateThatWentAstrayTakesNoOnesPlace() throws {
    let observer = SilentObserver()
    #expect(throws: TrainingError.self) {
      try run(
        [
          "learning_rate": 1e38, "lr_scheduler_type": "constant_with_warmup", "warmup_steps": 1,
          "save_steps": 1, "save_total_limit": 1,
        ], observer)
    }
    // The first update has the rate 0, the second spoils the weights, and the others are skipped.
    #expect(ByteFile.exists("\(folder)/checkpoint-1/manifest.json"))
    for step in 2...9 { #expect(!ByteFile.exists("\(folder)/checkpoint-\(step)")) }
    #expect(observer.notices.contains { $0.contains("update 2 is not saved") })
  }

  /// Weights that are finite and lost all the same.
  @Test func theLastGoodStateStays() throws {
    #expect(throws: TrainingError.self) {
      try run(
        [
          "lr_scheduler_type": "constant_with_warmup", "warmup_steps": 1, "save_steps": 1,
          "save_total_limit": 1,
        ], SilentObserver())
    }
    #expect(ByteFile.exists("\(folder)/checkpoint-1/manifest.json"))
    #expect(ByteFile.exists("\(folder)/checkpoint-2/manifest.json"))
  }

  @Test func outputsThatAreNoNumbersAreNeverTheBest() throws {
    let observer = SilentObserver()
    #expect(throws: TrainingError.self) {
      try run(["max_steps": 2, "eval_strategy": "steps", "eval_steps": 1], observer)
    }
    #expect(observer.evaluated.count == 2 && observer.evaluated.allSatisfy { !$0.isBest })
    #expect(observer.evaluated.allSatisfy { $0.entry["eval_accuracy"]?.isNaN == true })
    #expect(!ByteFile.exists("\(folder)/best"))
  }
}
