import Data
import Kernels
import Models

/// The training texts of a student, read when a student is cut from its teacher.
package typealias StudentTexts = () throws -> TokenizedDataset

extension ModelOpener {
  /// A student that is a part of its teacher; nil if the section says nothing of that.
  ///
  /// - Throws: `MismatchError` if it cannot be a part of it; what reading the texts throws.
  func cut<M: NarrowableModel>(
    _ source: ModelSource, role: String, teacher: OpenedModel<M>?, texts: StudentTexts?,
    _ make: (EncoderConfiguration) -> M
  ) throws -> OpenedModel<M>? {
    guard let cut = source.fromTeacher, let teacher else { return nil }
    let (model, missing) = try teacher.model.cut(cut, make: make) {
      guard let data = try texts?(), data.count > 0 else {
        throw MismatchError(
          .training,
          "\(role).from_teacher looks at the teacher's states on training texts, but there are none"
        )
      }
      let sample = Self.sample(cut.samples, of: data, seed: seed)
      let longest = teacher.model.encoder.configuration.maximumLength
      guard sample.allSatisfy({ $0.longest <= longest }) else {
        throw MismatchError(
          .length,
          "task.max_seq_length is longer than the teacher's \(longest) positions; make it smaller")
      }
      try Self.checkMemory(of: teacher.model, sample: sample, role: role)
      return sample
    }
    model.initialize(Set(missing), seed: seed)
    return OpenedModel(
      model: model, tokenizer: teacher.tokenizer, tokenizerSource: teacher.tokenizerSource,
      report: LoadReport(initialized: missing), role: role)
  }

  /// Some rows in batches, the shortest first, so that batches have texts of about one length.
  package static func sample(
    _ count: Int, of data: TokenizedDataset, seed: UInt64
  ) -> [PackedTokens] {
    let lengths = data.lengths
    let rows = RowDraw.rows(count, of: data.count, seed: seed)
      .filter { lengths[$0] > 0 }.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    return stride(from: 0, to: rows.count, by: 32).map { start in
      data.batch(rows[start..<min(start + 32, rows.count)]).tokens
    }
  }

  /// Compares what cutting a model takes beside its weights with what there is.
  ///
  /// - Throws: `MemoryShortage`.
  private static func checkMemory(
    of model: some Model, sample: [PackedTokens], role: String
  ) throws {
    let c = model.encoder.configuration
    let tokens = Double(sample.reduce(0) { $0 + $1.ids.count })
    let (h, i, layers) = (
      Double(c.hiddenSize), Double(c.intermediateSize), Double(c.layers)
    )
    // The narrow model is counted as if it were wide, and so is a copy without the other layers.
    let weights = 2 * Double(model.parameters.count)
    // Narrow states, and wide ones before, within and behind a layer.
    let states = 4 * tokens * h
    // Sums, covariance and the system that is solved, of all states or of a layer's units.
    let moments = max((4 + 2 * layers) * h * h, 4 * i * i)
    // The largest batch, as it goes through a layer, with its scores.
    let pass =
      sample.map { batch -> Double in
        let n = Double(batch.ids.count)
        return n * (12 * h + 4 * i) + n * Double(batch.longest * c.attentionHeads)
      }.max() ?? 0
    _ = try MemoryShortage.check(
      4 * (weights + states + moments + pass), for: "cutting the \(role) from its teacher",
      advice: "take fewer \(role).from_teacher.samples")
  }
}
