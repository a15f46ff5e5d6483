import Data
import Inference
import Kernels
import Models
import StrictJSON

/// What `mate-kd inspect --compare` reports: which layers of two models are alike.
package struct LayerComparison: Sendable {
  private let folders: [String]
  private let similarity: LayerSimilarity
  private let rows: EncoderStates.Rows
  private let texts: Int

  /// Runs both models on some texts of a task.
  ///
  /// - Parameters:
  ///   - samples: how many texts, from the beginning of the split.
  ///   - limit: tokens that texts are cut to.
  /// - Throws: errors of the folders and of the data; `MismatchError`, `MemoryShortage`.
  package init(
    folders: (String, String), task: TaskDescription, directory: String, badRows: BadRows,
    split: Split, samples: Int, limit: Int, pool: ThreadPool
  ) throws {
    guard task.questions == nil else {
      throw MismatchError(
        .method,
        "--compare reads texts, but task \(task.name) has questions; give a task of classes, "
          + "scores or labels")
    }
    let text = try DatasetReader.read(
      task: task, split: split, directory: directory, maximumRows: samples, badRows: badRows)
    guard text.count > 1 else {
      throw MismatchError(
        .method, "--compare needs at least two texts, but \(text.source) has \(text.count)")
    }
    self.folders = [folders.0, folders.1]
    texts = text.count
    let data = try [folders.0, folders.1].map { folder in
      TokenizedDataset(
        text, tokenizer: try TokenizerLoader.load(folder: folder), maximumLength: limit,
        pool: pool)
    }
    // Tokens can be compared one by one only if both models have the same ones.
    let isShared = (0..<text.count).allSatisfy { data[0].tokenIDs($0) == data[1].tokenIDs($0) }
    let rows: EncoderStates.Rows = isShared ? .tokens : .texts
    self.rows = rows
    let states = try zip([folders.0, folders.1], data).map { folder, data in
      try EncoderStates(folder: folder, data: data, rows: rows, pool: pool).layers
    }
    do {
      similarity = try LayerSimilarity(states[0], states[1])
    } catch {
      throw MismatchError(
        .training,
        "the states of \(folders.0) and \(folders.1) cannot be compared (\(error)); look for "
          + "weights that are not finite")
    }
  }

  /// The name of a layer: as in `from_teacher_layers`, after the embeddings.
  private static func name(_ index: Int) -> String {
    index == 0 ? "embeddings" : "layer \(index - 1)"
  }

  /// Writes a table of similarities, and one of the spectra.
  package func print(on stream: TerminalStream) {
    var map = TextTable(
      [.text("\(folders[0]) \\ \(folders[1])")]
        + (similarity.cka.first ?? []).indices.map { .number(Self.name($0)) })
    for (index, line) in similarity.cka.enumerated() {
      map.add([Self.name(index)] + line.map { NumberText.fixed($0, 3) })
    }
    var widths = TextTable([
      .text("directions with"), .text("layer"), .number("50 %"), .number("90 %"), .number("99 %"),
      .number("of"),
    ])
    for (folder, spectra) in zip(folders, [similarity.spectra.first, similarity.spectra.second]) {
      for (index, spectrum) in spectra.enumerated() {
        widths.add(
          [folder, Self.name(index)]
            + [0.5, 0.9, 0.99].map { "\(LayerSimilarity.directions(spectrum, share: $0))" }
            + ["\(spectrum.count)"])
      }
    }
    TextTable.print([map, widths], on: stream)
  }

  /// The whole report.
  package var json: JSONValue {
    func numbers(_ values: [[Double]]) -> JSONValue {
      .array(values.map { .array($0.map(JSONValue.double)) })
    }
    return .object([
      ("models", .array(folders.map(JSONValue.string))), ("texts", .int(texts)),
      ("rows", .string(rows.rawValue)), ("cka", numbers(similarity.cka)),
      (
        "singular_values",
        .array([numbers(similarity.spectra.first), numbers(similarity.spectra.second)])
      ),
    ])
  }
}
