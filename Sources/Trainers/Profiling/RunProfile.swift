import Data
import Glibc
import Kernels

/// What a run trains: everything needed to make some of its updates without an output folder.
package struct TrainingParts {
  package let objective: any Objective
  package let data: TokenizedDataset
  package let trainer: Trainer

  package init(objective: any Objective, data: TokenizedDataset, trainer: Trainer) {
    self.objective = objective
    self.data = data
    self.trainer = trainer
  }
}

/// Where the time of a run's updates goes.
public struct RunProfile: Sendable {
  /// The updates of one of the run's models.
  public struct Phase: Sendable {
    /// The model's name in the log; empty for the main model.
    public let name: String
    /// Updates that were timed.
    public let updates: Int
    /// The share of the run's updates that train this model.
    public let shareOfUpdates: Double
    /// Texts and tokens in the batches of these updates, not counting texts made from them.
    public let texts, tokens: Int
    /// Their thread time by kernel.
    public let breakdown: ProfileBreakdown
    /// What this process has told the others that share the run; nil if there are none.
    public let exchange: Exchange?

    /// Seconds per update.
    public var secondsPerUpdate: Double { breakdown.seconds / Double(max(1, updates)) }
  }

  /// Gradients that a process has sent to others, in all counted updates.
  public struct Exchange: Sendable {
    /// Bytes that were sent, and those of them that had arrived while backward passes still ran.
    public let bytes, bytesBehindPasses: Int
    /// The size of the gradients.
    public let gradientBytes: Int

    /// What was sent, over the size of the gradients: 2 (n - 1) / n is the least for n processes.
    public var timesTheirSize: Double { Double(bytes) / Double(max(1, gradientBytes)) }
    /// The share of what was sent that had arrived while backward passes still ran.
    public var shareBehindPasses: Double { Double(bytesBehindPasses) / Double(max(1, bytes)) }
  }

  /// Processes that share the run.
  public let processes: Int
  /// Parts of a batch that are worked on at the same time (`shards`).
  public let lanes: Int
  /// In the order of training.
  public let phases: [Phase]
  /// Worker threads.
  public let threads: Int
  /// The measured multiply-add rate of all threads together, in operations per second.
  public let peakRate: Double
  /// The most memory that the process has held so far, in bytes.
  public let peakMemory: Int

  /// Mean seconds of an update over the whole run.
  public var meanSecondsPerUpdate: Double {
    phases.reduce(0) { $0 + $1.shareOfUpdates * $1.secondsPerUpdate }
  }
}

extension TrainingParts {
  /// - Parameter cutFor: cuts work as on a machine of so many cores; 0 for the threads at hand.
  package func profile(
    updates: Int, warmUp: Int, cutFor: Int = 0, shouldStop: @escaping () -> Bool = { false }
  ) throws -> RunProfile {
    let models = objective.trainedModels
    var trainer = self.trainer
    if cutFor > 0 { trainer.pool = ThreadPool(threads: trainer.pool.threads, cutFor: cutFor) }
    // All stages of the main model are counted.
    let stages = models.count { $0.parameters === models[0].parameters }
    trainer.arguments.maxSteps = (warmUp + updates) * stages
    trainer.arguments.evalStrategy = .no
    trainer.arguments.loggingSteps = 0
    trainer.arguments.loadBestModelAtEnd = false
    let meter = UpdateMeter(models: models.count, warmUp: warmUp, updates: updates)
    let peakRate = Processor.measuredPeak(pool: trainer.pool)
    try Profile.session { () throws in
      _ = try trainer.run(
        MeteredObjective(base: objective, meter: meter), data: data, evaluate: nil,
        metric: ("loss", false), observer: StopObserver(shouldStop))
      meter.close()
    }
    // Turns come in cycles. This many batches hold enough cycles for three digits.
    let sampled =
      stages == 1 ? 100_000 : Trainer.plannedSteps(self.trainer.arguments, rows: data.count)
    var turns = Array(repeating: 0, count: models.count)
    for batch in 0..<sampled { turns[objective.turn(batch: batch)] += 1 }
    let tallies = meter.tallies
    return RunProfile(
      processes: trainer.group.count, lanes: try trainer.shares().lanes,
      phases: models.indices.reversed().filter { tallies[$0].updates > 0 }.map { index in
        RunProfile.Phase(
          name: models[index].name, updates: tallies[index].updates,
          shareOfUpdates: Double(turns[index]) / Double(sampled), texts: tallies[index].texts,
          tokens: tallies[index].tokens,
          breakdown: ProfileBreakdown(
            tallies[index].counts, seconds: tallies[index].seconds, threads: trainer.pool.threads),
          exchange: trainer.group.isShared ? RunProfile.Exchange(tallies[index]) : nil)
      }, threads: trainer.pool.threads, peakRate: peakRate, peakMemory: Self.peakMemory())
  }

  private static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }
}

extension RunProfile.Exchange {
  fileprivate init(_ tally: UpdateMeter.Tally) {
    self.init(
      bytes: tally.sent.bytes, bytesBehindPasses: tally.sent.bytesBefore,
      gradientBytes: tally.gradientBytes)
  }
}

/// Observes nothing; it only says whether to stop.
private final class StopObserver: TrainingObserver {
  private let isStopping: () -> Bool

  init(_ isStopping: @escaping () -> Bool) { self.isStopping = isStopping }

  func didLog(_ entry: LogEntry) {}
  func didEvaluate(_ entry: LogEntry, isBest: Bool) {}
  func didStep(_ step: Int, of total: Int, loss: Double, learningRate: Double, texts: Int) {}
  var shouldStop: Bool { isStopping() }
}
