import Configuration
import Data
import Foundation
import Models
import Runs
import StrictJSON
import TestSupport
import Testing

@Suite struct ConfigErrorTests {
  @Test func brokenJSONKeepsItsPlace() throws {
    let folder = try ScratchFolder()
    for (text, complaint) in [
      ("{\n  \"a\": 1,\n}", ":2:9: error: "), ("{\"a\": 1,\n \"a\": 2}", ":2:2: error: "),
      ("[]", ":1:1: error: a configuration is a JSON object, found an array."),
      ("", ":1:1: error: "),
    ] {
      let file = try folder.write(text, as: "run.json")
      let error = #expect(throws: ConfigError.self) {
        try TeacherFinetuneConfiguration.load(path: file)
      }
      #expect("\(error.map(\.description) ?? "")".hasPrefix(file + complaint))
    }
    let missing = "\(folder.path)/none.json"
    #expect(
      throws: ConfigError(file: missing, message: "there is no such configuration file.")
    ) { try TeacherFinetuneConfiguration.load(path: missing) }
    #expect(
      throws: ConfigError(
        file: folder.path, message: "this is a folder; name a configuration file.")
    ) { try TeacherFinetuneConfiguration.load(path: folder.path) }
  }

  @Test func pathsMustExist() throws {
    let scratch = try ScratchFolder()
    let data = try scratch.folder()
    func complaint(_ text: String) -> String {
      do {
        let run: TeacherFinetuneConfiguration = try Draft.read(text, checksPaths: true)
        return "none, \(run.task.name)"
      } catch { return "\(error)" }
    }
    var text = try Draft.changed(
      Draft.teacher, "data/SST-2", String(repeating: "k/", count: 2048))
    #expect(
      complaint(text).contains(
        "task.data_dir is a path of 4096 bytes, and no system takes more than 4095."))
    text = try Draft.changed(Draft.teacher, "data/SST-2", "\(scratch.path)/none")
    #expect(
      complaint(text)
        == "run.json:6:17: error: task.data_dir: there is no folder \"\(scratch.path)/none\".")
    text = try Draft.changed(Draft.teacher, "data/SST-2", data)
    #expect(
      complaint(text)
        == "run.json:8:36: error: model.model_name_or_path: there is no folder \"models/bert\" "
        + "(looked for in \(FileManager.default.currentDirectoryPath)), and Hugging Face's cache, "
        + "\(HubCache().folder), has no model of that name; if it is the output of another "
        + "run, make that first; if it is a model on the Hub, get it by: "
        + "hf download models/bert")
    text = try Draft.changed(text, "models/bert", "./models/bert")
    #expect(complaint(text).hasSuffix("; models are local folders, nothing is downloaded."))
    text = try Draft.changed(text, "./models/bert", data)
    #expect(complaint(text) == "none, sst-2")
  }

  /// A dotted key is looked up in the sections inside, whether they have been read or not, and
  /// under the spelling of the file.
  @Test func nestedKeysHaveTheirPlace() throws {
    let text = """
      {
        "teacher": {"old_path": "a",
                    "inner": {"depth": 1}},
        "data": {"dir": "b"}, "dotted.key": 1
      }
      """
    let root = try ConfigDocument(StrictJSON.parse(text, file: "run.json"), file: "run.json").root
    let teacher = try root.section("teacher")
    try teacher.alias("old_path", for: "path")
    for (key, place) in [
      ("teacher", "2:14"), ("teacher.path", "2:27"), ("teacher.inner.depth", "3:34"),
      ("teacher.inner.none", "3:24"), ("data.dir", "4:19"), ("data.dir.none", "4:11"),
      ("dotted.key", "4:39"), ("none.none", "1:1"),
    ] {
      #expect(ConfigOrigin(root).error(key, "no.").description == "run.json:\(place): error: no.")
    }
  }
}
