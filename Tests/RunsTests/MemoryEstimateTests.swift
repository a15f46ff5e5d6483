import Kernels
import Runs
import TestSupport
import Testing

/// Runs are compared with the memory that there is before they begin.
@Suite struct MemoryEstimateTests {
  /// Bytes of a part.
  private func part(_ name: String, of run: PreparedRun) -> Double {
    run.memory.parts.first { $0.name == name }?.bytes ?? 0
  }

  @Test func arraysOfTheWholeModelAreCounted() throws {
    let toy = try ToyWorld()
    let one = try ToyFinetuning.prepared(toy, hiddenSize: 64)
    let weights = part("gradients", of: one)
    #expect(weights > 64 * 64 * 4)
    #expect(part("moments", of: one) == 2 * weights)
    #expect(part("copy for a checkpoint", of: one) == 3 * weights)
    #expect(one.memory.bytes == one.memory.parts.reduce(0) { $0 + $1.bytes })
    #expect(one.memory.bytes > 6 * weights + part("activations", of: one))
    // A batch of 8 has two texts here, but a run has as many lanes as shards.
    #expect(
      part("gradients", of: try ToyFinetuning.prepared(toy, hiddenSize: 64, shards: 3)) == 3
        * weights)
    let best = try ToyFinetuning.prepared(
      toy, hiddenSize: 64, train: ["load_best_model_at_end": true, "eval_strategy": "epoch"])
    #expect(part("best weights", of: best) == weights)
    #expect(part("copy for a checkpoint", of: best) == 4 * weights)
  }

  /// A batch above `max_tokens_per_batch` is worked on in pieces, so its activations take less.
  @Test func piecesOfABatchTakeLess() throws {
    let toy = try ToyWorld()
    // Wide enough for buffers of three tokens to be larger than the pool's smallest blocks.
    let whole = try ToyFinetuning.prepared(toy, hiddenSize: 1024)
    let pieces = try ToyFinetuning.prepared(
      toy, hiddenSize: 1024, train: ["max_tokens_per_batch": 3])
    #expect(part("activations", of: pieces) < part("activations", of: whole))
    #expect(part("moments", of: pieces) == part("moments", of: whole))
  }

  @Test func aRunThatDoesNotFitIsRefused() throws {
    let run = try ToyFinetuning.prepared(ToyWorld())
    let missing = Int(run.memory.missing)
    func check(_ left: Int) throws -> String? {
      try run.memory.check(limits: [MemoryLimit(.controlGroup, total: 2 * missing, left: left)])
    }
    #expect(try check(2 * missing) == nil)
    #expect(try check(missing)?.contains("its control group's limit of") == true)
    let error = #expect(throws: MemoryShortage.self) { try check(missing / 2) }
    #expect(error?.description.contains("train.max_tokens_per_batch") == true)
  }
}
