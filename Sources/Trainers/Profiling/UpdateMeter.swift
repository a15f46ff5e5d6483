import Kernels
import Synchronization

/// Decides which model each update trains, and counts what each update takes.
///
/// The loop asks for a batch's turn before it does anything else for that batch, so the time
/// between two such questions is one update.
final class UpdateMeter: Sendable {
  /// The updates of one model.
  struct Tally: Sendable {
    var updates = 0
    var seconds = 0.0
    var texts = 0, tokens = 0
    var counts = ProfileSnapshot()
    /// The gradients, and what of them was sent to other processes.
    var gradientBytes = 0
    var sent = GradientExchange.Sent()
  }

  private struct State: Sendable {
    var batch = -1
    var start: ContinuousClock.Instant?
    var counts = ProfileSnapshot()
    var texts = 0, tokens = 0
    var exchange: GradientExchange?
    var tallies: [Tally]
  }

  private let warmUp: Int
  private let updatesPerModel: Int
  private let state: Mutex<State>

  /// A meter that leaves `warmUp` updates of each model uncounted and then counts `updates` of
  /// them.
  init(models: Int, warmUp: Int, updates: Int) {
    self.warmUp = warmUp
    updatesPerModel = warmUp + updates
    state = Mutex(State(tallies: Array(repeating: Tally(), count: models)))
  }

  /// What was counted, per model.
  var tallies: [Tally] { state.withLock { $0.tallies } }

  /// The model that a batch trains. The last model comes first: the loop counts updates of the
  /// first one, so it ends only once all models have had theirs.
  func turn(batch: Int) -> Int {
    state.withLock { state in
      // Whoever asks for a batch that is over, such as a summary, begins no update.
      if batch > state.batch {
        close(&state)
        state.batch = batch
        state.texts = 0
        state.tokens = 0
        state.exchange = nil
        state.counts = ProfileSnapshot.now()
        state.start = ContinuousClock.now
      }
      return turn(of: batch, models: state.tallies.count)
    }
  }

  /// Counts a part of the current update's batch.
  ///
  /// - Parameter exchange: where its gradients go; nil if another part follows.
  func add(texts: Int, tokens: Int, exchange: GradientExchange?) {
    state.withLock {
      $0.texts += texts
      $0.tokens += tokens
      $0.exchange = exchange
    }
  }

  /// Ends the last update.
  func close() { state.withLock { close(&$0) } }

  private func turn(of batch: Int, models: Int) -> Int {
    max(0, models - 1 - batch / updatesPerModel)
  }

  private func close(_ state: inout State) {
    guard let start = state.start else { return }
    state.start = nil
    guard state.batch % updatesPerModel >= warmUp else { return }
    let place = turn(of: state.batch, models: state.tallies.count)
    state.tallies[place].updates += 1
    state.tallies[place].seconds += (ContinuousClock.now - start) / .seconds(1)
    state.tallies[place].texts += state.texts
    state.tallies[place].tokens += state.tokens
    state.tallies[place].counts += ProfileSnapshot.now() - state.counts
    guard let exchange = state.exchange else { return }
    state.tallies[place].gradientBytes += exchange.gradientBytes
    state.tallies[place].sent += exchange.sent
  }
}

/// An objective, unchanged except that the meter decides its turns.
struct MeteredObjective: Objective {
  let base: any Objective
  let meter: UpdateMeter

  var trainedModels: [TrainedModel] { base.trainedModels }
  var updatesPerBatch: Int { base.updatesPerBatch }

  func turn(batch: Int) -> Int { meter.turn(batch: batch) }

  func loss(_ step: StepContext) throws -> Scalars {
    meter.add(
      texts: step.shards.reduce(0) { $0 + $1.count },
      tokens: step.shards.reduce(0) { $0 + $1.tokens.ids.count }, exchange: step.exchange)
    return try base.loss(step)
  }
}
