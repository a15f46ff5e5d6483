import StrictJSON
import TestSupport
import Testing
import Trainers

/// Learning rates against transformers' get_scheduler (scripts/goldens/schedules.py).
@Suite struct LearningRateScheduleTests {
  @Test func everyFactor() throws {
    let golden = try ModelGolden("schedules", file: "factors.json")
    let cases = golden.json["cases"]?.array ?? []
    #expect(cases.count == 9)
    for json in cases {
      let name = json["name"]?.string ?? ""
      let schedule = LearningRateSchedule(
        kind: try #require(TrainingArguments.Schedule(rawValue: name)), peak: 2e-3,
        warmupSteps: json["warmup_steps"]?.int ?? -1, totalSteps: json["max_steps"]?.int ?? -1)
      let factors = json.numbers("factors")
      #expect(!factors.isEmpty)
      for (step, factor) in factors.enumerated() {
        // The golden has twelve digits.
        let bound = 2e-3 * (5e-12 * abs(factor) + 16 * 0x1p-53)
        #expect(
          abs(schedule.rate(at: step) - 2e-3 * factor) <= bound, "\(name), step \(step)")
      }
    }
  }

  @Test func warmupStepsWinOverTheRatioWhichRoundsUp() {
    func warmup(_ arguments: TrainingArguments) -> Int {
      LearningRateSchedule(arguments, totalSteps: 101).warmupSteps
    }
    #expect(warmup(TrainingArguments(warmupRatio: 0.1)) == 11)
    #expect(warmup(TrainingArguments(warmupSteps: 4, warmupRatio: 0.1)) == 4)
    #expect(warmup(TrainingArguments()) == 0)
  }
}
