import Configuration
import Data
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
