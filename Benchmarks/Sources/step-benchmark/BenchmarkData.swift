import Data
import Foundation
import Kernels
import StrictJSON

/// The texts of a benchmark as token ids.
struct BenchmarkData {
  /// All rows, batch by batch.
  let rows: TokenizedDataset
  /// Rows per batch.
  let batchSize: Int
  /// Number of batches in the file; nil if rows are drawn at random.
  let batches: Int?
  /// Resident bytes that the rows take, and the most that they took while they were read.
  var bytes: UInt64 = 0
  var peakBytes: UInt64 = 0

  init(_ options: BenchmarkOptions, pool: ThreadPool) throws {
    if let folder = options["text"] {
      let before = Memory.residentBytes
      let tokenizer = try TokenizerLoader.load(folder: options.required("vocabulary"))
      Memory.giveBackFreed()
      let vocabulary = Memory.residentBytes - before
      rows = try Self.read(folder, tokenizer: tokenizer, options: options, pool: pool)
      // Freed memory that the allocator keeps does not belong to the data.
      Memory.giveBackFreed()
      bytes = Memory.residentBytes &- before &- vocabulary
      peakBytes = Memory.peakBytes &- before &- vocabulary
      batchSize = 32
      batches = nil
      return
    }
    let file = try readBatches(options.required("batches"))
    let sizes = Set(file.map(\.count))
    batchSize = sizes.max() ?? 1
    guard sizes.count == 1 else {
      throw BenchmarkError("all batches must be of one size")
    }
    batches = file.count
    rows = Self.dataset(file.flatMap { $0 })
  }

  private static func read(
    _ folder: String, tokenizer: any Tokenizer, options: BenchmarkOptions, pool: ThreadPool
  ) throws -> TokenizedDataset {
    let text = try DatasetReader.read(
      task: TaskRegistry.named("sst-2"), split: .train, directory: folder,
      maximumRows: options["rows"].flatMap(Int.init))
    return TokenizedDataset(text, tokenizer: tokenizer, maximumLength: 128, pool: pool)
  }

  /// Texts as rows, with alternating labels.
  static func dataset(_ texts: [[Int32]]) -> TokenizedDataset {
    TokenizedDataset(
      encodings: texts.map { ids in
        Encoding(
          ids: ids, typeIDs: Array(repeating: 0, count: ids.count),
          isSpecial: ids.indices.map { $0 == 0 || $0 == ids.count - 1 })
      }, targets: .classes(texts.indices.map { Int32($0 % 2) }))
  }
}

/// The token ids of a file, by batch and text.
func readBatches(_ path: String) throws -> [[[Int32]]] {
  guard let data = FileManager.default.contents(atPath: path) else {
    throw BenchmarkError("\(path): no such file")
  }
  let json = try StrictJSON.parse(Array(data), file: path)
  return (json["batches"]?.array ?? []).map { batch in
    (batch.array ?? []).map { text in (text.array ?? []).map { Int32($0.int ?? 0) } }
  }
}
