import Configuration
import Files
import Foundation
import Runs
import StrictJSON
import TestSupport
import Testing

/// A run never writes over what it reads, whatever the folder is called.
@Suite struct ProtectedInputsTests {
  /// What a distillation says that reads `teacher` and writes to `output`.
  private func refusal(teacher: String, output: String, in folder: String) -> String {
    do {
      let text: JSONValue = [
        "output_dir": .string(output), "overwrite_output_dir": true,
        "task": ["name": "sst-2", "data_dir": .string("\(folder)/data")],
        "teacher": ["model_name_or_path": .string(teacher)],
        "student": ["from_teacher_layers": [0]], "method": ["name": "kd"],
      ]
      _ = try PreparedRun.distill(
        DistillConfiguration(reading: ConfigDocument(text, file: "test").root))
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func teacherIsNotOverwritten() throws {
    let scratch = try ScratchFolder()
    let root = scratch.path
    for folder in ["teacher/best", "teacher/checkpoint-5", "teacher/students", "data"] {
      try ByteFile.write([1], to: "\(root)/\(folder)/model.safetensors")
    }
    try FileManager.default.createSymbolicLink(
      atPath: "\(root)/link", withDestinationPath: "\(root)/teacher")
    let teacher = "\(root)/teacher"
    for (input, output) in [
      (teacher, teacher), (teacher, "\(root)/link"), ("\(root)/link", teacher),
      (teacher, "\(root)/teacher/students/.."), ("\(teacher)/best", teacher),
      ("\(teacher)/checkpoint-5", teacher),
    ] {
      let text = refusal(teacher: input, output: output, in: root)
      #expect(text.contains("would write over it"), "\(input) to \(output): \(text)")
    }
    // Folders beside, above and below are no trouble; the files of this task are.
    for (input, output) in [
      (teacher, "\(root)/teacher/students"), ("\(teacher)/students", teacher),
      (teacher, "\(root)/teacher2"),
    ] {
      let text = refusal(teacher: input, output: output, in: root)
      #expect(!text.isEmpty && !text.contains("would write over it"), "\(text)")
    }
    #expect(refusal(teacher: teacher, output: "\(root)/data", in: root).contains("task.data_dir"))
  }
}
