import Foundation
import Synchronization
import Trainers

/// An objective that the benchmark directs. It decides whose turn a batch is, skips batches until
/// the one with which a pass begins, and measures the time from turn to turn.
///
/// The training loop asks for the turn at the beginning of every update, so the time between two
/// turns is the full cost of an update.
final class PassesOfSteps: Objective {
  private struct State: @unchecked Sendable {
    let source: PassSource
    var inner: any Objective
    var command: PassCommand?
    var left = 0
    var start = ContinuousClock.now
    var isSkipping = false
    var asked = -1
    var answer = 0
    var renews = false
  }

  let trainedModels: [TrainedModel]
  private let batches: Int?
  private let renew: @Sendable () throws -> any Objective
  private let state: Mutex<State>
  private let atEnd: @Sendable () -> Void

  /// - Parameters:
  ///   - batches: number of batches in a cycle; nil if they are drawn at random.
  ///   - renew: makes the objective afresh, without anything that it has learnt about the data.
  ///   - atEnd: called before the process ends, with the last command.
  init(
    source: PassSource, batches: Int?, renew: @escaping @Sendable () throws -> any Objective,
    atEnd: @escaping @Sendable () -> Void
  ) throws {
    let first = try renew()
    trainedModels = first.trainedModels
    self.batches = batches
    self.renew = renew
    self.atEnd = atEnd
    state = Mutex(State(source: source, inner: first))
  }

  func turn(batch: Int) -> Int {
    state.withLock { state in
      // If asked twice about one batch, it gives the same answer.
      if state.asked == batch { return state.answer }
      state.asked = batch
      state.answer = advance(&state, batch: batch)
      return state.answer
    }
  }

  private func advance(_ state: inout State, batch: Int) -> Int {
    if state.left == 0 {
      if let command = state.command {
        let seconds = (ContinuousClock.now - state.start) / .seconds(1)
        state.source.finished(command, seconds: seconds, steps: command.count)
      }
      do {
        guard var command = try state.source.command() else {
          atEnd()
          exit(0)
        }
        if command.count == 0 { command.count = batches ?? 1 }
        state.command = command
        state.left = command.count
        state.isSkipping = true
        state.renews = command.forgetsTeacher
      } catch {
        FileHandle.standardError.write(Data("error: \(error)\n".utf8))
        exit(64)
      }
    }
    guard let command = state.command else { return 0 }
    if state.isSkipping {
      if let batches, command.first >= 0, batch % batches != command.first % batches { return 0 }
      state.isSkipping = false
      state.start = ContinuousClock.now
    }
    state.left -= 1
    return command.trainsGenerator ? 1 : 0
  }

  func loss(_ step: StepContext) throws -> Scalars {
    let (skips, renews) = state.withLock { ($0.isSkipping, $0.renews) }
    if skips { return Scalars() }
    if renews {
      let fresh = try renew()
      state.withLock { state in
        state.inner = fresh
        state.renews = false
      }
    }
    return try state.withLock { $0.inner }.loss(step)
  }
}
