import Foundation
import Models
import TestSupport
import Testing

/// What mate-kd writes, loaded by transformers: run when PYTHON names an interpreter that has it.
@Suite struct TransformersTests {
  private static let python = ProcessInfo.processInfo.environment["PYTHON"]

  enum Head: String, CaseIterable { case classifier, mlm, qa }

  @Test(
    .enabled(if: python != nil, "PYTHON names no interpreter with transformers"),
    arguments: ModelFamily.allCases, Head.allCases)
  func loadsWhatIsWritten(_ family: ModelFamily, _ head: Head) throws {
    let golden = try ModelGolden("\(family.rawValue)-\(head)").folder
    let folder = try ModelFolder(golden)
    let scratch = try ScratchFolder()
    switch head {
    case .classifier:
      let model = try folder.classifier(seed: 1).0
      try ModelFolder.write(model, labels: model.labels, to: scratch.path, tokenizer: golden)
    case .mlm:
      try ModelFolder.write(
        folder.maskedLanguageModel(seed: 1).0, to: scratch.path, tokenizer: golden)
    case .qa:
      try ModelFolder.write(folder.spanClassifier(seed: 1).0, to: scratch.path, tokenizer: golden)
    }
    let check = Process()
    check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let script = TestFiles.repository.appendingPathComponent(
      "scripts/reference/check_folder.py")
    check.arguments = [
      Self.python ?? "", script.path, "--model", scratch.path, "--same-as", golden,
    ]
    let output = Pipe()
    check.standardOutput = output
    check.standardError = output
    try check.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    check.waitUntilExit()
    #expect(check.terminationStatus == 0, "\(String(bytes: text, encoding: .utf8) ?? "")")
  }
}
