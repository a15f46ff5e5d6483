import Autograd
import Kernels
import Models

/// The frozen teacher's logits on clean training texts, computed when a text is first needed.
///
/// A teacher in evaluation mode says the same of a text in every epoch, so it is asked once.
struct TeacherCache: Sendable {
  private let teacher: SequenceClassifier
  /// [training rows, outputs]; NaN where not yet known.
  private let logits: Matrix

  init(teacher: SequenceClassifier, rows: Int) {
    self.teacher = teacher
    logits = Matrix(zeros: rows, teacher.labels.count)
    logits.fill(.nan)
  }

  /// The teacher's logits on a shard's texts; no gradient.
  ///
  /// Safe to call for several shards at once: a row belongs to one shard of a batch.
  func logits(for shard: Shard, tape: Tape) -> Tensor {
    let unknown = shard.rows.indices.filter { logits[shard.rows[$0], 0].isNaN }
    if !unknown.isEmpty {
      let fresh = teacher.logits(shard.tokens.texts(unknown), tape: tape, training: false).value
      for (i, text) in unknown.enumerated() {
        let row = shard.rows[text]
        logits.rows(row..<row + 1).copy(from: fresh.rows(i..<i + 1))
      }
    }
    let result = tape.pool.matrix(shard.count, logits.columns)
    Kernel.gatherRows(logits, shard.rows, into: result)
    return tape.constant(result)
  }
}
