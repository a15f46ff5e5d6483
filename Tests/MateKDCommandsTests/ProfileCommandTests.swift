import Configuration
import MateKDCommands
import StrictJSON
import Testing

@Suite struct ProfileCommandTests {
  @Test(
    arguments: [
      (#"{"teacher": {}, "task": {}, "train": {}}"#, RunKind.distill),
      (#"{"method": {"name": "kd"}}"#, .distill),
      (#"{"model": {}, "corpus": {}}"#, .pretrain),
      (#"{"mlm": {}}"#, .pretrain),
      (#"{"model": {}, "task": {}}"#, .teacherFinetune),
      ("{}", .teacherFinetune),
    ] as [(String, RunKind)])
  func sectionsTellTheRun(_ text: String, _ kind: RunKind) throws {
    let json = try StrictJSON.parse(Array(text.utf8), file: "run.json")
    #expect(try RunKind(of: ConfigDocument(json, file: "run.json")) == kind)
  }
}
