import Configuration
import Foundation
import Runs
import TestSupport
import Testing

/// Configurations made of several files, and what their paths are relative to.
@Suite struct IncludeTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func load(
    _ file: String, overrides: [String] = [], checksPaths: Bool = false
  ) throws -> TeacherFinetuneConfiguration {
    try TeacherFinetuneConfiguration.load(
      path: "\(scratch.path)/\(file)", overrides: overrides, checksPaths: checksPaths)
  }

  /// What is wrong with a file, without the name of the folder.
  private func complaint(_ file: String, checksPaths: Bool = false) -> String? {
    do {
      _ = try load(file, checksPaths: checksPaths)
      return nil
    } catch {
      return "\(error)".replacingOccurrences(of: "\(scratch.path)/", with: "")
    }
  }

  @Test func laterFilesWin() throws {
    try scratch.write(Draft.teacher, as: "parts/base.json")
    try scratch.write(
      #"{"train": {"max_steps": 20, "learning_rate": null}}"#, as: "parts/short.json")
    try scratch.write(
      #"{"include": ["parts/base.json", "parts/short.json"], "train": {"seed_": 1}}"#
        .replacingOccurrences(of: #""seed_": 1"#, with: #""weight_decay": 0.5"#),
      as: "run.json")
    let run = try load("run.json")
    #expect(run.train.maxSteps == 20)
    #expect(run.train.learningRate == 5e-5)
    #expect(run.train.weightDecay == 0.5)
    #expect(run.common.outputDir == "runs/t")
    #expect(run.resolved["include"] == nil)
  }

  @Test func errorsNameTheFileThatSaysIt() throws {
    try scratch.write(
      #"""
      {
        "output_dir": "o", "task": {"name": "sst-2", "data_dir": "d"},
        "train": {"learning_rate": -1, "max_step": 3}
      }
      """#, as: "parts/base.json")
    try scratch.write(
      #"{"include": "parts/base.json", "model": {"model_name_or_path": "m"}}"#, as: "run.json")
    #expect(
      complaint("run.json")
        == "parts/base.json:3:30: error: train.learning_rate must be at least 0, found -1.")
    try scratch.write(
      """
      {"include": "parts/base.json", "model": {"model_name_or_path": "m"},
       "train": {"learning_rate": 2e-5}}
      """, as: "mended.json")
    #expect(
      complaint("mended.json")
        == "parts/base.json:3:34: error: unknown key \"max_step\" in train; "
        + "did you mean \"max_steps\"?")
    try scratch.write(
      """
      {"include": "parts/base.json", "model": {"model_name_or_path": "m"},
       "train": {"learning_rate": 2e-5, "max_step": null, "max_steps": "x"}}
      """, as: "spoiled.json")
    #expect(
      complaint("spoiled.json")
        == "spoiled.json:2:66: error: train.max_steps must be an integer, found \"x\".")
  }

  /// An object that two files describe counts as that of the first, but not what the second says.
  @Test func errorsInMergedObjectsNameTheirFile() throws {
    try scratch.write(
      #"""
      {
        "output_dir": "o", "task": {"name": "sst-2", "data_dir": "d"},
        "model": {"model_name_or_path": "m"}, "train": {"max_steps": 3}
      }
      """#,
      as: "parts/base.json")
    try scratch.write(
      #"{"include": "parts/base.json", "train": {"learning_rate": -2}}"#, as: "run.json")
    #expect(
      complaint("run.json")
        == "run.json:1:59: error: train.learning_rate must be at least 0, found -2.")
  }

  @Test func circlesAndMissingFilesAreErrors() throws {
    try scratch.write(#"{"include": "b/two.json"}"#, as: "one.json")
    try scratch.write(#"{"seed": 1, "include": ["../one.json"]}"#, as: "b/two.json")
    #expect(
      complaint("one.json")
        == "b/two.json:1:25: error: include: a file would include itself: "
        + "one.json includes b/two.json includes b/../one.json.")
    try scratch.write(#"{"include": "none.json"}"#, as: "lost.json")
    #expect(
      complaint("lost.json")
        == "lost.json:1:13: error: include: there is no file \"none.json\"; names are relative to "
        + "the file that includes them.")
    try scratch.write(#"{"include": 3}"#, as: "number.json")
    #expect(complaint("number.json")?.contains("array of such names, found 3") == true)
    try scratch.write("[]", as: "array.json")
    try scratch.write(#"{"include": "array.json"}"#, as: "of-array.json")
    #expect(complaint("of-array.json")?.hasPrefix("array.json:1:1: error: a configuration") == true)
    // A file that is included twice, but not by itself, is no circle.
    try scratch.write(Draft.teacher, as: "base.json")
    try scratch.write(#"{"include": ["base.json", "base.json"]}"#, as: "twice.json")
    #expect(complaint("twice.json") == nil)
  }

  @Test func endlessInclusionIsCutOff() throws {
    for level in 0..<8 {
      try scratch.write(
        #"{"include": ["\#(level + 1).json", "\#(level + 1).json"]}"#, as: "\(level).json")
    }
    try scratch.write("{}", as: "8.json")
    #expect(complaint("0.json")?.contains("more than 100 files") == true)
  }

  @Test func pathsAreRelativeToWhatTheKeySays() throws {
    let text = try Draft.changed(
      Draft.teacher, "\"output_dir\"", "\"paths\": \"file\", \"output_dir\"")
    try scratch.write(text, as: "configs/run.json")
    let run = try load("configs/run.json")
    #expect(run.common.outputDir == "\(scratch.path)/configs/runs/t")
    #expect(run.task.dataDir == "\(scratch.path)/configs/data/SST-2")
    #expect(run.model.modelNameOrPath == "\(scratch.path)/configs/models/bert")
    // What is recorded can be read again from anywhere.
    #expect(run.resolved["output_dir"]?.string == run.common.outputDir)
    #expect(run.resolved["paths"] == nil)
    // The command line knows only the working directory.
    #expect(
      try load("configs/run.json", overrides: ["output_dir=o"]).common.outputDir == "o")
    // Each path starts from the file that names it.
    try scratch.write(#"{"include": "configs/run.json", "output_dir": "mine"}"#, as: "own.json")
    let own = try load("own.json")
    #expect(own.common.outputDir == "\(scratch.path)/mine")
    #expect(own.task.dataDir == "\(scratch.path)/configs/data/SST-2")
  }

  @Test func missingFolderBesideTheFileIsTold() throws {
    let place = FileManager.default.currentDirectoryPath
    try scratch.write("x", as: "data/SST-2/train.tsv")
    try scratch.write(Draft.teacher, as: "run.json")
    #expect(
      complaint("run.json", checksPaths: true)
        == "run.json:6:17: error: task.data_dir: there is no folder \"data/SST-2\" (looked for in "
        + "\(place)), but there is one beside the configuration; \"paths\": \"file\" at its top "
        + "makes paths relative to it.")
  }

  @Test func variablesAndTheHomeFolder() throws {
    let environment = ["HOME": "/home/me", "DATA": "/data", "N_1": "x", "EMPTY": ""]
    func expanded(_ text: String) -> String {
      do {
        return try PathText.expanded(text, environment: environment)
      } catch {
        return "\(error)"
      }
    }
    #expect(expanded("~/a") == "/home/me/a")
    #expect(expanded("~") == "/home/me")
    #expect(expanded("a/~/b~") == "a/~/b~")
    #expect(expanded("~other/a") == "~other/a")
    #expect(expanded("$DATA/${N_1}y/$N_1") == "/data/xy/x")
    #expect(expanded("$$DATA/5$/$5") == "$DATA/5$/$5")
    #expect(
      expanded("$NONE/a")
        == "\"$NONE/a\" needs the environment variable NONE for $NONE, which is not set")
    #expect(expanded("${EMPTY}").contains("EMPTY for $EMPTY, which is not set"))
    #expect(expanded("${DATA").contains("without the name of a variable"))
    for path in ["~", "~/a", "a $DATA/${DATA}/$", "$$", "/data/~"] {
      let same = ["~": "./~", "~/a": "./~/a"][path] ?? path
      #expect(expanded(PathText.literal(path)) == same)
    }
  }

  @Test func unsetVariableIsAnErrorOfItsKey() throws {
    try scratch.write(
      try Draft.changed(Draft.teacher, "runs/t", "$MATE_KD_NO_SUCH/t"), as: "run.json")
    #expect(
      complaint("run.json")
        == "run.json:3:17: error: output_dir: \"$MATE_KD_NO_SUCH/t\" needs the environment "
        + "variable MATE_KD_NO_SUCH for $MATE_KD_NO_SUCH, which is not set.")
  }

  @Test func onlyFilesInclude() {
    #expect(
      Draft.complaint(
        TeacherFinetuneConfiguration.self, Draft.teacher, overrides: ["include=a.json"])?
        .contains("only files include others") == true)
  }
}
