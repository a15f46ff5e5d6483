import Data
import Files
import Models

/// The rows that a run trains on.
struct TrainingRows {
  /// As the model that learns reads them.
  let data: TokenizedDataset
  /// The texts of each file, in the order of the rows; empty if others than the learner cannot read
  /// them.
  var files: [TextDataset] = []

  /// The rows as another tokenizer cuts them.
  func tokens(by tokenizer: any Tokenizer, maximumLength: Int, source: TaskData) -> TokenizedDataset
  {
    TokenizedDataset(
      Self.joined(files), tokenizer: tokenizer, maximumLength: maximumLength, pool: source.pool,
      targets: data.targets)
  }

  /// The texts of several files one after the other. Only those of the first have labels.
  static func joined(_ files: [TextDataset]) -> TextDataset {
    guard var all = files.first else { return TextDataset(texts: []) }
    for file in files.dropFirst() { all = all.followed(by: file) }
    return all
  }
}

extension TaskData {
  /// The labelled rows, if they are wanted, and then the texts of the transfer set.
  ///
  /// - Parameter labelled: nil if the labelled rows are left out.
  /// - Throws: `FileError`; `ConfigError` if there are fewer texts than the ratio asks for.
  func trainingRows(
    _ labelled: TextDataset?, beside transfer: TransferSource
  ) throws -> TrainingRows {
    var files = try transfer.files.map { path in
      let text = try DatasetReader.readInput(task: task, path: path, badRows: configuration.badRows)
      notice([text.layout].compactMap { $0 } + text.notices)
      return text
    }
    let total = files.reduce(0) { $0 + $1.count }
    if let ratio = transfer.ratio, let labelled {
      let wanted = max(1, Int((ratio * Double(labelled.count)).rounded()))
      guard wanted <= total else {
        throw transfer.origin.error(
          "ratio",
          "transfer.ratio \(ratio) asks for \(wanted) texts beside \(labelled.count) labelled "
            + "rows, but transfer.files have \(total); lower it or give more texts.")
      }
      let drawn = RowDraw.rows(wanted, of: total, seed: seed)
      var start = 0
      files = files.map { file in
        let range = start..<start + file.count
        start = range.upperBound
        return file.selecting(drawn.filter { range.contains($0) }.map { $0 - range.lowerBound })
      }
    }
    let count = files.reduce(0) { $0 + $1.count }
    notice([
      "\(count) of \(total) texts without labels are learnt "
        + (labelled.map { "beside \($0.count) labelled rows" } ?? "alone")
    ])
    files = (labelled.map { [$0] } ?? []) + files
    let text = TrainingRows.joined(files)
    let data = TokenizedDataset(
      text, tokenizer: tokenizer, maximumLength: configuration.maxSeqLength, pool: pool,
      targets: Targets(partlyOf: text))
    return TrainingRows(data: data, files: files)
  }
}
