import ArgumentParser
import Files
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
    help: ArgumentHelp("The file to write.", valueName: "file"),
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
    if !overwrite, ByteFile.exists(output) {
      throw FileError.unwritable(output, reason: "it is there already; --overwrite replaces it")
    }
    let folder = try ModelFolder(HubCache().folder(model))
    let export = ONNXExport(
      opset: opset, weights: weights, producer: "mate-kd \(BuildInformation.current.version)")
    let heads = try folder.summary().architectures
    if heads.contains(where: { $0.hasSuffix(SequenceClassifier.headName) }) {
      let (classifier, report) = try folder.classifier(seed: 0)
      try check(report)
      try export.write(classifier, to: output)
    } else if heads.contains(where: { $0.hasSuffix(SpanClassifier.headName) }) {
      let (spans, report) = try folder.spanClassifier(seed: 0)
      try check(report)
      try export.write(spans, to: output)
    } else {
      throw MismatchError(
        .training,
        "\(model) is neither a fine-tuned classifier nor a model that finds answers, but has "
          + heads.joined(separator: ", "))
    }
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
