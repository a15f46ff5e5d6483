import Files
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
    let outcome = try run(["nonfinite_patience": 100], observer)
    #expect(outcome.results.first { $0.name == "skipped_updates" }?.value == 8)
    let results = try StrictJSON.read("\(folder)/all_results.json")
    #expect(results["skipped_updates"]?.int == 8)
    #expect(results["train_loss"]?.double?.isFinite == true)
    #expect(ByteFile.exists("\(folder)/nonfinite-9.json"))
    // A new run does not leave the files of an older one beside its own.
    _ = try ToyFinetuning.prepared(toy, overwrites: true).execute(SilentObserver())
    #expect(!ByteFile.exists("\(folder)/nonfinite-9.json"))
    #expect(try StrictJSON.read("\(folder)/all_results.json")["skipped_updates"] == nil)
  }
}
