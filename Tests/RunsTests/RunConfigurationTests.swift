import Configuration
import Data
import Foundation
import Models
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

@Suite struct RunConfigurationTests {
  @Test func defaultsAreThoseOfTheStruct() throws {
    let run: DistillConfiguration = try Draft.read(Draft.distill)
    var (read, made) = ("", "")
    let plain = TrainingArguments()
    for (left, right) in zip(
      Mirror(reflecting: run.train).children, Mirror(reflecting: plain).children)
    where left.label != "origin" {
      read += "\(left.label ?? "") \(left.value)\n"
      made += "\(right.label ?? "") \(right.value)\n"
    }
    #expect(read == made)
    #expect(plain.learningRate == 5e-5)
    #expect(plain.numTrainEpochs == 3)
    #expect(plain.loggingSteps == 50)
    #expect(run.common.seed == 42)
    #expect(run.common.dataSeed == 42)
    #expect(run.task.maxSeqLength == 128)
    #expect(run.task.badRows == .stop)
    #expect(run.student.fromTeacherLayers == [0, 2])
    #expect(run.generator == nil)
  }

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

  @Test(
    arguments: [
      (.bert, 512, 2, 1e-12), (.roberta, 514, 1, 1e-5),
      (.distilbert, 512, 0, 1e-12),
    ] as [(ModelFamily, Int, Int, Float)])
  func shapesOfTheFamilies(
    _ type: ModelFamily, _ positions: Int, _ segments: Int, _ epsilon: Float
  ) throws {
    let text = try Draft.changed(
      Draft.pretrain, "\"hidden_size\": 64", "\"model_type\": \"\(type)\", \"hidden_size\": 64")
    let run = try Draft.read(text, as: PretrainConfiguration.self)
    let shape = try #require(run.model.config)
    #expect(shape.family == type && shape.maximumPositions == positions)
    #expect(shape.typeVocabularySize == segments && shape.layerNormEpsilon == epsilon)
    let again = try Draft.read(
      JSONWriter().string(run.resolved), as: PretrainConfiguration.self)
    #expect(again.resolved == run.resolved)
    #expect(run.resolved["model"]?["config"]?["model_type"]?.string == type.rawValue)
  }

  @Test func resolvedReadsBackAsItself() throws {
    func check<Run: RunConfiguration>(_ run: Run.Type, _ draft: String) throws {
      let first = try Draft.read(draft, as: run).resolved
      let second = try Draft.read(JSONWriter().string(first), as: run).resolved
      #expect(first == second)
      #expect(first["train"]?["adam_beta2"] == 0.999)
      #expect(first["seed"] == 42)
      #expect(first["$schema"] == nil)
    }
    try check(TeacherFinetuneConfiguration.self, Draft.teacher)
    try check(DistillConfiguration.self, Draft.distill)
    try check(PretrainConfiguration.self, Draft.pretrain)
  }

  @Test func theMethodFinishesItsOwnSection() throws {
    let run: DistillConfiguration = try Draft.read(Draft.distill)
    #expect(run.methodName == "kd")
    #expect(run.resolved["method"]?["temperature"] == 2, "keys not read yet are kept")
    #expect(throws: ConfigError.self) { try run.method.finish() }
    #expect(try run.method.number("temperature", default: 1, in: .above(0)) == 2)
    #expect(try run.method.number("alpha", default: 0.5, in: 0...1) == 0.5)
    try run.method.finish()
    #expect(run.resolved["method"] == ["name": "kd", "temperature": 2.0, "alpha": 0.5])
    #expect(
      run.method.fail("temperature", "too hot.").description
        == "run.json:8:20: error: too hot.")
    #expect(
      run.origin.error("generator", "missing.").description == "run.json:1:1: error: missing.")
    #expect(
      run.task.origin.unknownName("name", "sst-2", among: ["sst2", "cola"]).description
        == "run.json:3:21: error: task.name must be \"sst2\" or \"cola\", found \"sst-2\"; "
        + "did you mean \"sst2\"?")
  }
}
