import Autograd
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

@Suite struct RunProfileTests {
  private func parts(_ objective: any Objective, _ world: ToyWorld) -> TrainingParts {
    TrainingParts(
      objective: objective, data: world.train,
      trainer: Trainer(
        arguments: TrainingArguments(
          perDeviceTrainBatchSize: 4, maxSteps: 500, evalStrategy: .steps, loggingSteps: 1),
        seed: 42, dataSeed: 42, shards: 2, pool: world.pool))
  }

  @Test func everyModelGetsItsUpdates() throws {
    let world = try ToyWorld()
    let (method, student, _, generator) = try world.mateKD {
      $0.adversary.generatorSteps = 1
      $0.adversary.studentSteps = 3
    }
    let profile = try parts(method, world).profile(updates: 4, warmUp: 2)
    #expect(profile.phases.map(\.name) == ["generator", ""])
    #expect(profile.phases.map(\.updates) == [4, 4])
    #expect(profile.phases.map(\.texts) == [16, 16])
    #expect(profile.phases.map(\.shareOfUpdates) == [0.25, 0.75])
    let mean =
      0.25 * profile.phases[0].secondsPerUpdate + 0.75 * profile.phases[1].secondsPerUpdate
    #expect(Roundings.agree(profile.meanSecondsPerUpdate, mean, roundings: 8))
    for phase in profile.phases {
      func calls(_ part: Profile.Part) -> Int {
        phase.breakdown.rows.first { $0.part == part }?.total.calls ?? 0
      }
      // Other tests' kernels are counted, too: at least those of two shards and four updates.
      #expect(calls(.forwardProduct) >= 8)
      #expect(calls(.optimizer) >= 4)
      #expect(calls(.gumbel) >= 8)
      #expect(phase.breakdown.seconds > 0)
      #expect(phase.tokens > 4 * phase.updates)
    }
    #expect(student.parameters.buffer !== generator.parameters.buffer)
    #expect(profile.peakMemory > 1 << 20)
    #expect(profile.peakRate > 1e8)
  }

  /// The model keeps to its definition: nothing is lost on one core, work that nobody shares is
  /// divided among shards, and what goes through the whole model is no faster than memory.
  @Test func morePartsAtATimeTakeLess() throws {
    let world = try ToyWorld()
    let (method, _, _, _) = try world.mateKD()
    let phase = try #require(parts(method, world).profile(updates: 4, warmUp: 2).phases.last)
    let machine = ThreadsModel(memoryRate: .infinity, meeting: 0)
    let alone = machine.prediction(phase, cores: 1)
    #expect(Roundings.agree(alone.efficiency, 1, roundings: 200))
    #expect(alone.memory == 0 && alone.meetings == 0)
    let seconds = [1, 2, 3, 4, 5].map {
      machine.prediction(phase, cores: 4, lanes: $0).seconds
    }
    #expect(seconds[0] > seconds[1] && seconds[1] > seconds[2] && seconds[2] > seconds[3])
    #expect(seconds[3] == seconds[4], "no more shards at a time than cores")
    #expect(seconds[0] < alone.seconds && seconds[3] * 4 >= alone.seconds * 0.999)
    let slow = ThreadsModel(memoryRate: 1, meeting: 0).prediction(phase, cores: 4)
    #expect(slow.memory > 1 && slow.seconds > slow.memory / Double(phase.updates))
    let meeting = ThreadsModel(memoryRate: .infinity, meeting: 1).prediction(phase, cores: 4)
    #expect(meeting.meetings >= 0 && meeting.seconds >= seconds[1])
  }

  @Test func stopsWhenAsked() throws {
    let world = try ToyWorld()
    let profile = try parts(world.mateKD().method, world).profile(updates: 4, warmUp: 1) { true }
    #expect(profile.phases.isEmpty)
  }
}
