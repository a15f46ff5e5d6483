import Configuration
import Methods
import Models
import Runs
import StrictJSON
import TestSupport
import Testing
import Trainers

@Suite struct ConfigOverrideTests {
  private func teacher(_ overrides: String...) throws -> TeacherFinetuneConfiguration {
    try Draft.read(Draft.teacher, overrides: overrides)
  }

  private func complaint(_ overrides: String...) -> String? {
    Draft.complaint(TeacherFinetuneConfiguration.self, Draft.teacher, overrides: overrides)
  }

  @Test func valuesReplaceAndAdd() throws {
    let run = try teacher(
      "train.learning_rate=1e-3", "output_dir=runs/other", "seed=7", "train.optim=adam",
      "model={\"model_name_or_path\": \"m\"}", "model.layers=[0,1]")
    #expect(run.train.learningRate == 1e-3)
    #expect(run.common.outputDir == "runs/other")
    #expect(run.common.seed == 7)
    #expect(run.train.optim == .adam)
    #expect(run.train.maxSteps == 10)
    #expect(run.model.modelNameOrPath == "m")
    #expect(run.model.layers == [0, 1])
  }

  @Test func missingObjectsAreMade() throws {
    let run: PretrainConfiguration = try Draft.read(
      Draft.pretrain, overrides: ["mlm.masking=mask", "train.max_steps=3"])
    #expect(run.mlm.masking == .mask)
    #expect(run.train.maxSteps == 3)
  }

  @Test func theLastOneCounts() throws {
    #expect(try teacher("seed=1", "seed=2").common.seed == 2)
  }

  @Test func errorsNameTheOption() {
    #expect(
      complaint("train.learning_rate=fast")
        == "--set train.learning_rate: error: "
        + "train.learning_rate must be a number, found \"fast\".")
    #expect(
      complaint("train.learning_rat=1")
        == "--set train.learning_rat: error: "
        + "unknown key \"learning_rat\" in train; did you mean \"learning_rate\"?")
    #expect(
      complaint("model={\"layers\": [0]}")
        == "--set model: error: model says nothing of its weights; "
        + "give one of model_name_or_path, config.")
    #expect(
      complaint("model.layers=[0,-3]")
        == "--set model.layers: error: model.layers[1] must be at least 0, found -3.")
    #expect(
      complaint("seed.x=1") == "--set seed.x: error: seed must be an integer, found an object.")
    #expect(
      Draft.complaint(
        TeacherFinetuneConfiguration.self, "{\"output_dir\": \"a\"}", overrides: ["task.name=b"])
        == "--set task.name: error: task.data_dir is missing; a string is required here.")
    #expect(
      complaint("output_dir.x=1")
        == "--set output_dir.x: error: output_dir is a string and has no key \"x\"; "
        + "set output_dir itself.")
    #expect(
      complaint("seed") == "--set seed: error: there is no '='; write --set path.to.key=value.")
    #expect(
      complaint("train..x=1")
        == "--set train..x: error: a key on the path is empty; write --set path.to.key=value.")
    #expect(
      complaint("model.layers=[0,")?.hasPrefix(
        "--set model.layers: error: the value breaks off at column ") == true)
  }

  @Test func otherOptionsNameThemselves() throws {
    let document = try ConfigDocument(
      StrictJSON.parse(Draft.teacher, file: "run.json"), file: "run.json",
      overrides: [ConfigOverride(path: "seed", value: -1, origin: "--seed")], checksPaths: false)
    #expect(
      throws: ConfigError(file: "--seed", message: "seed must be at least 0, found -1.")
    ) { try TeacherFinetuneConfiguration(reading: document.root) }
  }
}
