import Autograd

/// A model that an objective trains, with the settings of its optimiser.
///
/// ```swift
/// let training = TrainedModel(
///   name: "", parameters: model.parameters, optimizer: OptimizerSettings(arguments),
///   schedule: LearningRateSchedule(arguments, totalSteps: arguments.maxSteps))
/// ```
public struct TrainedModel: Sendable {
  /// The prefix of its entries in the log; empty for the main model.
  public let name: String
  /// Its weights.
  public let parameters: Parameters
  /// Its optimiser.
  public let optimizer: OptimizerSettings
  /// Its learning rate, as a function of its own number of updates.
  public let schedule: LearningRateSchedule
  /// Weights outside the model that learn with it under the same optimiser, such as projections;
  /// nil for none. Gradients of both are clipped as one.
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
///
/// Fine-tuning on labels, as an objective:
///
/// ```swift
/// struct Labels: Objective {
///   let model: SequenceClassifier
///   let trainedModels: [TrainedModel]
///
///   func loss(_ step: StepContext) throws -> Scalars {
///     try step.forEachShard { shard, tape in
///       let logits = model.logits(shard.tokens, tape: tape, training: true)
///       let texts = Double(step.count)
///       let sum = tape.crossEntropy(
///         logits, labels: shard.targets.classes, weight: Float(step.share / texts))
///       tape.backward()
///       var scalars = Scalars()
///       scalars["loss"] = sum / texts
///       return scalars
///     }
///   }
/// }
/// ```
public protocol Objective: Sendable {
  /// The models it trains. Updates of the first one are counted as `global_step`, and that model is
  /// evaluated and saved. A model that is trained in stages, each with its own optimiser and
  /// schedule, is listed once per stage. If the run keeps the best weights
  /// (`load_best_model_at_end`), each stage begins with the best weights so far.
  var trainedModels: [TrainedModel] { get }

  /// Index into `trainedModels` of the model that the batch with this number (from 0) trains.
  func turn(batch: Int) -> Int

  /// Whether the batch with this number belongs to the last stage of training.
  /// `early_stopping_patience` counts the evaluations of that stage only: what a metric does in an
  /// earlier one says nothing about how the method ends.
  func isInLastStage(batch: Int) -> Bool

  /// The number of updates made with every batch before the next one is taken.
  var updatesPerBatch: Int { get }

  /// What it must remember between batches besides the weights of `trainedModels`: queues, pseudo
  /// texts, and caches whose content depends on when it was computed. Checkpoints save it.
  var memory: [any StatePart] { get }

  /// Numbers about what goes on within the method, measured and logged with every evaluation as
  /// `eval_NAME`. Measuring them changes nothing.
  func diagnostics() throws -> [(name: String, value: Double)]

  /// Runs forward and backward passes over a batch.
  ///
  /// - Returns: scalars, one of them `loss`: the batch mean of what was minimised.
  func loss(_ step: StepContext) throws -> Scalars
}

extension Objective {
  /// The same model takes every turn.
  public func turn(batch: Int) -> Int { 0 }
  /// There is one stage.
  public func isInLastStage(batch: Int) -> Bool { true }
  /// Every update has its own batch.
  public var updatesPerBatch: Int { 1 }
  /// Nothing is measured.
  public func diagnostics() throws -> [(name: String, value: Double)] { [] }
  /// Nothing but the weights has to be remembered.
  public var memory: [any StatePart] { [] }
}
