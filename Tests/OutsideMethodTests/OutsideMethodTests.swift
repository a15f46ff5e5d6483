import Autograd
import Configuration
import Kernels
import Methods
import Models
import Testing
import Trainers

/// A method as another package would write it: this target sees what is public, and nothing else.
struct HalfTheTeacher: Objective {
  static let description = MethodDescription(
    name: "half-the-teacher", summary: "logits, and half of the teacher's last state"
  ) { section in
    let weights = try section.sectionOrEmpty("loss_weights")
    let terms = try LogitTerms(ce: 0.5, kd: 0.5).reading(section, weights: weights)
    let states = try weights.number("states", default: 1, in: 0...1e6)
    try weights.finish()
    try section.finish()
    return { try HalfTheTeacher($0, terms: terms, states: states) }
  }

  let trainedModels: [TrainedModel]
  let setup: DistillationSetup
  let terms: LogitTerms
  let states: Double
  let map: Projections

  init(_ setup: DistillationSetup, terms: LogitTerms, states: Double) throws {
    try setup.requireLayers(method: "half-the-teacher")
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

  func loss(_ step: StepContext) throws -> Scalars {
    try step.forEachShard { shard, tape in
      let student = setup.student.logitsAndStates(shard.tokens, tape: tape, training: true)
      let teacher = setup.teacher.logitsAndStates(shard.tokens, tape: tape, training: false)
      var loss = LossTerms(step)
      loss.add(
        terms, student: student.logits,
        teacher: setup.teacherCache.logits(for: shard, tape: tape), of: shard, on: tape,
        setup: setup)
      loss.add("state_loss", weight: states) {
        tape.meanSquaredError(
          map.apply(0, to: student.states.last, tape: tape),
          tape.scaled(teacher.states.last, by: 0.5), offsets: shard.tokens.offsets, weight: $0)
      }
      tape.backward()
      return loss.scalars
    }
  }
}

@Suite(.serialized) struct OutsideMethodTests {
  @Test func registeredMethodsAreFoundByName() throws {
    let before = MethodRegistry.all.map(\.name)
    try MethodRegistry.register(HalfTheTeacher.description)
    #expect(MethodRegistry.all.map(\.name) == before + ["half-the-teacher"])
    #expect(MethodRegistry.named("half-the-teacher")?.summary.hasPrefix("logits") == true)
    let again = #expect(throws: MismatchError.self) {
      try MethodRegistry.register(HalfTheTeacher.description)
    }
    #expect(again?.description.contains("half-the-teacher") == true)
  }

  @Test func methodsOfThePackageKeepTheirNames() {
    #expect(throws: MismatchError.self) {
      try MethodRegistry.register(
        MethodDescription(name: "kd", summary: "") { _ in { _ in throw Unused() } })
    }
    #expect(MethodRegistry.all.count { $0.name == "kd" } == 1)
  }

  struct Unused: Error {}
}
