import ArgumentParser
import Files
import Foundation
import Models

extension ONNXWeightType: ExpressibleByArgument {}

/// `mate-kd export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a model for ONNX Runtime and other programs.",
    discussion: """
      The inputs are input_ids, attention_mask and, for models with segments, token_type_ids, of \
      any number of texts and tokens; the outputs are logits, or start_logits and end_logits. \
      Written into the model's own folder, the file lies beside the tokenizer and config.json that \
      other programs look for.
      """)

  /// The formats that there are.
  enum Format: String, CaseIterable, ExpressibleByArgument { case onnx }

  @Option(
    help: ArgumentHelp("The model: \(InferenceOptions.whereModelsAre).", valueName: "dir"),
    completion: .directory)
  var model: String
  @Option(help: "The format.")
  var format = Format.onnx
  @Option(
    help: """
      The version of ONNX's operators, \(ONNXExport.opsets.lowerBound) to \
      \(ONNXExport.opsets.upperBound).
      """)
  var opset = 17
  @Option(
    name: .customLong("quantize"),
    help: "How matrices are stored; int8 is smaller and faster, and costs some accuracy.")
  var weights = ONNXWeightType.float32
  @Option(
    help: ArgumentHelp("The file to write; - is standard output.", valueName: "file"),
    completion: .file(extensions: ["onnx"]))
  var output: String
  @Flag(help: "Replace the file if it is there.")
  var overwrite = false

  func validate() throws {
    if !ONNXExport.opsets.contains(opset) {
      throw ValidationError(
        "--opset must be from \(ONNXExport.opsets.lowerBound) to \(ONNXExport.opsets.upperBound), "
          + "found \(opset).")
    }
  }

  func run() throws {
    let output = OutputFile.path(output)
    if !overwrite {
      try OutputFile.refuseExisting(output, advice: "; --overwrite replaces it")
    }
    let path = try HubCache().folder(model)
    try OutputFile.refuse(
      output, amongst: OutputFile.files(ofModel: path),
      reason: "it is a file of the model itself; name another file")
    show(try write(ModelFolder(path), to: output))
  }

  private func write(_ folder: ModelFolder, to path: String) throws -> ONNXFile {
    let export = ONNXExport(
      opset: opset, weights: weights, producer: "mate-kd \(BuildInformation.current.version)")
    let heads = try folder.summary().architectures
    if heads.contains(where: { $0.hasSuffix(SequenceClassifier.headName) }) {
      let (classifier, report) = try folder.classifier(seed: 0)
      try check(report)
      return try export.write(classifier, to: path)
    }
    if heads.contains(where: { $0.hasSuffix(SpanClassifier.headName) }) {
      let (spans, report) = try folder.spanClassifier(seed: 0)
      try check(report)
      return try export.write(spans, to: path)
    }
    throw MismatchError(
      .training,
      "\(model) is neither a fine-tuned classifier nor a model that finds answers, but has "
        + heads.joined(separator: ", "))
  }

  /// Says what was written and what eight bits cost. Standard output may be the file itself.
  private func show(_ file: ONNXFile) {
    func megabytes(_ bytes: Int) -> String { NumberText.fixed(Double(bytes) / 1e6, 1) + " MB" }
    let name = output == "-" ? "standard output" : output
    let beside = file.rounding.map { _ in " (in float32 \(megabytes(file.float32Bytes)))" } ?? ""
    let stream = TerminalStream.standardError
    stream.print("mate-kd: written to \(name): \(megabytes(file.bytes))\(beside)")
    guard let rounding = file.rounding else { return }
    InferenceOptions.show([
      "int8 changes the weights by up to \(NumberText.fixed(rounding.relativeError * 100, 2)) % of "
        + "a matrix's norm (\(rounding.matrix)); what that costs in accuracy, only the file's own "
        + "answers on your rows can tell (docs/deploying.md, Eight bits)"
    ])
  }

  private func check(_ report: LoadReport) throws {
    guard report.initialized.isEmpty else {
      throw MismatchError(
        .training,
        "\(model) is not complete; its checkpoint lacks "
          + "\(report.initialized.joined(separator: ", "))"
      )
    }
  }
}
