import Autograd
import Data
import Files
import Foundation
import Kernels
import Models
import StrictJSON
import Synchronization
import Trainers

/// The frozen teacher's logits on clean training texts, whatever the teacher is, computed when a
/// text is first needed, and kept in a file between runs if there is a folder for it.
///
/// A teacher in evaluation mode gives a text the same logits in every epoch, so it runs once. The
/// file's name is a hash of everything that the logits depend on, so a file is never stale.
///
/// Where there is a file, each text is computed by itself. Last bits depend on the texts that are
/// computed together, and a run's results must not depend on what other runs have left in the file.
/// Several runs may share it at the same time.
public struct TeacherCache: Sendable {
  private let ask: @Sendable (_ texts: [Int], Shard, Tape) -> Matrix
  /// [rows of all texts, outputs]; NaN where not yet known.
  private let logits: Matrix
  /// The first row of each text, and the end of the last: a row for each text, or for each token.
  private let borders: [Int]
  private let asked = AskedTexts()
  /// Where the logits are kept between runs; nil for nowhere.
  public let path: String?
  /// Texts that the file held when it was opened.
  public let rowsRead: Int
  /// What the user should know of a file that is there but was not used; nil if there is nothing.
  public let notice: String?

  /// An empty cache in memory.
  public init(teacher: SequenceClassifier, rows: Int) {
    ask = { LogitSource.model(teacher).logits($0, of: $1, tape: $2) }
    borders = Array(0...rows)
    logits = Matrix(zeros: rows, teacher.labels.count)
    logits.fill(.nan)
    path = nil
    rowsRead = 0
    notice = nil
  }

  /// A cache that begins with what an earlier run left in a folder.
  ///
  /// - Parameters:
  ///   - data: the training rows.
  ///   - folder: made if it does not exist.
  ///   - precision: of the tapes that will ask for logits.
  /// - Throws: `MismatchError` if the folder cannot be made. A file that cannot be read is taken as
  ///   empty, and `save()` replaces it.
  public init(
    teacher: SequenceClassifier, data: TokenizedDataset, folder: String, pool: ThreadPool,
    precision: Precision = .float32
  ) throws {
    try self.init(
      outputs: teacher.labels.count, borders: Array(0...data.count),
      path: Self.path(in: folder, teacher: teacher, data: data, precision: precision, pool: pool)
    ) { LogitSource.model(teacher).logits($0, of: $1, tape: $2) }
  }

  /// A cache of what any teacher says.
  ///
  /// - Parameters:
  ///   - data: the training rows as the student reads them.
  ///   - folder: nil keeps the logits in memory only. Logits that are known already stay there,
  ///     too.
  package init(
    _ source: LogitSource, data: TokenizedDataset, folder: String?, pool: ThreadPool,
    precision: Precision = .float32
  ) throws {
    switch (source, folder) {
    case (.known, _), (_, nil):
      self.init(outputs: source.outputs, borders: Array(0...data.count), path: nil) {
        source.logits($0, of: $1, tape: $2)
      }
    case (.model(let teacher), let folder?):
      try self.init(
        teacher: teacher, data: data, folder: folder, pool: pool, precision: precision)
    case (_, let folder?):
      var hash = ContentHash()
      source.add(to: &hash, data: data, pool: pool)
      hash.add(precision.rawValue.utf8)
      try self.init(
        outputs: source.outputs, borders: Array(0...data.count),
        path: Self.path(in: folder, named: hash.hexadecimal, data: data)
      ) { source.logits($0, of: $1, tape: $2) }
    }
  }

  /// The same for a model that finds answers, whose logits are those of every token.
  ///
  /// - Parameter folder: nil keeps the logits in memory only.
  public init(
    teacher: SpanClassifier, data: TokenizedDataset, folder: String?, pool: ThreadPool,
    precision: Precision = .float32
  ) throws {
    try self.init(
      outputs: 2, borders: data.borders,
      path: folder.map {
        try Self.path(in: $0, teacher: teacher, data: data, precision: precision, pool: pool)
      }
    ) { teacher.logits($1.tokens.texts($0), tape: $2, training: false).value }
  }

  private init(
    outputs: Int, borders: [Int], path: String?,
    ask: @escaping @Sendable (_ texts: [Int], Shard, Tape) -> Matrix
  ) {
    self.ask = ask
    self.borders = borders
    self.path = path
    logits = Matrix(zeros: borders.last ?? 0, outputs)
    guard let path, let found = Self.read(path, like: logits, borders) else {
      logits.fill(.nan)
      rowsRead = 0
      notice = path.flatMap { path in
        ByteFile.exists(path)
          ? "\(path) is damaged or of an earlier version; the teacher's logits are computed again"
          : nil
      }
      return
    }
    logits.copy(from: found)
    rowsRead = Self.known(logits, borders)
    notice = nil
  }

  /// What a file holds; nil if it cannot be used.
  private static func read(_ path: String, like logits: Matrix, _ borders: [Int]) -> Matrix? {
    guard let file = try? SafetensorsFile(path: path),
      file.entry(named: tensor)?.shape == [logits.rows, logits.columns],
      let values = try? file.floats(tensor), file.metadata[checksum] == hash(of: values)
    else { return nil }
    let found = Matrix(values, rows: logits.rows, columns: logits.columns)
    return isPlausible(found, borders) ? found : nil
  }

  /// Where a file's metadata has the hash of its logits. It guards against damage, not against
  /// forgery.
  private static let checksum = "fnv1a64"

  private static func hash(of values: [Float]) -> String {
    var hash = ContentHash()
    values.withUnsafeBytes { hash.add($0) }
    return hash.hexadecimal
  }

  private static let tensor = "logits"

  /// Whether each text has all of its logits, and those finite, or none.
  private static func isPlausible(_ logits: Matrix, _ borders: [Int]) -> Bool {
    zip(borders, borders.dropFirst()).allSatisfy { start, end in
      start == end || logits[start, 0].isNaN || logits.rows(start..<end).isFinite
    }
  }

  /// How many texts have logits.
  private static func known(_ logits: Matrix, _ borders: [Int]) -> Int {
    borders.dropLast().count { !logits[$0, 0].isNaN }
  }

  /// The file in a folder, which is created. Its name covers everything that the logits depend on:
  /// weights, architecture, texts, vocabulary and length.
  private static func path(
    in folder: String, teacher: some Model, data: TokenizedDataset, precision: Precision,
    pool: ThreadPool
  ) throws -> String {
    var hash = ContentHash()
    hash.add(weights(of: teacher, pool: pool))
    hash.add("\(teacher.encoder.configuration)".utf8)
    hash.add(precision.rawValue.utf8)
    return try path(in: folder, named: hash.hexadecimal, data: data)
  }

  /// A hash of a model's weights.
  static func weights(of model: some Model, pool: ThreadPool) -> UInt64 {
    let parameters = model.parameters
    return Kernel.hash(
      Matrix(parameters.buffer, rows: 1, columns: parameters.count), pool: pool)
  }

  private static func path(
    in folder: String, named name: String, data: TokenizedDataset
  ) throws -> String {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw MismatchError(
        .method,
        "teacher_cache_dir: the folder \(folder) cannot be made; name another one or leave the key "
          + "out")
    }
    return "\(folder)/logits-\(name)-\(data.contentHash).safetensors"
  }

  /// The teacher's logits on a shard's texts, text by text; no gradient.
  ///
  /// Safe to call for several shards at once: a text belongs to one shard of a batch.
  public func logits(for shard: Shard, tape: Tape) -> Tensor {
    let places = shard.rows.map { borders[$0]..<borders[$0 + 1] }
    let unknown = places.indices.filter { logits[places[$0].lowerBound, 0].isNaN }
    if !unknown.isEmpty {
      // What is drawn after this must not depend on what the cache holds.
      let position = tape.drawPosition
      defer { tape.drawPosition = position }
      for group in path == nil ? [unknown] : unknown.map({ [$0] }) {
        let fresh = ask(group, shard, tape)
        asked.add(group.map { shard.rows[$0] })
        var next = 0
        for text in group {
          let end = next + places[text].count
          logits.rows(places[text]).copy(from: fresh.rows(next..<end))
          next = end
        }
      }
    }
    let rows = Array(places.joined())
    let result = tape.pool.matrix(rows.count, logits.columns)
    Kernel.gatherRows(logits, rows, into: result)
    return tape.constant(result)
  }

  /// Writes the file if rows were added since it was read. Runs without a folder write nothing.
  ///
  /// What others have written meanwhile is kept. If two write at the same moment, rows of one of
  /// them may be missing, and are computed again when they are needed.
  /// - Throws: `FileError` if it cannot be written.
  public func save() throws {
    guard let path else { return }
    guard Self.known(logits, borders) > rowsRead else { return }
    let all = Matrix(zeros: logits.rows, logits.columns)
    all.copy(from: logits)
    if let found = Self.read(path, like: logits, borders) {
      for text in borders.indices.dropLast() where all[borders[text], 0].isNaN {
        let rows = borders[text]..<borders[text + 1]
        all.rows(rows).copy(from: found.rows(rows))
      }
    }
    let values = all.values
    try SafetensorsWriter.write(
      path: path,
      tensors: [
        SafetensorsWriter.Tensor(name: Self.tensor, shape: [all.rows, all.columns], values: values)
      ], metadata: ["format": "pt", Self.checksum: Self.hash(of: values)])
  }
}

extension TeacherCache: ShardedState {
  /// Its name among the parts of a run.
  public var stateName: String { "teacher_cache" }

  /// All logits that are known. They are part of the state because their last bits depend on the
  /// batch in which a text was first seen.
  public func record() -> StateRecord { StateRecord(arrays: ["logits": .init(copying: logits)]) }

  /// Takes over what a run had asked for.
  /// - Throws: `StateError` if it is of another teacher or data set.
  public func restore(_ record: StateRecord) throws {
    let found = try record.floats("logits", shape: [logits.rows, logits.columns])
    let restored = Matrix(found.buffer, rows: logits.rows, columns: logits.columns)
    guard Self.isPlausible(restored, borders) else {
      throw StateError("logits of the teacher are not finite")
    }
    found.copy(to: logits)
  }

  /// The logits that were computed for texts.
  public func takeAdditions() -> StateRecord {
    let texts = asked.take()
    let rows = texts.flatMap { Array(borders[$0]..<borders[$0 + 1]) }
    let found = Matrix(zeros: rows.count, logits.columns)
    Kernel.gatherRows(logits, rows, into: found)
    return StateRecord(
      values: JSONObject([("texts", .array(texts.map(JSONValue.int)))]),
      arrays: ["logits": .init(copying: found)])
  }

  /// Takes over logits of texts.
  /// - Throws: `StateError` if they are of another teacher or data set.
  public func add(_ additions: StateRecord) throws {
    let texts = try additions.list("texts").compactMap(\.int)
    guard texts.allSatisfy({ (0..<borders.count - 1).contains($0) }) else {
      throw StateError("there are logits of texts that the training data does not have")
    }
    let rows = texts.flatMap { Array(borders[$0]..<borders[$0 + 1]) }
    let found = try additions.floats("logits", shape: [rows.count, logits.columns])
    let matrix = Matrix(found.buffer, rows: rows.count, columns: logits.columns)
    for (place, row) in rows.enumerated() {
      logits.rows(row..<row + 1).copy(from: matrix.rows(place..<place + 1))
    }
  }
}

/// The texts that a teacher was asked about since somebody wanted to know.
private final class AskedTexts: Sendable {
  private let texts = Mutex<Set<Int>>([])

  func add(_ added: some Sequence<Int>) { texts.withLock { $0.formUnion(added) } }

  func take() -> [Int] {
    texts.withLock { texts in
      defer { texts = [] }
      return texts.sorted()
    }
  }
}
