import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// `initial_covariance` of the data-free methods.
@Suite struct GuessingCovarianceTests {
  /// The covariance of many first guesses is that of the words, within what so many draws leave: an
  /// entry of the covariance of n normal vectors has a standard deviation of at most sqrt(2 / n)
  /// times the largest variance; of 136 entries none lies beyond five of them.
  @Test func guessesVaryAsWordsDo() throws {
    let toy = try ToyWorld(rows: 40)
    let teacher = toy.classifier(seed: 2)
    let words = teacher.parameters.matrix(teacher.encoder.words)
    // Two elements that go together.
    for row in 0..<words.rows { words[row, 1] = words[row, 0] + 0.5 * words[row, 1] }
    let moments = Moments(columns: words.columns)
    moments.add(words)
    let wanted = moments.covariance
    for covariance in EmbeddingGuessing.Covariance.allCases {
      var settings = EmbeddingGuessing.Settings()
      settings.initialCovariance = covariance
      let guessing = try EmbeddingGuessing(
        teacher: teacher, settings: settings, method: "as-dfd")
      let found = Moments(columns: words.columns)
      let batch = toy.train.batch(Array(0..<40))
      let shard = Shard(index: 0, places: Array(0..<40), texts: batch)
      let texts = PseudoBatch(shard, Array(0..<40))
      for step in 0..<20 {
        let vectors = guessing.start(texts, seed: 1, step: step, pool: BufferPool())
        for row in texts.ordinary { found.add(vectors.rows(row..<row + 1)) }
      }
      let largest = (0..<words.columns).map { wanted[$0, $0] }.max() ?? 0
      let bound = 5 * Float((2 / Double(found.count)).squareRoot()) * largest
      let difference = abs(found.covariance[0, 1] - wanted[0, 1])
      #expect((difference <= bound) == (covariance == .full), "\(covariance): \(difference)")
      for i in 0..<words.columns {
        #expect(abs(found.covariance[i, i] - wanted[i, i]) <= bound)
      }
    }
  }
}
