import Foundation
import Kernels

/// What an update would take on a machine with more cores, from a profile of this one.
///
/// The work of each kernel is divided among the cores as its parts allow. What goes through the
/// whole model, the optimiser and the sum of gradients after the backward pass, is no faster than
/// memory lets it. Work that nobody shares is done by the threads that have a shard. Assumed
/// are cores like those that were measured, caches that hold the operands of all other kernels, and
/// an even load of the shards.
public struct ThreadsModel: Sendable {
  /// Bytes a second that all cores together get from memory.
  public let memoryRate: Double
  /// Seconds that a thread loses each time it hands out parts and gathers the results.
  public let meeting: Double

  /// A model of a machine.
  public init(memoryRate: Double, meeting: Double) {
    self.memoryRate = memoryRate
    self.meeting = meeting
  }

  /// The expected time of an update.
  public struct Prediction: Sendable {
    /// Cores of the machine.
    public let cores: Int
    /// Seconds of an update.
    public let seconds: Double
    /// The time of one core divided by `cores` times this one.
    public let efficiency: Double
    /// The seconds in which memory is the limit, those of serial work, and those of meetings.
    public let memory, serial, meetings: Double
  }

  /// The update of a phase on `cores` cores. The phase should have been measured with its work cut
  /// for that many, see `ThreadPool.init(threads:cutFor:)`.
  ///
  /// - Parameter lanes: the parts of a batch that are worked on at the same time (`shards`).
  public func prediction(_ phase: RunProfile.Phase, cores: Int, lanes: Int = 2) -> Prediction {
    let updates = Double(max(1, phase.updates))
    let breakdown = phase.breakdown
    let lanes = Double(max(1, min(lanes, cores)))
    func total(_ part: Profile.Part) -> Profile.Total {
      breakdown.rows.first { $0.part == part }?.total ?? Profile.Total()
    }
    // While one thread prepares a batch, all others are idle.
    let serial =
      breakdown.threads > 1
      ? total(.idle).seconds / Double(breakdown.threads - 1) : 0
    let rest = max(0, total(.other).seconds - serial)
    var seconds = serial + rest / lanes
    var alone = serial + rest
    var memory = 0.0
    var shares = 0
    for row in breakdown.rows {
      let part = row.total
      switch row.part {
      case .idle, .waiting, .meeting, .exchange, .other: continue
      default: break
      }
      alone += part.seconds
      shares += part.shares
      let isEverybodys = row.part == .optimizer || row.part == .gradientSum
      var time = part.seconds / Double(cores)
      if !isEverybodys {
        let shared = part.calls == 0 ? 0 : min(1, Double(part.parts) / Double(part.calls))
        time =
          part.seconds * (1 - shared) / lanes
          + part.seconds * shared / Double(cores) * unevenness(part, cores: cores)
      }
      // What is shared is added during the backward pass, while a cache still has it.
      let bytes = row.part == .gradientSum ? max(0, part.bytes - part.sharedWork) : part.bytes
      let floor = isEverybodys && cores > 1 ? bytes / memoryRate : 0
      if floor > time { memory += floor }
      seconds += max(time, floor)
    }
    let meetings = cores > 1 ? Double(shares) * meeting * log2(Double(cores)) / lanes : 0
    seconds += meetings
    return Prediction(
      cores: cores, seconds: seconds / updates, efficiency: alone / (Double(cores) * seconds),
      memory: memory / updates, serial: serial / updates, meetings: meetings / updates)
  }

  /// By how much the thread with the most parts takes longer than the mean.
  private func unevenness(_ part: Profile.Total, cores: Int) -> Double {
    part.sharedWork > 0 && cores > 2 ? part.roomForWork / part.sharedWork : 1
  }
}
