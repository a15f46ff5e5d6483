import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

/// The section `train`.
@Suite struct TrainingArgumentsTests {
  @Test func everyKeyReachesItsField() throws {
    let text = try Draft.changed(
      Draft.teacher, "\"max_steps\": 10",
      """
      "per_device_train_batch_size": 2, "per_device_eval_batch_size": 3,
      "gradient_accumulation_steps": 4, "num_train_epochs": 0.5, "max_steps": 6,
      "weight_decay": 0.01, "adam_beta1": 0.8, "adam_beta2": 0.99, "adam_epsilon": 1e-6,
      "max_grad_norm": 0, "optim": "adam", "lr_scheduler_type": "constant_with_warmup",
      "warmup_steps": 7, "label_smoothing_factor": 0.1, "eval_strategy": "steps",
      "eval_steps": 8, "logging_steps": 9, "metric_for_best_model": "loss",
      "greater_is_better": false, "load_best_model_at_end": true,
      "early_stopping_patience": 11, "early_stopping_threshold": 0.2,
      "train_sampling_strategy": "group_by_length", "dataloader_drop_last": true,
      "max_train_samples": 12, "max_eval_samples": 13
      """)
    let train = try Draft.read(text, as: TeacherFinetuneConfiguration.self).train
    let expected = TrainingArguments(
      perDeviceTrainBatchSize: 2, perDeviceEvalBatchSize: 3, gradientAccumulationSteps: 4,
      numTrainEpochs: 0.5, maxSteps: 6, learningRate: 3e-5, weightDecay: 0.01, adamBeta1: 0.8,
      adamBeta2: 0.99, adamEpsilon: 1e-6, maxGradNorm: 0, optim: .adam,
      lrSchedulerType: .constantWithWarmup, warmupSteps: 7, labelSmoothingFactor: 0.1,
      evalStrategy: .steps, evalSteps: 8, loggingSteps: 9, metricForBestModel: "loss",
      greaterIsBetter: false, loadBestModelAtEnd: true, earlyStoppingPatience: 11,
      earlyStoppingThreshold: 0.2, trainSamplingStrategy: .groupByLength, dataloaderDropLast: true,
      maxTrainSamples: 12, maxEvalSamples: 13)
    for (left, right) in zip(
      Mirror(reflecting: train).children, Mirror(reflecting: expected).children)
    where left.label != "origin" {
      #expect("\(left.value)" == "\(right.value)", "\(left.label ?? "")")
    }
  }

  private func complaint(_ train: String) throws -> String? {
    let text = try Draft.changed(Draft.teacher, "\"max_steps\": 10", train)
    do {
      _ = try Draft.read(text, as: TeacherFinetuneConfiguration.self)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Strings and arrays, as in transformers.
  @Test(
    arguments: [
      ("\"none\"", []), ("[\"none\"]", []), ("[]", []), ("null", []),
      ("\"tensorboard\"", [.tensorBoard]), ("[\"tensorboard\"]", [.tensorBoard]),
    ] as [(String, [LogDestination])])
  func destinations(_ written: String, _ expected: [LogDestination]) throws {
    let text = try Draft.changed(
      Draft.teacher, "\"max_steps\": 10", "\"report_to\": \(written)")
    let run: TeacherFinetuneConfiguration = try Draft.read(text)
    #expect(run.train.reportTo == expected)
  }

  @Test func otherDestinationsAreRefused() throws {
    for written in ["\"all\"", "\"wandb\"", "[\"wandb\"]", "[\"none\", \"tensorboard\"]"] {
      let answer = try #require(try complaint("\"report_to\": \(written)"))
      let place = written.hasPrefix("[") ? "[0]" : ""
      #expect(
        answer.contains("report_to\(place) must be \"none\" or \"tensorboard\", found \""),
        "\(answer)")
    }
    #expect(try complaint("\"report_to\": 3")?.contains("must be an array of strings") == true)
  }

  @Test func halfPrecisionThatIsOffIsLeftOut() throws {
    for key in ["fp16", "bf16", "bf16_full_eval"] {
      for value in ["false", "null"] {
        let answer = try complaint("\"\(key)\": \(value)")
        #expect(answer?.contains("unknown key \"\(key)\"; leave it out") == true)
        #expect(answer?.contains("bf16\" at the top") == false)
      }
      let answer = try complaint("\"\(key)\": true")
      #expect(answer?.contains("write \"precision\": \"bf16\" at the top level") == true)
    }
    #expect(try complaint("\"tf32\": true")?.contains("leave it out") == true)
  }

  @Test func oldSpellingsAreTakenWithANote() throws {
    let text = try Draft.changed(
      Draft.teacher, "\"max_steps\": 10",
      "\"evaluation_strategy\": \"epoch\", \"group_by_length\": true")
    let run: TeacherFinetuneConfiguration = try Draft.read(text)
    #expect(run.train.evalStrategy == .epoch)
    #expect(run.train.trainSamplingStrategy == .groupByLength)
    #expect(
      run.notes == [
        "train.evaluation_strategy is an old spelling; it was read as train.eval_strategy.",
        "train.group_by_length is an old spelling; it was read as train.train_sampling_strategy.",
      ])
    #expect(run.resolved["train"]?["eval_strategy"] == "epoch")
    #expect(run.resolved["train"]?["evaluation_strategy"] == nil)
    #expect(run.resolved["train"]?["group_by_length"] == nil)
    #expect(try Draft.read(Draft.teacher, as: TeacherFinetuneConfiguration.self).notes.isEmpty)
  }
}
