import Dispatch
import Runs
import Synchronization
import TestSupport
import Testing
import Trainers

/// How checkpoints are written beside the training.
@Suite struct CheckpointSaverTests {
  /// A copy of the state is as large as weights and moments, and the memory estimate counts one. So
  /// the next copy is only made when the checkpoint before it is written.
  @Test func thereIsOneCopyOfTheStateAtATime() throws {
    let scratch = try ScratchFolder()
    let writing = Mutex(false)
    let (begun, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let saver = CheckpointSaver(
      TrainingArguments(), run: try RunFolder("\(scratch.path)/run", overwrite: false),
      description: RunDescription(json: [:]), warn: { _ in }
    ) { _, _ in
      writing.withLock { $0 = true }
      begun.signal()
      mayEnd.wait()
      writing.withLock { $0 = false }
    }
    var copies = 0
    func copy() -> RunState {
      copies += 1
      #expect(!writing.withLock { $0 }, "copy \(copies)")
      return RunState()
    }
    saver.save(copy(), step: 1, best: nil)
    begun.wait()
    // The first checkpoint ends only after the second save has had the time to copy too early.
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.2) {
      mayEnd.signal()
      mayEnd.signal()
    }
    saver.save(copy(), step: 2, best: nil)
    saver.wait()
    #expect(copies == 2)
  }
}
