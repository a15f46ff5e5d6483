import Autograd
import Configuration
import Data
import Glibc
import Kernels
import Models
import StrictJSON
import Synchronization
import Trainers

/// The vectors of all pseudo texts of a run, by row of the data set: the replay buffer.
///
/// A row's vectors are used in several batches before they are guessed again. The first period is
/// staggered, so that later batches hold both old and new texts. Rows belong to one shard at a
/// time.
package final class PseudoTexts: Sendable {
  private struct Entry: Sendable {
    let vectors: Matrix
    var batchesLeft: Int
  }

  private let entries = Mutex<[Int: Entry]>([:])
  /// The rows that were kept since somebody wanted to know.
  private let kept = Mutex<Set<Int>>([])
  private let lifetime: Int
  /// Where each row starts among the tokens of all rows, then the end of the last.
  private let borders: [Int]?
  private let width: Int

  /// An empty buffer.
  ///
  /// - Parameters:
  ///   - lifetime: batches that a text is used in before it is guessed again; 0 for no limit.
  ///   - data: the rows, if they are known before they come in batches.
  ///   - width: of a token's vector.
  package init(lifetime: Int, data: TokenizedDataset?, width: Int) {
    self.lifetime = lifetime
    self.width = width
    borders = data?.borders
  }

  /// Reads `texts` of a method that guesses vectors in place of words.
  @Sendable static func reading(_ section: ConfigSection) throws -> SyntheticTexts {
    try SyntheticTexts(section, words: .masks, rows: 1024)
  }

  /// The same for a method whose guesses may begin at words (`initial_vectors`).
  @Sendable static func readingStart(_ section: ConfigSection) throws -> SyntheticTexts {
    try SyntheticTexts(section, words: EmbeddingGuessing.Start(section).rowWords, rows: 1024)
  }

  /// Counts the use of rows in a new batch and returns the places of those in `rows` that have to
  /// be guessed before.
  package func due(_ rows: [Int]) -> [Int] {
    entries.withLock { entries in
      rows.indices.filter { index in
        guard let left = entries[rows[index]]?.batchesLeft, left > 0 else { return true }
        if lifetime > 0 { entries[rows[index]]?.batchesLeft -= 1 }
        return false
      }
    }
  }

  /// Keeps the vectors of texts, [tokens, H], which are used in this batch.
  package func keep(_ vectors: Matrix, of texts: PseudoBatch) {
    for (text, row) in texts.rows.enumerated() {
      let part = vectors.rows(texts.tokens.offsets[text]..<texts.tokens.offsets[text + 1])
      let old = entries.withLock { $0[row]?.vectors }
      let own = old ?? Matrix(zeros: part.rows, part.columns)
      own.copy(from: part)
      let left = lifetime == 0 ? 1 : old == nil ? row % lifetime : lifetime - 1
      entries.withLock { $0[row] = Entry(vectors: own, batchesLeft: left) }
    }
    kept.withLock { $0.formUnion(texts.rows) }
  }

  /// The vectors of a shard, [tokens, H]; zero where none were kept.
  package func vectors(for shard: Shard, width: Int, pool: BufferPool) -> Matrix {
    let result = pool.zeros(shard.tokens.ids.count, width)
    for (text, row) in shard.rows.enumerated() {
      guard let vectors = entries.withLock({ $0[row]?.vectors }) else { continue }
      let place = shard.tokens.offsets[text]..<shard.tokens.offsets[text + 1]
      // What was restored may be of other texts; Matrix.copy does not check that.
      guard vectors.rows == place.count, vectors.columns == width else { continue }
      result.rows(place).copy(from: vectors)
    }
    return result
  }
}

extension PseudoTexts: ShardedState {
  package var stateName: String { "pseudo_texts" }

  package func record() -> StateRecord { Self.record(of: entries.withLock { $0 }) }

  package func takeAdditions() -> StateRecord {
    let rows = kept.withLock { rows in
      defer { rows = [] }
      return rows
    }
    return Self.record(of: entries.withLock { $0.filter { rows.contains($0.key) } })
  }

  package func add(_ additions: StateRecord) throws {
    let added = try entries(of: additions)
    entries.withLock { $0.merge(added) { _, new in new } }
  }

  private static func record(of entries: [Int: Entry]) -> StateRecord {
    let entries = entries.sorted { $0.key < $1.key }
    let width = entries.first?.value.vectors.columns ?? 0
    let tokens = entries.reduce(0) { $0 + $1.value.vectors.rows }
    let vectors = StateRecord.Floats(zeros: [tokens, width])
    let all = Matrix(vectors.buffer, rows: tokens, columns: width)
    var start = 0
    for (_, entry) in entries {
      all.rows(start..<start + entry.vectors.rows).copy(from: entry.vectors)
      start += entry.vectors.rows
    }
    return StateRecord(
      values: JSONObject([
        ("rows", .array(entries.map { .int($0.key) })),
        ("lengths", .array(entries.map { .int($0.value.vectors.rows) })),
        ("batches_left", .array(entries.map { .int($0.value.batchesLeft) })),
      ]), arrays: ["vectors": vectors])
  }

  package func restore(_ record: StateRecord) throws {
    let restored = try entries(of: record)
    entries.withLock { $0 = restored }
  }

  /// - Throws: `StateError` unless each row is one of the data and has a vector for each token.
  private func entries(of record: StateRecord) throws -> [Int: Entry] {
    let rows = try record.ints("rows")
    let lengths = try record.ints("lengths")
    let left = try record.ints("batches_left")
    guard rows.count == lengths.count, rows.count == left.count, Set(rows).count == rows.count,
      zip(rows, lengths).allSatisfy(fits), left.allSatisfy({ (0...max(1, lifetime)).contains($0) })
    else { throw StateError("rows, lengths and batches_left do not fit the texts") }
    let tokens = lengths.reduce(0, +)
    // A buffer without texts does not know how long vectors are.
    let floats = try record.floats("vectors", shape: [tokens, rows.isEmpty ? 0 : width])
    guard floats.isFinite else { throw StateError("a vector is not finite") }
    let all = Matrix(floats.buffer, rows: tokens, columns: rows.isEmpty ? 0 : width)
    var restored: [Int: Entry] = [:]
    var start = 0
    for (index, row) in rows.enumerated() {
      let vectors = Matrix(zeros: lengths[index], width)
      vectors.copy(from: all.rows(start..<start + lengths[index]))
      restored[row] = Entry(vectors: vectors, batchesLeft: left[index])
      start += lengths[index]
    }
    return restored
  }

  /// Whether a row has so many tokens, as far as that is known.
  private func fits(row: Int, length: Int) -> Bool {
    guard let borders else { return row >= 0 && (0...1 << 30).contains(length) }
    return (0..<borders.count - 1).contains(row) && borders[row + 1] - borders[row] == length
  }
}

/// A pseudo text in a form that people can look at.
package struct PseudoText: Sendable {
  /// The class that it was made for, or the teacher's prediction.
  package let label: Int
  /// The teacher's probability of that class; in regression its score.
  package let probability: Double
  /// A row per token.
  package let vectors: Matrix
}

/// An objective whose texts are vectors instead of words.
package protocol PseudoTextMethod: Objective {
  /// The texts of the last batch; none before the first.
  func pseudoTexts() -> [PseudoText]
}

/// Remembers the last batch of a method.
package final class LastBatch: Sendable {
  private let content = Mutex<(shards: [Shard], number: Int)>(([], 0))

  package init() {}

  func remember(_ step: StepContext) {
    content.withLock { $0 = (step.shards, step.batchNumber) }
  }

  /// Its shards; none before the first batch.
  var shards: [Shard] { content.withLock { $0.shards } }

  /// Its texts, with the vectors from `vectors` and the teacher's prediction.
  ///
  /// - Parameter aimed: true if the texts were made for the classes of their rows.
  func texts(
    teacher: SequenceClassifier, aimed: Bool,
    vectors: (_ shard: Shard, _ batch: Int, _ tape: Tape) -> Tensor
  ) -> [PseudoText] {
    let (shards, number) = content.withLock { $0 }
    var result: [(place: Int, text: PseudoText)] = []
    for shard in shards {
      let tape = Tape(pool: BufferPool())
      let vectors = vectors(shard, number, tape)
      let logits = teacher.logits(shard.tokens, tape: tape, training: false, vectors: vectors)
      let largest = Kernel.argmaxRows(logits.value)
      let probabilities = tape.softmax(logits).value
      for (text, place) in shard.places.enumerated() {
        let label = aimed ? Int(shard.targets.classes[text]) : Int(largest[text])
        let rows = shard.tokens.offsets[text]..<shard.tokens.offsets[text + 1]
        let own = vectors.value.rows(rows)
        let score = Double(logits.value[text, label])
        let probability =
          switch teacher.labels.problem {
          case .oneClass: Double(probabilities[text, label])
          case .severalLabels: 1 / (1 + exp(-score))
          case .regression: score
          }
        result.append(
          (
            place,
            PseudoText(
              label: label, probability: probability,
              vectors: Matrix(own.values, rows: own.rows, columns: own.columns))
          ))
      }
    }
    return result.sorted { $0.place < $1.place }.map(\.text)
  }
}
