import Kernels
import Synchronization

/// A data set as token ids, tokenised once. It takes 6 bytes per token and a few words per row.
///
/// ```swift
/// let texts = TextDataset(texts: ["a fine film", "a dull film"])
/// let data = TokenizedDataset(
///   texts, tokenizer: try TokenizerLoader.load(folder: folder), maximumLength: 128,
///   pool: ThreadPool())
/// let batch = data.batch([1, 0])
/// print(batch.tokens.ids, batch.tokens.offsets)
/// ```
public struct TokenizedDataset: Sendable {
  private var tokenIDs: [Int32] = []
  private var typeIDs: [UInt8] = []
  private var isSpecial: [Bool] = []
  private var offsets: [Int] = [0]
  /// What a model is to say of the rows.
  public let targets: Targets

  /// A hexadecimal hash over ids, segments, labels and the vocabulary of the tokenizer. If hashes
  /// are equal, cached predictions may be reused.
  public private(set) var contentHash: String
  /// A hash of each row's texts before they were cut; empty for rows that were token ids already.
  private var textHashes: [UInt64] = []

  /// Tokenises all rows on the threads of the pool. Each row is cut to `maximumLength` tokens,
  /// including special ones. The result does not depend on the number of threads.
  ///
  /// - Parameter targets: what a model is to say of the rows; nil for what their labels say.
  public init(
    _ text: TextDataset, tokenizer: any Tokenizer, maximumLength: Int, pool: ThreadPool,
    targets: Targets? = nil
  ) {
    let rowsAShard = 512
    let shards = (text.count + rowsAShard - 1) / rowsAShard
    let encoded = Mutex([[Encoding]](repeating: [], count: shards))
    let hashes = Mutex([[UInt64]](repeating: [], count: shards))
    // The closure does not throw, so neither does the pool.
    try? pool.run(count: shards) { shard in
      let rows = (shard * rowsAShard)..<min(text.count, (shard + 1) * rowsAShard)
      let encodings = rows.map { row in
        tokenizer.encode(text.first(row), pair: text.second(row), maxLength: maximumLength)
      }
      encoded.withLock { $0[shard] = encodings }
      let found = rows.map { text.textHash($0) }
      hashes.withLock { $0[shard] = found }
    }
    self.init(
      encodings: Array(encoded.withLock { $0 }.joined()), targets: targets ?? Targets(text),
      vocabularyHash: tokenizer.vocabularyHash)
    textHashes = Array(hashes.withLock { $0 }.joined())
  }

  /// Rows that are token ids already.
  ///
  /// - Parameters:
  ///   - encodings: the token ids of each row, with segments and special tokens.
  ///   - targets: what a model should say about them; `none` if nothing is known.
  ///   - vocabularyHash: becomes part of `contentHash`.
  public init(
    encodings: [Encoding], targets: Targets = .none, vocabularyHash: String = ""
  ) {
    precondition(targets.count == nil || targets.count == encodings.count)
    self.targets = targets
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
    var hash = ContentHash()
    hash.add(vocabularyHash.utf8)
    for offset in offsets { hash.add(offset) }
    for id in tokenIDs { hash.add(id) }
    hash.add(typeIDs)
    targets.add(to: &hash)
    contentHash = hash.hexadecimal
  }

  /// Rows whose whole texts are also those of a row of other data, byte for byte, and how many of
  /// them have another label there. Nothing is found in rows that were token ids already.
  public func repeats(of other: TokenizedDataset) -> DatasetStatistics.Matches {
    var known = KnownRows<UInt64, Targets>()
    _ = known.add(other.labelledHashes)
    return known.matches(labelledHashes)
  }

  private var labelledHashes: some Collection<(key: UInt64, label: Targets?)> {
    textHashes.indices.lazy.map { row in
      (key: textHashes[row], label: targets.count == nil ? nil : targets.selecting([row]))
    }
  }

  /// Number of rows.
  public var count: Int { offsets.count - 1 }

  /// Number of tokens of all rows.
  public var tokenCount: Int { tokenIDs.count }

  /// True when every row has a class, a score, a set of labels, which may be empty, or the places
  /// of an answer.
  public var isLabelled: Bool { count > 0 && targets.count != nil }

  /// Number of tokens of each row.
  public var lengths: [Int] { (0..<count).map { offsets[$0 + 1] - offsets[$0] } }

  /// Where each row starts among the tokens of all rows, then the end of the last.
  public var borders: [Int] { offsets }

  /// The token ids of a row.
  public func tokenIDs(_ row: Int) -> ArraySlice<Int32> {
    tokenIDs[offsets[row]..<offsets[row + 1]]
  }

  /// How often each token occurs in all rows, special tokens around texts left out.
  package func ordinaryTokenCounts(vocabularySize: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: vocabularySize)
    for (id, special) in zip(tokenIDs, isSpecial) where !special { counts[Int(id)] += 1 }
    return counts
  }

  /// The rows with these indices, packed in this order.
  public func batch(_ rows: some Collection<Int>) -> PackedBatch {
    let total = rows.reduce(0) { $0 + offsets[$1 + 1] - offsets[$1] }
    var batch = PackedBatch()
    var (ids, types, borders): ([Int32], [Int32], [Int]) = ([], [], [0])
    ids.reserveCapacity(total)
    types.reserveCapacity(total)
    batch.isSpecial.reserveCapacity(total)
    borders.reserveCapacity(rows.count + 1)
    for row in rows {
      let tokens = offsets[row]..<offsets[row + 1]
      ids += tokenIDs[tokens]
      types += typeIDs[tokens].lazy.map(Int32.init)
      batch.isSpecial += isSpecial[tokens]
      borders.append(ids.count)
    }
    batch.tokens = PackedTokens(ids: ids, typeIDs: types, offsets: borders)
    batch.rows = Array(rows)
    batch.targets = targets.selecting(rows)
    return batch
  }
}
