import Configuration
import Data
import Kernels

extension TrainingArguments {
  /// Reads the whole section.
  /// - Throws: `ConfigError`.
  package init(reading section: ConfigSection) throws {
    try Self.takeOldSpellings(section)
    self.init(origin: ConfigOrigin(section))
    try readBudget(section)
    try readOptimizer(section)
    try readEvaluation(section)
    try readSaving(section)
    try section.finish()
    try checkCombination(section)
  }

  private static func takeOldSpellings(_ section: ConfigSection) throws {
    try section.alias("evaluation_strategy", for: "eval_strategy")
    let old = try section.optionalBool(
      "group_by_length",
      "Old spelling; true means `train_sampling_strategy` \"group_by_length\".")
    if old != nil {
      let name = section.name("group_by_length")
      if section.has("train_sampling_strategy") {
        throw section.fail(
          "group_by_length",
          "\(name) is the old spelling of \(section.name("train_sampling_strategy")), given too; "
            + "keep the new one.")
      }
      section.document.note(
        "\(name) is an old spelling; it was read as \(section.name("train_sampling_strategy")).")
    }
    let batch = "write per_device_train_batch_size or per_device_eval_batch_size."
    for key in ["train_batch_size", "eval_batch_size", "batch_size", "per_gpu_train_batch_size"] {
      try section.refuse(key, batch)
    }
    for key in ["seed", "data_seed", "output_dir"] {
      try section.refuse(key, "it belongs at the top level.")
    }
    try refuseForeignKeys(section)
    try section.refuse("max_seq_length", "it belongs to the task or, in pretrain, the top level.")
  }

  private mutating func readBudget(_ section: ConfigSection) throws {
    // A text's place in its batch names its random draws.
    perDeviceTrainBatchSize = try section.int(
      "per_device_train_batch_size", default: 8, in: 1...RandomSite.places.count,
      "Rows per forward pass.")
    perDeviceEvalBatchSize = try section.int(
      "per_device_eval_batch_size", default: 8, in: 1...RandomSite.places.count,
      "Rows per forward pass in evaluation.")
    gradientAccumulationSteps = try section.int(
      "gradient_accumulation_steps", default: 1, in: 1...1_000_000, "Batches per update.")
    maxTokensPerBatch = try section.int(
      "max_tokens_per_batch", default: Self.defaultMaxTokensPerBatch,
      in: 1...1_000_000_000,
      "The most tokens in a shard's forward pass, though always at least one text. A lower value "
        + "takes less memory and a little more time, and changes no update.")
    numTrainEpochs = try section.number(
      "num_train_epochs", default: 3, in: .above(0, upTo: 1e6),
      "Passes over the training data; may be a fraction.")
    maxSteps = try section.int(
      "max_steps", default: -1, in: .between(1, 1_099_511_627_776).or(-1),
      "Updates, in `distill` those of the student; overrides `num_train_epochs` if positive.")
    let old = try section.optionalBool("group_by_length") ?? false
    section.ignore("group_by_length")
    trainSamplingStrategy = try section.choice(
      "train_sampling_strategy", default: old ? .groupByLength : .random,
      "The order of the rows: new every epoch, as in the file, or in batches of similar length."
    )
    dataloaderDropLast = try section.bool(
      "dataloader_drop_last", default: false, "Whether a last batch that is not full is left out.")
    maxTrainSamples = try section.optionalInt(
      "max_train_samples", in: .atLeast(1),
      "Use only this many training rows, drawn by the seed; a corpus or questions from the "
        + "beginning. By default all.")
    maxEvalSamples = try section.optionalInt(
      "max_eval_samples", in: .atLeast(1),
      "Use only this many validation rows from the beginning; by default all."
    )
  }

  private mutating func readOptimizer(_ section: ConfigSection) throws {
    optim = try section.choice(
      "optim", default: .adamw, "The optimiser; `adam` adds weight decay to the gradient.")
    learningRate = try section.number(
      "learning_rate", default: 5e-5, in: .atLeast(0), "The highest learning rate.")
    weightDecay = try section.number(
      "weight_decay", default: 0, in: .atLeast(0),
      "Weight decay; never applied to biases and LayerNorm.")
    adamBeta1 = try section.number(
      "adam_beta1", default: 0.9, in: .from(0, below: 1),
      "The decay rate of Adam's mean of gradients.")
    adamBeta2 = try section.number(
      "adam_beta2", default: 0.999, in: .from(0, below: 1),
      "The decay rate of Adam's mean of squares.")
    adamEpsilon = try section.number(
      "adam_epsilon", default: 1e-8, in: .above(0), "What Adam adds to its divisor.")
    maxGradNorm = try section.number(
      "max_grad_norm", default: 1, in: .atLeast(0),
      "The gradient is scaled down to this norm; 0 means never.")
    nonFinitePatience = try section.int(
      "nonfinite_patience", default: 5, in: 1...1_000_000,
      "The run stops after this many updates in a row whose loss or gradient is not finite; fewer "
        + "are skipped.")
    lrSchedulerType = try section.choice(
      "lr_scheduler_type", default: .linear,
      "How the learning rate changes after the warm-up; `constant` has no warm-up.")
    warmupSteps = try section.int(
      "warmup_steps", default: 0, in: 0...(1 << 40), "Updates of linear warm-up.")
    warmupRatio = try section.number(
      "warmup_ratio", default: 0, in: 0...1,
      "Linear warm-up as a fraction of all updates, instead of `warmup_steps`.")
    labelSmoothingFactor = try section.number(
      "label_smoothing_factor", default: 0, in: .from(0, below: 1),
      "Share of the gold label that is spread over all labels; not with `multi_label`.")
  }

  private mutating func readEvaluation(_ section: ConfigSection) throws {
    loggingSteps = try section.int(
      "logging_steps", default: 50, in: 1...(1 << 40), "Updates between two lines of the log.")
    reportTo = try section.choices(
      "report_to", default: [], among: LogDestination.allCases, none: "none",
      "Programs that the log is also written for: `[\"tensorboard\"]` writes files of events into "
        + "the folder `runs` of the output folder. A string is a list of one, and `\"none\"` one of "
        + "nothing.")
    evalStrategy = try section.choice(
      "eval_strategy", default: .no, "When the model is evaluated during training.")
    evalSteps = try section.optionalInt(
      "eval_steps", in: .between(1, 1_099_511_627_776),
      "With `eval_strategy` \"steps\": updates between evaluations; by default `logging_steps`.")
    loadBestModelAtEnd = try section.bool(
      "load_best_model_at_end", default: false,
      "Whether the result is the best model evaluated rather than the last one.")
    metricForBestModel = try section.optionalString(
      "metric_for_best_model",
      "The metric that decides which model is best; by default the task's first.")
    greaterIsBetter = try section.optionalBool(
      "greater_is_better",
      "Whether a greater metric is better; by default true, except for `loss` and `loss_mm`.")
    earlyStoppingPatience = try section.optionalInt(
      "early_stopping_patience", in: .atLeast(1),
      "Training stops after this many evaluations without improvement, counted in the last stage "
        + "of a method that has several; by default never.")
    earlyStoppingThreshold = try section.number(
      "early_stopping_threshold", default: 0, in: .atLeast(0),
      "By how much a metric must be better to count as an improvement.")
  }

  private mutating func readSaving(_ section: ConfigSection) throws {
    saveStrategy = try section.choice(
      "save_strategy", default: .steps,
      "When checkpoints are saved, from which an interrupted run continues: every `save_steps` "
        + "updates, after every epoch, or only when a signal ends the run (`no`).")
    saveSteps = try section.int(
      "save_steps", default: 500, in: 1...(1 << 40), "Updates between two checkpoints.")
    saveTotalLimit = try section.optionalInt(
      "save_total_limit", in: .atLeast(1),
      "How many checkpoints are kept, the newest ones; by default two.")
    if !section.has("save_total_limit") { saveTotalLimit = 2 }
    let key = "resume_from_checkpoint"
    resumeFromCheckpoint =
      try section.read(
        Setting(
          section.name(key), [.flag, .string], presence: .optional,
          meaning:
            "Where the run continues: `true` takes the newest valid checkpoint of the output "
            + "folder, or starts if there is none; a string names a folder `checkpoint-N`.")
      ) { value in
        if let isOn = value.bool { return isOn ? .newest : nil }
        guard let folder = value.string, !folder.isEmpty else {
          throw section.fail(
            key, "\(section.name(key)) must be true, false or the folder of a checkpoint.")
        }
        return .folder(try section.located(key, folder))
      } ?? nil
  }

  private func checkCombination(_ section: ConfigSection) throws {
    if warmupSteps > 0, warmupRatio > 0 {
      throw section.fail(
        "warmup_ratio",
        "\(section.path) has both warmup_steps and warmup_ratio; keep one of them.")
    }
    if evalStrategy != .steps, evalSteps != nil {
      throw section.fail(
        "eval_steps",
        "\(section.name("eval_steps")) is looked at only with \"eval_strategy\": \"steps\".")
    }
    guard evalStrategy == .no else { return }
    for (key, isSet) in [
      ("load_best_model_at_end", loadBestModelAtEnd),
      ("early_stopping_patience", earlyStoppingPatience != nil),
    ] where isSet {
      throw section.fail(
        key,
        "\(section.name(key)) needs evaluations during training; set eval_strategy to \"steps\" "
          + "or \"epoch\".")
    }
  }
}
