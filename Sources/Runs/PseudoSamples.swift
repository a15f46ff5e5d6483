import Autograd
import Data
import Files
import Foundation
import Inference
import Kernels
import Methods
import Models

/// Pseudo texts spelt with the words closest to their vectors, for people to look at.
struct PseudoSamples {
  /// The file in the run's folder.
  static let fileName = "pseudo_samples.txt"
  private let lines: [String]

  /// The texts of a method's last batch. The closest word is the one with the largest cosine.
  /// Special tokens stand for themselves.
  init(_ method: any PseudoTextMethod, vocabulary teacher: OpenedModel<some TaskHead>) {
    let words = teacher.model.parameters.matrix(teacher.model.encoder.words)
    let directions = Matrix(zeros: words.rows, words.columns)
    _ = Kernel.normalizeRows(words, into: directions)
    let names = teacher.model.writtenLabels?.names ?? []
    lines = method.pseudoTexts().map { text in
      let unit = Matrix(zeros: text.vectors.rows, text.vectors.columns)
      _ = Kernel.normalizeRows(text.vectors, into: unit)
      let cosines = Matrix(zeros: unit.rows, words.rows)
      Kernel.gemm(unit, .none, directions, .transposed, into: cosines)
      let ids = Kernel.argmaxRows(cosines)
      let spelled = ids.map { teacher.tokenizer.token(for: $0) ?? "[\($0)]" }
      let mean =
        ids.enumerated().reduce(0.0) { $0 + Double(cosines[$1.offset, Int($1.element)]) }
        / Double(max(1, ids.count))
      let label = names.indices.contains(text.label) ? names[text.label] : "\(text.label)"
      return [
        label, String(format: "%.3f", text.probability), String(format: "%.3f", mean),
        spelled.joined(separator: " "),
      ].joined(separator: "\t")
    }
  }

  /// Writes a header and one line per text, with columns separated by tabs; writes nothing if there
  /// are no texts.
  ///
  /// - Throws: `FileError`.
  func write(to folder: String) throws {
    guard !lines.isEmpty else { return }
    let header = "label\tteacher_probability\tmean_cosine\tnearest_words"
    let path = "\(folder)/\(Self.fileName)"
    try ByteFile.write(([header] + lines).map { $0 + "\n" }.joined().utf8, to: path)
  }
}
