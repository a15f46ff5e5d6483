import Configuration
import Data
import Models
import Runs
import StrictJSON
import Studies
import TestSupport
import Testing
import Trainers

/// What `mate-kd compare` reads.
@Suite struct StudyConfigurationTests {
  private static let study = """
    {
      "output_dir": "runs/study",
      "seeds": [1, 2],
      "base": {
        "teacher": { "model_name_or_path": "runs/t", "layers": [0] },
        "student": { "from_teacher_layers": [0, 2] },
        "train": { "max_steps": 10, "learning_rate": 3e-5 }
      },
      "tasks": {
        "rte": {
          "task": { "name": "rte", "data_dir": "data/RTE" },
          "train": { "max_steps": 20 },
          "methods": { "mate": { "method": { "mask_probability": 0.4 } } }
        },
        "mrpc": {
          "metric": "f1",
          "task": { "name": "mrpc", "data_dir": "data/MRPC" },
          "teacher": { "model_name_or_path": "runs/m", "layers": null }
        }
      },
      "methods": {
        "kd": { "method": { "name": "kd" } },
        "mate": {
          "method": { "name": "mate-kd", "mask_probability": 0.3 },
          "generator": { "model_name_or_path": "runs/g" }
        },
        "takd": {
          "method": { "name": "kd" },
          "assistant": { "student": { "from_teacher_layers": [0, 1, 2] } }
        }
      }
    }
    """

  private func read(_ text: String, overrides: [String] = []) throws -> StudyConfiguration {
    try StudyConfiguration(
      reading: ConfigDocument(
        StrictJSON.parse(text, file: "study.json"), file: "study.json",
        overrides: overrides.map(ConfigOverride.init(parsing:)), checksPaths: false
      ).root)
  }

  private func complaint(_ old: String, _ new: String) throws -> String {
    do {
      _ = try read(Draft.changed(Self.study, old, new))
      return ""
    } catch { return "\(error)" }
  }

  @Test func cellsAreTheBaseWithWhatChanges() throws {
    let study = try read(Self.study)
    #expect(study.seeds == [1, 2] && study.reference == "kd" && study.keepModels)
    #expect(study.bootstrapResamples == 1000 && !study.allowDifferentUpdates)
    #expect(study.tasks.map(\.name) == ["rte", "mrpc"])
    #expect(study.methods.map(\.name) == ["kd", "mate", "takd"])
    #expect(study.tasks.map(\.metric) == [nil, "f1"])
    let own: JSONValue = ["output_dir": "runs/cell", "seed": 7]
    let kd = try study.cell(study.tasks[0], study.methods[0], own: own)
    #expect(kd.common.outputDir == "runs/cell" && kd.common.seed == 7)
    #expect(kd.train.maxSteps == 20 && kd.train.learningRate == 3e-5)
    #expect(kd.task.name == "rte" && kd.teacher.model?.layers == [0] && kd.generator == nil)
    let mate = try study.cell(study.tasks[0], study.methods[1], own: own)
    #expect(try mate.method.number("mask_probability") == 0.4)
    let other = try study.cell(study.tasks[1], study.methods[1], own: own)
    #expect(try other.method.number("mask_probability") == 0.3)
    #expect(other.generator?.modelNameOrPath == "runs/g" && other.train.maxSteps == 10)
    #expect(other.teacher.model?.modelNameOrPath == "runs/m" && other.teacher.model?.layers == nil)
    #expect(study.methods[0].assistant == nil)
    #expect(study.methods[2].assistant?["student"]?["from_teacher_layers"]?.array?.count == 3)
    #expect(study.methods[2].settings["assistant"] == nil)
  }

  @Test func overridesReachTheBase() throws {
    let study = try read(
      Self.study, overrides: ["base.train.learning_rate=1e-4", "seeds=[5]", "output_dir=x"])
    let cell = try study.cell(
      study.tasks[1], study.methods[0], own: ["output_dir": "runs/cell", "seed": 7])
    #expect(try read(Self.study, overrides: ["tasks.rte=null"]).tasks.map(\.name) == ["mrpc"])
    #expect(cell.train.learningRate == 1e-4 && study.seeds == [5] && study.outputDir == "x")
  }

  @Test(arguments: [
    ("\"seeds\": [1, 2]", "\"seeds\": []", "3:12: error: seeds must name a seed."),
    ("\"seeds\": [1, 2]", "\"seeds\": [1, 1]", "3:12: error: seeds names 1 twice."),
    ("\"seeds\": [1, 2]", "\"seeds\": [-1]", "3:13: error: seeds[0] must be at least 0, found -1."),
    (
      "\"seeds\"", "\"seds\"",
      "3:3: error: unknown key \"seds\"; did you mean \"seeds\"?"
    ),
    (
      "\"seeds\"", "\"train\": {}, \"seeds\"",
      "3:3: error: unknown key \"train\"; what all cells share stands in the section base."
    ),
    (
      "\"seeds\"", "\"reference\": \"kdd\", \"seeds\"",
      "3:16: error: reference must be \"kd\" or \"mate\" or \"takd\", found \"kdd\"; "
        + "did you mean \"kd\"?"
    ),
    (
      "\"kd\": { \"method\"", "\"plain\": { \"method\"",
      "1:1: error: reference is missing; name the method that the others are compared with: "
        + "plain, mate, takd."
    ),
    (
      "\"student\": { \"from_teacher_layers\": [0, 2] }", "\"method\": {}",
      "6:5: error: unknown key \"method\" in base; the study gives every cell its own."
    ),
    (
      "\"metric\": \"f1\"", "\"seed\": 3",
      "16:7: error: unknown key \"seed\" in tasks.mrpc; the study gives every cell its own."
    ),
    (
      "\"metric\": \"f1\"", "\"metric\": 1",
      "16:17: error: tasks.mrpc.metric must be a string, found 1."
    ),
    (
      "\"metric\": \"f1\"", "\"method\": {\"name\": \"kd\"}",
      "16:7: error: unknown key \"method\" in tasks.mrpc; what a task changes in a method stands "
        + "in tasks.mrpc.methods, by the method's name."
    ),
    (
      "\"methods\": { \"mate\"", "\"methods\": { \"mat\"",
      "13:20: error: unknown method \"mat\" in tasks.rte.methods; did you mean \"mate\"?"
    ),
    (
      "\"mrpc\": {", "\"mr/pc\": {",
      "15:5: error: the name \"mr/pc\" in tasks becomes the name of a folder; use letters, digits, "
        + "'-', '_' and '.', which it must not begin with."
    ),
    (
      "\"kd\": { \"method\": { \"name\": \"kd\" } }", "\"kd\": {}",
      "22:11: error: methods.kd.method is missing; an object with the method's name is required "
        + "here."
    ),
    (
      "\"kd\": { \"method\": { \"name\": \"kd\" } }", "\"kd\": \"kd\"",
      "22:11: error: methods.kd must be an object, found \"kd\"."
    ),
    (
      "\"assistant\": { \"student\"", "\"assistant\": { \"task\": {}, \"student\"",
      "29:22: error: unknown key \"task\" in methods.takd.assistant; an assistant has those of its "
        + "student."
    ),
  ])
  func mistakes(old: String, new: String, message: String) throws {
    #expect(try complaint(old, new) == "study.json:\(message)")
  }

  /// They are counted before any is made.
  @Test func tooManyCellsAreRefused() throws {
    let seeds = (1...10_001).map(String.init).joined(separator: ", ")
    let found = try complaint("\"seeds\": [1, 2]", "\"seeds\": [\(seeds)]")
    #expect(found.contains("cells, and no study can have more than 10000;"))
  }

  @Test func mistakesWithinACellPointIntoTheFile() throws {
    let study = try read(
      Draft.changed(Self.study, "\"max_steps\": 20", "\"max_step\": 20"))
    do {
      _ = try study.cell(study.tasks[0], study.methods[0], own: ["output_dir": "x"])
      Issue.record("max_step was taken")
    } catch {
      #expect(
        "\(error)" == "study.json:12:18: error: unknown key \"max_step\" in train; "
          + "did you mean \"max_steps\"?")
    }
  }

  /// Nor do they blame the file that only includes the one with the mistake.
  @Test(arguments: [
    ("\"max_steps\": 20", "\"max_step\": 20", "study.json:12:18: error: unknown key"),
    ("\"layers\": [0]", "\"layers\": [0], \"no\": 1", "study.json:5:65: error: unknown key"),
    ("\"seeds\": [1, 2]", "\"seeds\": [1]", "all.json:3:15: error: unknown key \"typo\""),
    ("\"max_steps\": 20", "\"warmup_ratio\": 2", "study.json:12:34: error: train.warmup_ratio"),
    // The section is changed by all.json, and begins in the other file.
    (", \"data_dir\": \"data/MRPC\"", "", "study.json:17:15: error: task.data_dir is missing"),
  ])
  func mistakesPointIntoTheIncludedFile(old: String, new: String, message: String) throws {
    let scratch = try ScratchFolder()
    try scratch.write(Draft.changed(Self.study, old, new), as: "study.json")
    try scratch.write(
      """
      {"include": "study.json",
        "tasks": {"mrpc": {"methods": {"mate": {"task": {"max_seq_length": 9},
          "train": {"typo": 4}}}}}}
      """, as: "all.json")
    let study = try StudyConfiguration.load(path: "\(scratch.path)/all.json", checksPaths: false)
    do {
      for task in study.tasks {
        _ = try study.cell(task, study.methods[1], own: ["output_dir": "x"])
      }
      Issue.record("the mistake was taken")
    } catch {
      #expect("\(error)".replacing("\(scratch.path)/", with: "").hasPrefix(message), "\(error)")
    }
  }
}
