import Data
import Foundation
import Kernels
import Models
import Trainers

/// A model of a run.
struct RunModel {
  let role: String
  let model: any Model
  /// The training rows as it reads them; nil if it reads the learner's tokens.
  var texts: TokenizedDataset?
}

/// Facts about a run before its first update, for `--dry-run`.
struct RunPlan {
  /// Names and values in order.
  var facts: [(name: String, value: String)]
  /// The memory that the run will take.
  let memory: MemoryEstimate

  /// - Parameters:
  ///   - rows: what data there is to read.
  ///   - models: all models of the run, by role.
  ///   - objective: what the models do.
  init(
    rows: [(name: String, value: String)], models: [RunModel],
    objective: any Objective, data: TokenizedDataset, setup: RunSetup
  ) {
    let arguments = setup.arguments
    memory = MemoryEstimate(objective, models: models, data: data, setup: setup)
    let steps = Trainer.plannedSteps(arguments, rows: data.count)
    facts =
      rows + models.map { ("\($0.role) parameters", "\($0.model.parameters.count)") } + [
        ("updates", "\(steps) (\(Trainer.stepsPerEpoch(arguments, rows: data.count)) an epoch)"),
        ("threads", "\(setup.pool.threads)"), ("shards", "\(setup.shards)"),
        ("precision", setup.precision.rawValue), ("memory estimate", "\(memory)"),
        ("output", setup.common.outputDir),
      ]
  }

  /// The number of rows and how long they are.
  static func rows(_ data: TokenizedDataset) -> String {
    "\(data.count) (mean length \(String(format: "%.1f", meanLength(data))) tokens)"
  }

  private static func meanLength(_ data: TokenizedDataset) -> Double {
    Double(data.tokenCount) / Double(max(1, data.count))
  }
}
