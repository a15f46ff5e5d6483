import Data

extension FuzzTarget {
  /// A file of predictions, as CSV and as JSON Lines: every row has a number and equally many
  /// finite values.
  static let predictions = FuzzTarget("predictions") { input in
    try readers(
      ["rows.csv", "rows.jsonl"].map { name in
        {
          let file = try PredictionsFile(reading: input.file(name, input.bytes))
          let count = file.names?.count ?? file.rows.first?.values.count ?? 0
          try require(count > 0, "there is no row and no error")
          for row in file.rows {
            try require(row.index >= 0 && row.values.count == count, "a row is of another kind")
            try require(row.values.allSatisfy(\.isFinite), "a value is not finite")
          }
        }
      })
  }
}
