import Kernels
import Synchronization

/// A data set as token ids, tokenised once. It takes 6 bytes per token and a few words per row.
public struct TokenizedDataset: Sendable {
  private var tokenIDs: [Int32] = []
  private var typeIDs: [UInt8] = []
  private var isSpecial: [Bool] = []
  private var offsets: [Int] = [0]
  /// Class of each row; empty if rows do not have a single class.
  public private(set) var classLabels: [Int32] = []
  private var scores: [Float] = []
  private var targets: [Float] = []
  private var spans: [TokenSpan] = []

  /// Number of labels, where a row may have several of them; 0 where it has one or none.
  public private(set) var targetCount = 0

  /// A hexadecimal hash over ids, segments, labels and the vocabulary of the tokenizer. If hashes
  /// are equal, cached predictions may be reused.
  public private(set) var contentHash: String

  /// Tokenises all rows on the threads of the pool. Each row is cut to `maximumLength` tokens,
  /// including special ones. The result does not depend on the number of threads.
  public init(
    _ text: TextDataset, tokenizer: any Tokenizer, maximumLength: Int, pool: ThreadPool
  ) {
    let rowsAShard = 512
    let shards = (text.count + rowsAShard - 1) / rowsAShard
    let encoded = Mutex([[Encoding]](repeating: [], count: shards))
    // The closure does not throw, so neither does the pool.
    try? pool.run(count: shards) { shard in
      let rows = (shard * rowsAShard)..<min(text.count, (shard + 1) * rowsAShard)
      let encodings = rows.map { row in
        tokenizer.encode(text.first(row), pair: text.second(row), maxLength: maximumLength)
      }
      encoded.withLock { $0[shard] = encodings }
    }
    var (classLabels, scores): ([Int32], [Float]) = ([], [])
    let isMultiLabel = text.task?.isMultiLabel ?? false
    let width = isMultiLabel ? text.task?.labels.count ?? 0 : 0
    var targets: [Float] = []
    for row in 0..<text.count {
      switch text.label(row) {
      case .class(let label): classLabels.append(label)
      case .classes(let labels):
        targets += (0..<width).map { labels.contains(Int32($0)) ? 1 : 0 }
      case .score(let score): scores.append(score)
      case .none: break
      }
    }
    if classLabels.count != text.count { classLabels = [] }
    if scores.count != text.count { scores = [] }
    if targets.count != text.count * width { targets = [] }
    self.init(
      encodings: Array(encoded.withLock { $0 }.joined()), classLabels: classLabels, scores: scores,
      targets: targets, targetCount: targets.isEmpty ? 0 : width,
      vocabularyHash: tokenizer.vocabularyHash)
  }

  /// Rows that are token ids already.
  ///
  /// - Parameters:
  ///   - classLabels, scores, spans: one per row, or empty.
  ///   - targets: `targetCount` per row, 1 for labels that it has and 0 for others; or empty.
  ///   - vocabularyHash: becomes part of `contentHash`.
  public init(
    encodings: [Encoding], classLabels: [Int32] = [], scores: [Float] = [],
    targets: [Float] = [], targetCount: Int = 0, spans: [TokenSpan] = [],
    vocabularyHash: String = ""
  ) {
    precondition(classLabels.isEmpty || classLabels.count == encodings.count)
    precondition(scores.isEmpty || scores.count == encodings.count)
    precondition(targets.count == encodings.count * targetCount)
    precondition(spans.isEmpty || spans.count == encodings.count)
    let total = encodings.reduce(0) { $0 + $1.ids.count }
    tokenIDs.reserveCapacity(total)
    typeIDs.reserveCapacity(total)
    isSpecial.reserveCapacity(total)
    offsets.reserveCapacity(encodings.count + 1)
    for encoding in encodings {
      tokenIDs += encoding.ids
      typeIDs += encoding.typeIDs
      isSpecial += encoding.isSpecial
      offsets.append(tokenIDs.count)
    }
    self.classLabels = classLabels
    self.scores = scores
    self.targets = targets
    self.targetCount = targetCount
    self.spans = spans
    var hash = ContentHash()
    hash.add(vocabularyHash.utf8)
    for offset in offsets { hash.add(offset) }
    for id in tokenIDs { hash.add(id) }
    hash.add(typeIDs)
    for label in classLabels { hash.add(label) }
    for score in scores { hash.add(score.bitPattern) }
    for target in targets { hash.add(byte: target == 0 ? 0 : 1) }
    for span in spans {
      hash.add(span.start)
      hash.add(span.end)
    }
    contentHash = hash.hexadecimal
  }

  /// Number of rows.
  public var count: Int { offsets.count - 1 }

  /// Number of tokens of all rows.
  public var tokenCount: Int { tokenIDs.count }

  /// True if every row has a class, a score, a set of labels (which may be empty), or the position
  /// of an answer.
  public var isLabelled: Bool {
    count > 0 && !(classLabels.isEmpty && scores.isEmpty && targets.isEmpty && spans.isEmpty)
  }

  /// Number of tokens of each row.
  public var lengths: [Int] { (0..<count).map { offsets[$0 + 1] - offsets[$0] } }

  /// Where each row starts among the tokens of all rows, then the end of the last.
  public var borders: [Int] { offsets }

  /// The token ids of a row.
  public func tokenIDs(_ row: Int) -> ArraySlice<Int32> {
    tokenIDs[offsets[row]..<offsets[row + 1]]
  }

  /// The rows with these indices, packed in this order.
  public func batch(_ rows: some Collection<Int>) -> PackedBatch {
    var batch = PackedBatch()
    let total = rows.reduce(0) { $0 + offsets[$1 + 1] - offsets[$1] }
    batch.tokenIDs.reserveCapacity(total)
    batch.typeIDs.reserveCapacity(total)
    batch.isSpecial.reserveCapacity(total)
    batch.offsets.reserveCapacity(rows.count + 1)
    for row in rows {
      let tokens = offsets[row]..<offsets[row + 1]
      batch.tokenIDs += tokenIDs[tokens]
      batch.typeIDs += typeIDs[tokens].lazy.map(Int32.init)
      batch.isSpecial += isSpecial[tokens]
      batch.offsets.append(batch.tokenIDs.count)
      batch.rows.append(row)
      if !classLabels.isEmpty { batch.classLabels.append(classLabels[row]) }
      if !scores.isEmpty { batch.scores.append(scores[row]) }
      if !targets.isEmpty {
        batch.targets += targets[row * targetCount..<(row + 1) * targetCount]
      }
      if !spans.isEmpty { batch.spans.append(spans[row]) }
    }
    return batch
  }
}
