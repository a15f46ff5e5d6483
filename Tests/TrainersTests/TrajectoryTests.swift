import Autograd
import Data
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// 20 updates of AdamW with warm-up, decay groups and clipping against torch in float64.
@Suite struct TrajectoryTests {
  @Test(arguments: [1, 3])
  func twentySteps(shards: Int) throws {
    let golden = try ModelGolden("trajectory")
    let json = golden.json
    guard let settings = json["settings"] else {
      Issue.record("the golden has no settings")
      return
    }
    let scratch = try ScratchFolder()
    let model = try ModelGolden("bert-classifier").modelFolder("", in: scratch)
      .classifier(seed: 1).0
    let training = TrainedModel(
      name: "", parameters: model.parameters,
      optimizer: OptimizerSettings(
        weightDecay: settings.number("weight_decay"), beta1: settings.number("beta1"),
        beta2: settings.number("beta2"), epsilon: settings.number("epsilon"),
        maxGradNorm: settings.number("max_grad_norm")),
      schedule: LearningRateSchedule(
        kind: .linear, peak: settings.number("learning_rate"),
        warmupSteps: settings["warmup_steps"]?.int ?? 0,
        totalSteps: settings["max_steps"]?.int ?? 0))
    let undecayed = Set((json["undecayed"]?.array ?? []).compactMap(\.string))
    #expect(Set(model.parameters.entries.filter { !$0.decays }.map(\.name)) == undecayed)

    let objective = LabelsOnly(model, training: training)
    let driver = StepDriver(training: model.parameters, shards: shards)
    let optimizer = AdamOptimizer([model.parameters], settings: training.optimizer)
    let batches = (json["batches"]?.array ?? []).map { PackedBatch($0) }
    let losses = json.numbers("losses")
    let norms = json.numbers("gradient_norms")
    let rates = json.numbers("learning_rates")
    #expect(losses.count == 20 && norms.count == 20 && rates.count == 20)
    for step in 0..<losses.count {
      let context = driver.context(batches[step % batches.count], number: step)
      let loss = try objective.loss(context)["loss"]
      let rate = training.schedule.rate(at: step)
      let norm = try optimizer.update(
        gradients: driver.lanes.map(\.gradients), learningRate: rate, pool: driver.pool)
      #expect(Network.ofMethods.agrees(loss, losses[step]), "loss of step \(step)")
      #expect(
        abs(norm / norms[step] - 1) < Network.ofMethods.gradients(), "gradient norm of step \(step)"
      )
      // The golden has twelve digits.
      #expect(abs(rate - rates[step]) <= 5e-12 * rates[step], "learning rate of step \(step)")
    }
    for (name, key) in [
      ("classifier.bias", "classifier_bias_after_training"),
      ("classifier.weight", "classifier_weight_after_training"),
    ] {
      let slot = try #require(model.parameters.entry(named: name)?.slot)
      let expected = json.matrix(key).values
      let found = model.parameters.matrix(slot).values
      #expect(found.count == expected.count)
      // Every update is the rate times a quotient of two means of gradients.
      let bound = 2 * Network.ofMethods.gradients() * rates.reduce(0, +)
      #expect(zip(found, expected).allSatisfy { Double(abs($0 - $1)) < bound })
    }
  }
}
