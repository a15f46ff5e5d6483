import Autograd
import Data
import Foundation
import Kernels
import Models

/// The frozen teacher's logits on clean training texts, computed when a text is first needed, and
/// kept in a file between runs if there is a folder for it.
///
/// A teacher in evaluation mode says the same of a text in every epoch, so it is asked once. The
/// file's name is a hash of all that the logits depend on: it can be stale for nobody.
public struct TeacherCache: Sendable {
  private let teacher: SequenceClassifier
  /// [training rows, outputs]; NaN where not yet known.
  private let logits: Matrix
  /// Where the logits are kept between runs; nil for nowhere.
  public let path: String?
  /// Rows that the file held when it was opened.
  public let rowsRead: Int

  /// An empty cache in memory.
  public init(teacher: SequenceClassifier, rows: Int) {
    self.teacher = teacher
    logits = Matrix(zeros: rows, teacher.labels.count)
    logits.fill(.nan)
    path = nil
    rowsRead = 0
  }

  /// A cache that begins with what an earlier run left in a folder.
  ///
  /// - Parameters:
  ///   - data: the training rows.
  ///   - folder: made if it does not exist.
  ///   - precision: of the tapes that will ask for logits.
  /// - Throws: `TrainingError.mismatch` if the folder cannot be made. A file that cannot be read is
  ///   taken as empty, and written anew by `save()`.
  public init(
    teacher: SequenceClassifier, data: TokenizedDataset, folder: String, pool: ThreadPool,
    precision: Precision = .float32
  ) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw TrainingError.mismatch(
        "teacher_cache_dir: the folder \(folder) cannot be made; name another one or leave the key "
          + "out")
    }
    let key = Self.key(teacher: teacher, data: data, precision: precision, pool: pool)
    let path = "\(folder)/\(key).safetensors"
    self.teacher = teacher
    self.path = path
    logits = Matrix(zeros: data.count, teacher.labels.count)
    var known = 0
    if let file = try? SafetensorsFile(path: path),
      file.entry(named: Self.tensor)?.shape == [data.count, teacher.labels.count],
      let values = try? file.floats(Self.tensor)
    {
      logits.copy(from: Matrix(values, rows: logits.rows, columns: logits.columns))
      known = (0..<logits.rows).count { [logits] in !logits[$0, 0].isNaN }
    } else {
      logits.fill(.nan)
    }
    rowsRead = known
  }

  private static let tensor = "logits"

  /// Names everything that the logits depend on: weights, architecture, texts, vocabulary and length.
  private static func key(
    teacher: SequenceClassifier, data: TokenizedDataset, precision: Precision, pool: ThreadPool
  ) -> String {
    let parameters = teacher.parameters
    var hash = ContentHash()
    hash.add(
      Kernel.hash(Matrix(parameters.buffer, rows: 1, columns: parameters.count), pool: pool))
    hash.add("\(teacher.encoder.configuration)".utf8)
    hash.add(precision.rawValue.utf8)
    return "teacher-\(hash.hexadecimal)-\(data.contentHash)"
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

  /// Writes the file if rows were added since it was read; runs without a folder write nothing.
  /// - Throws: `CheckpointError` if it cannot be written.
  public func save() throws {
    guard let path else { return }
    let known = (0..<logits.rows).count { !logits[$0, 0].isNaN }
    guard known > rowsRead else { return }
    try SafetensorsWriter.write(
      path: path,
      tensors: [
        SafetensorsWriter.Tensor(
          name: Self.tensor, shape: [logits.rows, logits.columns], values: logits.values)
      ])
  }
}
