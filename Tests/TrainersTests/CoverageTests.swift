import Autograd
import Data
import Kernels
import Methods
import Models
import Synchronization
import TestSupport
import Testing
import Trainers

/// How many texts a student has read, how many of them are different, and a warm-up that is too
/// long for them.
@Suite struct CoverageTests {
  /// Notes the rows of the main model's batches.
  private struct Reader: Objective {
    let trainedModels: [TrainedModel]
    let updatesPerBatch: Int
    let seen = Rows()

    final class Rows: Sendable {
      let rows = Mutex<[Int]>([])
    }

    /// The other model learns in every third update.
    func turn(batch: Int) -> Int { batch % 3 == 0 ? 1 : 0 }

    func loss(_ step: StepContext) throws -> Scalars {
      if step.turn == 0 {
        seen.rows.withLock { $0 += step.shards.flatMap(\.rows) }
      }
      return Scalars()
    }
  }

  @Test(arguments: [1, 2], [3, 6, 9])
  func textsAndDistinctTexts(updatesPerBatch: Int, updates: Int) throws {
    let toy = try ToyWorld(rows: 22)
    let (main, other) = (toy.classifier(seed: 1), toy.classifier(seed: 2))
    let reader = Reader(
      trainedModels: [
        TrainedModel(main.parameters), TrainedModel(other.parameters, name: "other"),
      ],
      updatesPerBatch: updatesPerBatch)
    let summary = try toy.run(
      reader, TrainingArguments(perDeviceTrainBatchSize: 4, maxSteps: updates))
    let rows = reader.seen.rows.withLock { $0 }
    #expect(summary.mainTexts == rows.count && summary.distinctTexts == Set(rows).count)
    #expect(summary.texts > summary.mainTexts)
    if updates == 3 { #expect(summary.distinctTexts < 22) }
  }

  @Test func aWarmUpOfMoreThanHalfTheRunIsMentioned() {
    func notice(_ steps: Int, updates: Int, _ kind: TrainingArguments.Schedule = .linear) -> String?
    {
      TrainingArguments(lrSchedulerType: kind, warmupSteps: steps).warmupNotice(updates: updates)
    }
    // The official code's 2138 on RTE: 2490 rows in batches of 32, 30 epochs.
    #expect(notice(2138, updates: 2340)?.contains("is at its peak late") == true)
    #expect(
      notice(2138, updates: 780)
        == "train.warmup_steps 2138 is more than half of the run's 780 updates, so the learning rate "
        + "never reaches its peak; take fewer, or train.warmup_ratio")
    #expect(notice(2138, updates: 63150) == nil && notice(50, updates: 100) == nil)
    #expect(notice(2138, updates: 100, .constant) == nil)
  }
}
