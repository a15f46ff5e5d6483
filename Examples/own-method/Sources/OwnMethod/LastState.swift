import Autograd
import Configuration
import Methods
import Models
import Trainers

/// Labels, the teacher's logits, and the teacher's last states seen through a learned map.
public struct LastState: Objective {
  /// What the registry knows about the method.
  public static let description = MethodDescription(
    name: "last-state", summary: "logits and the last layer's states through a learned map",
    takesSeveralLabels: true
  ) { section in
    let weights = try section.sectionOrEmpty("loss_weights", "The factors of the loss terms.")
    let terms = try LogitTerms(ce: 0.5, kd: 0.5).reading(section, weights: weights)
    let states = try weights.number(
      "states", default: 1, in: 0...1e6, "The weight of the last layer's states.")
    try weights.finish()
    return { try LastState($0, terms: terms, states: states) }
  }

  /// The student, with the map that learns beside it.
  public let trainedModels: [TrainedModel]
  let setup: DistillationSetup
  let terms: LogitTerms
  let states: Double
  let map: Projections

  init(_ setup: DistillationSetup, terms: LogitTerms, states: Double) throws {
    try setup.requireLayers(method: "last-state")
    self.setup = setup
    self.terms = terms
    self.states = states
    let (teacher, student) = setup.shapes
    map = Projections(
      [("map", inputs: student.hiddenSize, outputs: teacher.hiddenSize)], seed: setup.seed)
    var training = setup.studentTraining
    training.companions = map.parameters
    trainedModels = [training]
  }

  /// One batch; `loss`, `ce_loss`, `kd_loss` and `state_loss` are logged.
  public func loss(_ step: StepContext) throws -> Scalars {
    try step.forEachShard { shard, tape in
      let student = setup.student.logitsAndStates(shard.tokens, tape: tape, training: true)
      let teacher = setup.teacher.logitsAndStates(shard.tokens, tape: tape, training: false)
      var loss = LossTerms(step)
      loss.add(
        terms, student: student.logits, teacher: teacher.logits, of: shard, on: tape, setup: setup)
      loss.add("state_loss", weight: states) {
        tape.meanSquaredError(
          map.apply(0, to: student.states.last, tape: tape), teacher.states.last,
          offsets: shard.tokens.offsets, weight: $0)
      }
      tape.backward()
      return loss.scalars
    }
  }
}
