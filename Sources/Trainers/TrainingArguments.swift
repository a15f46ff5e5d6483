import Configuration
import Data

/// The section `train`, with the names and defaults of Hugging Face's `TrainingArguments` as far as
/// they make sense here. Only the default of `logging_steps` differs: 50 instead of 500.
public struct TrainingArguments: Sendable {
  /// The optimiser.
  public enum Optimizer: String, Sendable, CaseIterable {
    /// Adam with decoupled weight decay.
    case adamw
    /// Adam; weight decay is added to the gradient.
    case adam
  }

  /// How the learning rate changes after the warm-up.
  public enum Schedule: String, Sendable, CaseIterable {
    /// Linearly down to zero.
    case linear
    /// Half a cosine down to zero.
    case cosine
    /// Constant from the first step on; warm-up is ignored.
    case constant
    /// Constant after the warm-up.
    case constantWithWarmup = "constant_with_warmup"
  }

  /// When something happens.
  public enum Interval: String, Sendable, CaseIterable {
    /// Never.
    case no
    /// Every given number of steps.
    case steps
    /// After every epoch.
    case epoch
  }

  /// `per_device_train_batch_size`: rows per forward pass.
  public var perDeviceTrainBatchSize: Int
  /// `per_device_eval_batch_size`
  public var perDeviceEvalBatchSize: Int
  /// `gradient_accumulation_steps`: batches per update.
  public var gradientAccumulationSteps: Int
  /// `max_tokens_per_batch`: the most tokens that a shard's forward pass holds, though always at
  /// least one text. An update keeps its number of texts: those that do not fit are worked on piece
  /// by piece, and their gradients are added up. This bounds memory.
  public var maxTokensPerBatch: Int
  /// `num_train_epochs`; a fraction ends within an epoch.
  public var numTrainEpochs: Double
  /// `max_steps`: updates. It overrides the epochs if positive.
  public var maxSteps: Int
  /// `learning_rate`: the highest one.
  public var learningRate: Double
  /// `weight_decay`; never on biases and LayerNorm.
  public var weightDecay: Double
  /// `adam_beta1`
  public var adamBeta1: Double
  /// `adam_beta2`
  public var adamBeta2: Double
  /// `adam_epsilon`
  public var adamEpsilon: Double
  /// `max_grad_norm`: the gradient is scaled down to this norm; 0 means never.
  public var maxGradNorm: Double
  /// `optim`
  public var optim: Optimizer
  /// `lr_scheduler_type`
  public var lrSchedulerType: Schedule
  /// `warmup_steps`: updates of linear warm-up.
  public var warmupSteps: Int
  /// `warmup_ratio`: the same as a fraction of all updates; 0 if `warmup_steps` applies.
  public var warmupRatio: Double
  /// `label_smoothing_factor`
  public var labelSmoothingFactor: Double
  /// `eval_strategy`
  public var evalStrategy: Interval
  /// `eval_steps`; nil means `logging_steps`.
  public var evalSteps: Int?
  /// `logging_steps`: updates between two lines of the log.
  public var loggingSteps: Int
  /// `metric_for_best_model`; nil means the task's first metric.
  public var metricForBestModel: String?
  /// `greater_is_better`; nil means true, except for a metric whose name ends in `loss`.
  public var greaterIsBetter: Bool?
  /// `load_best_model_at_end`: keep a copy of the best model and make it the result.
  public var loadBestModelAtEnd: Bool
  /// `early_stopping_patience`: stop after this many evaluations without a better metric, counted
  /// in the last stage of an objective (`Objective.isInLastStage`).
  public var earlyStoppingPatience: Int?
  /// `early_stopping_threshold`: by how much a metric must be better to count.
  public var earlyStoppingThreshold: Double
  /// `train_sampling_strategy`
  public var trainSamplingStrategy: Sampler.Strategy
  /// `dataloader_drop_last`: leave out a last batch that is not full.
  public var dataloaderDropLast: Bool
  /// `max_train_samples`: use only this many rows, drawn by the seed; nil means all.
  public var maxTrainSamples: Int?
  /// `max_eval_samples`: use only this many rows from the beginning; nil means all.
  public var maxEvalSamples: Int?
  /// `nonfinite_patience`: the run stops after so many updates in a row whose loss or gradient is
  /// not finite; fewer are skipped.
  public var nonFinitePatience = 5
  /// `save_strategy`: when checkpoints are saved.
  public var saveStrategy: Interval = .steps
  /// `save_steps`: updates between two checkpoints.
  public var saveSteps = 500
  /// `save_total_limit`: the newest so many checkpoints are kept; nil keeps all.
  public var saveTotalLimit: Int? = 2
  /// `resume_from_checkpoint`; nil begins anew.
  public var resumeFromCheckpoint: ResumeSource?
  /// `report_to`: where the log goes besides the run's own files.
  public var reportTo: [LogDestination] = []
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// Enough rows for the fastest products; more would only take memory (docs/performance.md).
  public static let defaultMaxTokensPerBatch = 512

  /// Arguments set by the program.
  public init(
    perDeviceTrainBatchSize: Int = 8, perDeviceEvalBatchSize: Int = 8,
    gradientAccumulationSteps: Int = 1, maxTokensPerBatch: Int = Self.defaultMaxTokensPerBatch,
    numTrainEpochs: Double = 3, maxSteps: Int = -1,
    learningRate: Double = 5e-5, weightDecay: Double = 0, adamBeta1: Double = 0.9,
    adamBeta2: Double = 0.999, adamEpsilon: Double = 1e-8, maxGradNorm: Double = 1,
    optim: Optimizer = .adamw, lrSchedulerType: Schedule = .linear, warmupSteps: Int = 0,
    warmupRatio: Double = 0, labelSmoothingFactor: Double = 0, evalStrategy: Interval = .no,
    evalSteps: Int? = nil, loggingSteps: Int = 50, metricForBestModel: String? = nil,
    greaterIsBetter: Bool? = nil, loadBestModelAtEnd: Bool = false,
    earlyStoppingPatience: Int? = nil, earlyStoppingThreshold: Double = 0,
    trainSamplingStrategy: Sampler.Strategy = .random, dataloaderDropLast: Bool = false,
    maxTrainSamples: Int? = nil, maxEvalSamples: Int? = nil,
    origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.perDeviceTrainBatchSize = perDeviceTrainBatchSize
    self.perDeviceEvalBatchSize = perDeviceEvalBatchSize
    self.gradientAccumulationSteps = gradientAccumulationSteps
    self.maxTokensPerBatch = maxTokensPerBatch
    self.numTrainEpochs = numTrainEpochs
    self.maxSteps = maxSteps
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.adamBeta1 = adamBeta1
    self.adamBeta2 = adamBeta2
    self.adamEpsilon = adamEpsilon
    self.maxGradNorm = maxGradNorm
    self.optim = optim
    self.lrSchedulerType = lrSchedulerType
    self.warmupSteps = warmupSteps
    self.warmupRatio = warmupRatio
    self.labelSmoothingFactor = labelSmoothingFactor
    self.evalStrategy = evalStrategy
    self.evalSteps = evalSteps
    self.loggingSteps = loggingSteps
    self.metricForBestModel = metricForBestModel
    self.greaterIsBetter = greaterIsBetter
    self.loadBestModelAtEnd = loadBestModelAtEnd
    self.earlyStoppingPatience = earlyStoppingPatience
    self.earlyStoppingThreshold = earlyStoppingThreshold
    self.trainSamplingStrategy = trainSamplingStrategy
    self.dataloaderDropLast = dataloaderDropLast
    self.maxTrainSamples = maxTrainSamples
    self.maxEvalSamples = maxEvalSamples
    self.origin = origin
  }
}

/// A program that shows the log of a run (`report_to`).
public enum LogDestination: String, Sendable, CaseIterable {
  /// TensorBoard: files of events in the folder `runs` of the output folder.
  case tensorBoard = "tensorboard"
}

/// What a run goes on from (`resume_from_checkpoint`).
public enum ResumeSource: Sendable, Equatable {
  /// The newest valid checkpoint of the output folder; the beginning where there is none.
  case newest
  /// A folder `checkpoint-N`.
  case folder(String)
}
