import Kernels
import Synchronization

/// A data set as token ids, tokenised once. Takes 6 bytes a token and a few words a row.
public struct TokenizedDataset: Sendable {
  private var tokenIDs: [Int32] = []
  private var typeIDs: [UInt8] = []
  private var isSpecial: [Bool] = []
  private var offsets: [Int] = [0]
  /// Class of each row; empty where a row has no one class.
  public private(set) var classLabels: [Int32] = []
  private var scores: [Float] = []
  private var targets: [Float] = []
  private var spans: [TokenSpan] = []

  /// Labels that a row may have several of; 0 where it has one or none.
  public private(set) var targetCount = 0

  /// Hexadecimal hash over ids, segments, labels and the tokenizer's vocabulary; equal hashes mean
  /// that cached predictions may be used again.
  public private(set) var contentHash: String

  /// Tokenises all rows on the pool's threads, each row cut to `maximumLength` tokens with the
  /// special ones. The result does not depend on the number of threads.
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
  ///   - classLabels, scores, spans: one a row, or empty.
  ///   - targets: `targetCount` a row, 1 where it has the label and 0 elsewhere, or empty.
  ///   - vocabularyHash: goes into `contentHash`.
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

  /// How many rows there are.
  public var count: Int { offsets.count - 1 }

  /// How many tokens all rows have.
  public var tokenCount: Int { tokenIDs.count }

  /// True when every row has a class, a score, a set of labels, which may be empty, or the places of
  /// an answer.
  public var isLabelled: Bool {
    count > 0 && !(classLabels.isEmpty && scores.isEmpty && targets.isEmpty && spans.isEmpty)
  }

  /// Tokens of each row.
  public var lengths: [Int] { (0..<count).map { offsets[$0 + 1] - offsets[$0] } }

  /// Where the tokens of each row start among those of all, and the end of the last.
  public var borders: [Int] { offsets }

  /// Token ids of a row.
  public func tokenIDs(_ row: Int) -> ArraySlice<Int32> {
    tokenIDs[offsets[row]..<offsets[row + 1]]
  }

  /// The rows of these indices in this order, packed.
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
