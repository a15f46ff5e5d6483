import Foundation
import Trainers

extension PreparedRun {
  /// What a dry run finds out by trying, with nothing written: how the models that teach score on
  /// the validation rows, and how long the updates take.
  ///
  /// The updates are the run's own and change the models in memory, so a run must not follow.
  ///
  /// - Parameter updates: updates of each model to measure.
  /// - Throws: what the run would throw at its start: among others, `MismatchError` for a teacher
  ///   that knows nothing.
  package func rehearse(
    updates: Int = 3
  ) throws -> (facts: [(name: String, value: String)], notices: [String]) {
    var facts: [(name: String, value: String)] = []
    let start = ContinuousClock.now
    let references = try outputs.references()
    if !references.metrics.isEmpty {
      facts += references.metrics.map {
        (
          $0.name.replacing("_", with: " "),
          String(format: $0.name.hasSuffix("_parameters") ? "%.0f" : "%.4f", $0.value)
        )
      }
      facts.append(("time to measure it", Self.time((ContinuousClock.now - start) / .seconds(1))))
    }
    let profile = try profile(updates: updates, warmUp: 1)
    guard let main = profile.phases.first(where: { $0.name.isEmpty }) ?? profile.phases.last,
      main.shareOfUpdates > 0
    else { return (facts, references.cautions) }
    let planned =
      Double(
        Trainer.plannedSteps(setup.arguments, rows: training.data.count)) / main.shareOfUpdates
    let seconds = profile.meanSecondsPerUpdate
    facts.append(
      (
        "time of all updates",
        "about \(Self.time(planned * seconds)) without evaluations (\(Self.time(seconds)) each, "
          + "\(main.updates) measured)"
      ))
    return (facts, references.cautions)
  }

  /// A time in the unit in which people would say it.
  private static func time(_ seconds: Double) -> String {
    switch seconds {
    case ..<1: String(format: "%.0f ms", seconds * 1000)
    case ..<100: String(format: "%.1f s", seconds)
    case ..<6000: String(format: "%.0f min", seconds / 60)
    default: String(format: "%.1f h", seconds / 3600)
    }
  }
}
