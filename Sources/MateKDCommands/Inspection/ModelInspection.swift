import Data
import Models
import StrictJSON

/// What `mate-kd inspect` reports about a model folder.
package struct ModelInspection: Sendable {
  private let folder: String
  private let summary: ModelSummary
  private let tokenizer: any Tokenizer

  /// Reads a folder's headers and its tokenizer.
  ///
  /// - Throws: errors of config.json, of the weights' headers and of the tokenizer's files.
  package init(folder: String) throws {
    self.folder = folder
    summary = try ModelFolder(folder).summary()
    tokenizer = try TokenizerLoader.load(folder: folder)
  }

  /// Sentences about things that do not fit together.
  package var warnings: [String] {
    let rows = summary.configuration.encoder.vocabularySize
    let isSmall = rows < tokenizer.vocabularySize
    return summary.problems
      + (isSmall
        ? ["config.json has embeddings for \(rows) tokens, the tokenizer has more"] : [])
  }

  /// Writes a table of the whole, a table of the parts, a table of the tensors, and the warnings.
  package func print(on stream: TerminalStream) {
    var whole = TextTable([.text("model"), .text(folder)])
    for (name, value) in facts { whole.add([name, value]) }
    whole.print(on: stream)
    stream.print("")
    var parts = TextTable([
      .text("part"), .number("tensors"), .number("parameters"), .number("bytes"),
    ])
    for part in summary.parts {
      parts.add([
        part.name, NumberText.grouped(part.tensors), NumberText.grouped(part.parameters),
        NumberText.grouped(part.bytes),
      ])
    }
    parts.add([
      "all", NumberText.grouped(summary.tensors.count), NumberText.grouped(summary.parameters),
      NumberText.grouped(summary.bytes),
    ])
    parts.print(on: stream)
    stream.print("")
    var tensors = TextTable([
      .text("tensor"), .text("type"), .text("shape"), .number("elements"), .number("bytes"),
    ])
    for tensor in summary.tensors {
      tensors.add([
        tensor.name, tensor.type.rawValue, Self.text(tensor.shape),
        NumberText.grouped(tensor.count), NumberText.grouped(tensor.bytes.count),
      ])
    }
    tensors.print(on: stream)
    for warning in warnings {
      stream.print(StyledText("warning:", .yellow) + " \(warning)")
    }
  }

  private var facts: [(String, String)] {
    let encoder = summary.configuration.encoder
    return [
      ("family", encoder.family.rawValue),
      ("heads", summary.architectures.joined(separator: ", ")),
      ("labels", labels), ("task", summary.configuration.finetuningTask ?? "not named"),
      ("layers", "\(encoder.layers)"), ("hidden size", "\(encoder.hiddenSize)"),
      ("attention heads", "\(encoder.attentionHeads)"),
      ("intermediate size", "\(encoder.intermediateSize)"),
      ("longest text", "\(encoder.maximumLength) tokens"),
      ("parameters", NumberText.grouped(summary.parameters)),
      ("tokenizer", tokenizer.kind.rawValue + (isLowerCasing ? ", lower case" : "")),
      (
        "vocabulary",
        "\(NumberText.grouped(tokenizer.vocabularySize)) tokens, hash \(tokenizer.vocabularyHash)"
      ),
    ]
  }

  private var labels: String {
    guard let labels = summary.configuration.labels else { return "none" }
    if labels.isRegression { return "a score" }
    return labels.names.enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
  }

  private var isLowerCasing: Bool {
    (tokenizer as? WordPieceTokenizer)?.normalization.lowersCase == true
  }

  /// A shape such as `384 x 1536`.
  private static func text(_ shape: [Int]) -> String {
    shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: " x ")
  }

  /// The whole report.
  package var json: JSONValue {
    let encoder = summary.configuration.encoder
    let labels = summary.configuration.labels
    return .object([
      ("model", .string(folder)), ("model_type", .string(encoder.family.rawValue)),
      ("architectures", .array(summary.architectures.map(JSONValue.string))),
      ("labels", labels.map { .array($0.names.map(JSONValue.string)) } ?? .null),
      ("regression", .bool(labels?.isRegression == true)),
      ("finetuning_task", summary.configuration.finetuningTask.map(JSONValue.string) ?? .null),
      ("num_hidden_layers", .int(encoder.layers)), ("hidden_size", .int(encoder.hiddenSize)),
      ("num_attention_heads", .int(encoder.attentionHeads)),
      ("intermediate_size", .int(encoder.intermediateSize)),
      ("max_seq_length", .int(encoder.maximumLength)),
      ("num_parameters", .int(summary.parameters)), ("bytes", .int(summary.bytes)),
      (
        "tokenizer",
        .object([
          ("kind", .string(tokenizer.kind.rawValue)),
          ("vocab_size", .int(tokenizer.vocabularySize)),
          ("vocab_hash", .string(tokenizer.vocabularyHash)),
        ])
      ),
      ("parts", .array(summary.parts.map(Self.json))),
      ("tensors", .array(summary.tensors.map(Self.json))),
      ("warnings", .array(warnings.map(JSONValue.string))),
    ])
  }

  private static func json(_ part: ModelSummary.Part) -> JSONValue {
    .object([
      ("name", .string(part.name)), ("tensors", .int(part.tensors)),
      ("parameters", .int(part.parameters)), ("bytes", .int(part.bytes)),
    ])
  }

  private static func json(_ tensor: SafetensorsEntry) -> JSONValue {
    .object([
      ("name", .string(tensor.name)), ("dtype", .string(tensor.type.rawValue)),
      ("shape", .array(tensor.shape.map(JSONValue.int))), ("elements", .int(tensor.count)),
      ("bytes", .int(tensor.bytes.count)),
    ])
  }
}
