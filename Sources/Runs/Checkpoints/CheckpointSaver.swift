import Files
import Synchronization
import Trainers

/// Writes checkpoints beside the training: the run waits for a copy of its state, not for the disk.
///
/// Older checkpoints make room for a new one (`save_total_limit`) when an update from it has turned
/// out well: weights may be finite, and nothing that is computed with them.
///
/// One checkpoint is written at a time. One that cannot be written does not end the run: the older
/// ones stay, and the user is told at once and once more at the end.
package final class CheckpointSaver: StateSaver {
  /// Writes the model of a state to a folder.
  package typealias ModelWriter = @Sendable (_ state: RunState, _ folder: String) throws -> Void

  private let arguments: TrainingArguments
  private let run: RunFolder
  private let description: RunDescription
  private let writeModel: ModelWriter
  private let warn: @Sendable (String) -> Void
  private let failure = FirstError()
  private var writer: BackgroundWork?
  private let busy = Flag()
  /// The checkpoint that older ones are to make room for, once it is confirmed.
  private var newest: Newest?

  private struct Newest: Sendable {
    let step: Int
    let best: Int?
    var isConfirmed = false
  }

  /// - Parameters:
  ///   - run: the run's folder.
  ///   - warn: shows the user a sentence while the run goes on.
  package init(
    _ arguments: TrainingArguments, run: RunFolder, description: RunDescription,
    warn: @escaping @Sendable (String) -> Void, writeModel: @escaping ModelWriter
  ) {
    self.arguments = arguments
    self.run = run
    self.description = description
    self.warn = warn
    self.writeModel = writeModel
  }

  /// As transformers does it, the last update is saved in any case unless nothing is.
  package func isDue(step: Int, stepsPerEpoch: Int, isLast: Bool) -> Bool {
    switch arguments.saveStrategy {
    case .no: false
    case .steps: isLast || step % arguments.saveSteps == 0
    case .epoch: isLast || step % stepsPerEpoch == 0
    }
  }

  package func save(
    _ state: @autoclosure () -> RunState, step: Int, best: Int?, makesRoom: Bool = true
  ) {
    // Before the state is copied: there is never more than one copy in memory.
    wait()
    let state = state()
    let folder = CheckpointFolder(step: step, run: run.path)
    let (description, writeModel, failure) = (description, writeModel, failure)
    let due = newest.flatMap { $0.isConfirmed ? $0 : nil }
    newest = makesRoom ? Newest(step: step, best: best) : nil
    work { [run, warn, removeOlder] in
      do {
        try run.lock.requireHeld()
        if let due { removeOlder(due) }
        try folder.write(state, description: description) { try writeModel(state, $0) }
      } catch {
        // Without the folder the run does not go on, and says why at its end.
        if !run.lock.isLost {
          warn("the run goes on, but checkpoint-\(step) could not be saved: \(error)")
        }
        failure.remember(error)
      }
    }
  }

  package func confirm() {
    guard newest?.isConfirmed == false else { return }
    newest?.isConfirmed = true
    // If it is still being written, the next save sees to it.
    if !busy.isRaised.load(ordering: .acquiring) { makeRoom() }
  }

  /// Waits until the last checkpoint is on the disk, and lets older ones make room for it: the run
  /// has come to its end.
  package func settle() {
    wait()
    makeRoom()
    wait()
  }

  private func makeRoom() {
    guard let newest else { return }
    self.newest = nil
    wait()
    work { [removeOlder] in removeOlder(newest) }
  }

  /// Removes checkpoints beyond the limit that are not of these updates.
  private var removeOlder: @Sendable (Newest) -> Void {
    { [run, limit = arguments.saveTotalLimit] newest in
      // One that could not be written takes nobody's place.
      guard let limit, !run.lock.isLost,
        CheckpointFolder(step: newest.step, run: run.path).hasManifest
      else { return }
      CheckpointFolder.rotate(
        in: run.path, limit: limit, newest: newest.step, best: newest.best)
    }
  }

  private func work(_ body: @escaping @Sendable () -> Void) {
    busy.isRaised.store(true, ordering: .releasing)
    let work: @Sendable () -> Void = { [busy] in
      body()
      busy.isRaised.store(false, ordering: .releasing)
    }
    writer = BackgroundWork(work)
    // Where the number of threads is limited, training waits for the disk.
    if writer == nil { work() }
  }

  /// Waits until the last checkpoint is on the disk.
  package func wait() {
    writer?.join()
    writer = nil
  }

  /// The first error of a checkpoint that could not be written.
  var firstError: (any Error)? { failure.error }
}

/// The first of several errors, of any thread.
private final class FirstError: Sendable {
  private let first = Mutex<(any Error)?>(nil)

  var error: (any Error)? { first.withLock { $0 } }

  func remember(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
}

/// Whether a thread is at work.
private final class Flag: Sendable {
  let isRaised = Atomic<Bool>(false)
}
