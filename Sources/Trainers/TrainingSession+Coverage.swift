extension TrainingSession {
  /// What the main model had read after some of its updates: texts, and how many rows of the data
  /// were among them. Which rows a batch has depends on its number alone, so nothing need be
  /// remembered.
  ///
  /// - Parameter steps: ascending.
  func coverage(after steps: [Int]) -> [(texts: Int, rows: Int)] {
    var seen = [Bool](repeating: false, count: data.count)
    var found: [(texts: Int, rows: Int)] = []
    var (texts, rows, updates) = (0, 0, 0)
    var (epoch, taken) = (0, 0)
    var batches: [[Int]] = []
    func note() {
      while found.count < steps.count, steps[found.count] <= updates { found.append((texts, rows)) }
    }
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
      for row in batches[taken - 1] where !seen[row] {
        seen[row] = true
        rows += 1
      }
      updates += 1
      note()
    }
    note()
    while found.count < steps.count { found.append((texts, rows)) }
    return found
  }

  /// The evaluations so far, with what it took to get there.
  var evaluations: [TrainingSummary.Evaluation] {
    zip(now.evaluationSeconds, coverage(after: now.evaluationSeconds.map(\.step))).map {
      TrainingSummary.Evaluation(
        step: $0.step, texts: $1.texts, distinctTexts: $1.rows, seconds: $0.seconds)
    }
  }
}
