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
      if text["tasks"] != nil {
        _ = try StudyConfiguration.load(path: path)
      } else if text["parameters"] != nil {
        _ = try SweepConfiguration.load(path: path)
      } else if text["method"] != nil {
        _ = try DistillConfiguration.load(path: path, checksPaths: false)
      } else if text["corpus"] != nil {
        _ = try PretrainConfiguration.load(path: path, checksPaths: false)
      } else {
        _ = try TeacherFinetuneConfiguration.load(path: path, checksPaths: false)
      }
    }
  }
}
