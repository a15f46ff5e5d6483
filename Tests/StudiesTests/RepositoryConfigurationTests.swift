import Foundation
import Runs
import StrictJSON
import Studies
import TestSupport
import Testing

/// The configurations in the folder `configs`.
@Suite struct RepositoryConfigurationTests {
  @Test func everyConfigurationOfTheRepositoryIsRead() throws {
    let folder = TestFiles.repository.appending(path: "configs").path
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".json") && !$0.contains("schema") }
    #expect(files.count >= 16)
    for file in files {
      let path = folder + "/" + file
      let text = try StrictJSON.parse(TestFiles.bytes(path), file: file)
      switch text["$schema"]?.string?.split(separator: "/").last {
      case "compare.json": _ = try StudyConfiguration.load(path: path)
      case "sweep.json": _ = try SweepConfiguration.load(path: path)
      case "distill.json": _ = try DistillConfiguration.load(path: path, checksPaths: false)
      case "pretrain.json": _ = try PretrainConfiguration.load(path: path, checksPaths: false)
      case "teacher-finetune.json":
        _ = try TeacherFinetuneConfiguration.load(path: path, checksPaths: false)
      default: Issue.record("\(file) names no schema")
      }
    }
  }
}
