import Autograd

/// A model that an objective trains, with the settings of its optimiser.
public struct TrainedModel: Sendable {
  /// Prefix of its entries in the log; empty for the main model.
  public let name: String
  /// Its weights.
  public let parameters: Parameters
  /// Its optimiser.
  public let optimizer: OptimizerSettings
  /// Its learning rate, by its own number of updates.
  public let schedule: LearningRateSchedule
  /// Weights outside the model that learn with it by the same optimiser, such as projections; nil
  /// for none. Clipping sees one gradient over both.
  public var companions: Parameters?

  /// A model to train.
  public init(
    name: String, parameters: Parameters, optimizer: OptimizerSettings,
    schedule: LearningRateSchedule, companions: Parameters? = nil
  ) {
    self.name = name
    self.parameters = parameters
    self.companions = companions
    self.optimizer = optimizer
    self.schedule = schedule
  }

  /// The model and its companions, in the order of their gradients.
  package var allParameters: [Parameters] { [parameters] + (companions.map { [$0] } ?? []) }
}

/// What is minimised: a distillation method, fine-tuning or language modelling.
///
/// The training loop hands it a batch and takes back named scalars; gradients arrive in the
/// buffers that the tapes are bound to. An objective sees no files and no terminal.
public protocol Objective: Sendable {
  /// The models it trains. The first one's updates are counted as `global_step`; it is evaluated and
  /// saved. A model that is trained in stages, each with an optimiser and a schedule of its own, is
  /// there once a stage; a stage begins with the best weights so far where the run keeps them
  /// (`load_best_model_at_end`).
  var trainedModels: [TrainedModel] { get }

  /// Index into `trainedModels` of the model that the batch with this number (from 0) trains.
  func turn(batch: Int) -> Int

  /// Updates that are made with every batch before the next one is taken.
  var updatesPerBatch: Int { get }

  /// What it must remember between batches beside the weights of `trainedModels`: queues, pseudo
  /// texts, caches whose content depends on when it was computed. Checkpoints save it.
  var memory: [any StatePart] { get }

  /// Runs forward and backward passes over a batch.
  ///
  /// - Returns: scalars among which `loss` is the batch mean of what was minimised.
  func loss(_ step: StepContext) throws -> Scalars
}

extension Objective {
  /// One model takes every turn.
  public func turn(batch: Int) -> Int { 0 }
  /// Every update has a batch of its own.
  public var updatesPerBatch: Int { 1 }
  /// Nothing but weights has to be remembered.
  public var memory: [any StatePart] { [] }
}
