extension TrainingSession {
  /// The texts that the main model has read in its updates so far, and how many rows of the data are
  /// among them. Which rows a batch has depends on its number alone, so nothing need be remembered.
  var coverage: (texts: Int, rows: Int) {
    var seen = [Bool](repeating: false, count: data.count)
    var texts = 0
    var epoch = 0
    var batches: [[Int]] = []
    var taken = 0
    for number in 0..<now.batchNumber {
      if number % objective.updatesPerBatch == 0 {
        if taken == batches.count {
          batches = sampler.batches(epoch: epoch)
          epoch += 1
          taken = 0
        }
        guard taken < batches.count else { break }
        taken += 1
      }
      guard models[objective.turn(batch: number)].parameters === models[0].parameters else {
        continue
      }
      texts += batches[taken - 1].count
      for row in batches[taken - 1] { seen[row] = true }
    }
    return (texts, seen.count { $0 })
  }
}
