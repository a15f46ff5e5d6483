import ArgumentParser
import Data
import Files
import Foundation
import MateKDCommands
import TestSupport
import Testing

@Suite struct SubmissionTests {
  private static func file(_ name: String) throws -> GLUESubmission.File {
    try #require(GLUESubmission.files.first { $0.name == name })
  }

  @Test func whichModelAnswers() throws {
    let models = try SubmissionModels(["MNLI=a=b", "rte=runs/rte", "mnli-mm=c"])
    #expect(models.folder(for: try Self.file("MNLI-m.tsv")) == "a=b")
    #expect(models.folder(for: try Self.file("MNLI-mm.tsv")) == "c")
    #expect(models.folder(for: try Self.file("AX.tsv")) == "a=b")
    #expect(models.folder(for: try Self.file("RTE.tsv")) == "runs/rte")
    #expect(models.folder(for: try Self.file("CoLA.tsv")) == nil)
  }

  @Test(
    arguments: [
      (["runs/rte"], "--model must be a task and a folder, such as rte=runs/rte"),
      (["rte="], "found \"rte=\""), (["=x"], "found \"=x\""),
      (["rtf=x"], "--model: there is no task \"rtf\""),
      (["hans=x"], "--model: task hans is no part of a GLUE submission; those are cola, sst-2"),
      (["rte=x", "RTE=y"], "--model names task rte twice."),
    ] as [([String], String)])
  func wrongArguments(_ arguments: [String], _ message: String) throws {
    let error = #expect(throws: (any Error).self) {
      try MateKD.parseAsRoot(
        ["predict", "--glue-submission", "out", "--data", "glue"]
          + arguments.flatMap { ["--model", $0] })
    }
    let said = MateKD.message(for: try #require(error))
    #expect(said.contains(message), "\(said)")
  }

  @Test(
    arguments: [
      (["--model", "m"], "Give --input and --output, or --glue-submission and --data."),
      (
        ["--model", "m", "--model", "n", "--task", "rte", "--input", "i", "--output", "o"],
        "--model must be given once, found 2."
      ),
      (
        ["--model", "m", "--task", "rte", "--input", "i", "--output", "o", "--data", "d"],
        "--data is for --glue-submission."
      ),
      (["--model", "rte=m", "--glue-submission", "o"], "--glue-submission needs --data."),
      (
        ["--model", "rte=m", "--glue-submission", "o", "--data", "d", "--task", "rte"],
        "--glue-submission excludes --task, --task-config, --label-order, --input, --output and "
          + "--answers."
      ),
    ] as [([String], String)])
  func commandLine(_ arguments: [String], _ message: String) throws {
    let error = #expect(throws: (any Error).self) {
      try MateKD.parseAsRoot(["predict"] + arguments)
    }
    #expect(MateKD.message(for: try #require(error)) == message)
  }

  @Test func filesAndArchive() throws {
    let scratch = try ScratchFolder()
    let folder = "\(scratch.path)/out"
    var writer = try SubmissionWriter(folder: folder)
    let (wnli, stsb) = (try Self.file("WNLI.tsv"), try Self.file("STS-B.tsv"))
    let classes = (0..<146).map { Int32($0 % 2) }
    try writer.add(wnli, answers: .classes(classes), model: "runs/wnli")
    try writer.add(stsb, answers: nil, model: "ignored")
    #expect(throws: FileError.self) { try writer.add(wnli, answers: .classes([1])) }
    let archive = try writer.finish()
    #expect(archive == "\(folder)/submission.zip")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["STS-B.tsv", "WNLI.tsv", "submission.zip"])
    let text = try String(contentsOfFile: "\(folder)/WNLI.tsv", encoding: .utf8)
    #expect(text.hasPrefix("index\tprediction\n0\t0\n1\t1\n") && text.hasSuffix("145\t1\n"))
    var expected = ZipArchive()
    try expected.add("WNLI.tsv", wnli.content(.classes(classes)))
    try expected.add("STS-B.tsv", stsb.content(stsb.placeholder))
    #expect(
      try [UInt8](Foundation.Data(contentsOf: URL(fileURLWithPath: archive))) == expected.bytes)
    let captured = CapturedStream()
    writer.print(on: captured.stream())
    #expect(
      captured.text == """
        file        rows  answers
        ---------  -----  -------------------
        WNLI.tsv     146  runs/wnli
        STS-B.tsv  1 379  the same everywhere

        """)
  }
}
