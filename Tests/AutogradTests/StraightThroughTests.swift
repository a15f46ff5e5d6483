import Autograd
import Glibc
import Kernels
import TestSupport
import Testing

/// The sampled words of a generator, fed to models with embeddings of their own.
@Suite struct StraightThroughTests {
  private let rows = 3
  private let vocabulary = 11
  private let sampledRows = [1, 3, 4]

  private func softmaxRow(_ logits: ArraySlice<Double>) -> [Double] {
    let top = logits.max() ?? 0
    let e = logits.map { exp($0 - top) }
    let sum = e.reduce(0, +)
    return e.map { $0 / sum }
  }

  /// Two embeddings of different widths: the logits' gradient is that of
  /// sum over models and rows of (softmax((logits + noise) / tau) E) . upstream.
  @Test(arguments: [1, 0.5] as [Float], [true, false])
  func oneSampleForTwoModels(temperature: Float, trained: Bool) throws {
    let tape = Tape(pool: poisonedPool())
    let logitValues = draw(rows * vocabulary, seed: 1)
    let noiseValues = draw(rows * vocabulary, seed: 2)
    let logits = tape.leaf(Matrix(logitValues, rows: rows, columns: vocabulary))
    let sample = tape.gumbelSoftmax(
      logits, temperature: temperature,
      noise: Matrix(noiseValues, rows: rows, columns: vocabulary))

    var ids: [Int32] = [7, 0, 9, 0, 0]
    for (row, id) in zip(sampledRows, sample.ids) { ids[row] = id }
    var oneHot = [Double](repeating: 0, count: rows * vocabulary)
    for (width, seed) in [(5, 10), (18, 20)] {
      let table = Matrix(draw(vocabulary * width, seed: seed), rows: vocabulary, columns: width)
      let words = trained ? tape.leaf(table) : tape.constant(table)
      let out = tape.embedding(
        words: words, positions: tape.constant(Matrix(zeros: 5, width)), types: nil, ids: ids,
        positionIDs: [0, 1, 2, 3, 4], typeIDs: [], sample: (rows: sampledRows, words: sample))
      #expect(out.value.values == ids.flatMap { table.rows(Int($0)..<Int($0) + 1).values })
      let upstream = draw(5 * width, seed: seed + 1)
      tape.send(upstream, into: out)
      for (i, row) in sampledRows.enumerated() {
        for word in 0..<vocabulary {
          for j in 0..<width {
            oneHot[i * vocabulary + word] +=
              Double(upstream[row * width + j]) * Double(table[word, j])
          }
        }
      }
    }
    tape.backward()

    var expected = [Double](repeating: 0, count: rows * vocabulary)
    for i in 0..<rows {
      let range = i * vocabulary..<(i + 1) * vocabulary
      let sums = range.map {
        (Double(logitValues[$0]) + Double(noiseValues[$0])) / Double(temperature)
      }
      let y = softmaxRow(sums[...])
      #expect(Int(sample.ids[i]) == y.firstIndex(of: y.max() ?? 0))
      let mean = zip(y, range).reduce(0) { $0 + $1.0 * oneHot[$1.1] }
      for (p, k) in zip(y, range) { expected[k] = p * (oneHot[k] - mean) / Double(temperature) }
    }
    #expect(deviation(logits.leafGradient?.values, expected) < Roundings.gamma(64))
  }

  /// With the words fixed, the loss has no way into the generator.
  @Test func drawnNoiseIsTheSameForSampleAndArgmax() {
    func tape() -> Tape { Tape(pool: poisonedPool(), seed: 3, step: 9, lane: 2) }
    let logits = Matrix(draw(40 * vocabulary, seed: 5), rows: 40, columns: vocabulary)
    let first = tape()
    let sample = first.gumbelSoftmax(first.constant(logits), temperature: 0.7)
    let second = tape()
    #expect(second.gumbelArgmax(second.constant(logits)) == sample.ids)
    // Another draw of the same tape has noise of its own.
    #expect(second.gumbelArgmax(second.constant(logits)) != sample.ids)
    #expect(logits.values == draw(40 * vocabulary, seed: 5), "the logits themselves stay")
  }

  @Test func frozenGeneratorGetsNothing() {
    let tape = Tape(pool: poisonedPool())
    let logits = tape.constant(Matrix(draw(vocabulary, seed: 5), rows: 1, columns: vocabulary))
    let sample = tape.gumbelSoftmax(logits, temperature: 1)
    let words = tape.leaf(Matrix(draw(vocabulary * 3, seed: 6), rows: vocabulary, columns: 3))
    let out = tape.embedding(
      words: words, positions: tape.constant(Matrix(zeros: 1, 3)), types: nil, ids: sample.ids,
      positionIDs: [0], typeIDs: [], sample: (rows: [0], words: sample))
    tape.send([1, 2, 3], into: out)
    tape.backward()
    #expect(logits.leafGradient == nil)
    let gradient = words.leafGradient?.values ?? []
    #expect(gradient.filter { $0 != 0 }.count == 3)
  }

  /// Gumbel-max: words are drawn in the proportions of the softmax of the logits.
  @Test func wordsFollowTheirProbabilities() {
    let n = 40_000
    let row = draw(7, seed: 8)
    let logits = Matrix((0..<n).flatMap { _ in row }, rows: n, columns: 7)
    let tape = Tape(pool: BufferPool(), seed: 1)
    var counts = [Double](repeating: 0, count: 7)
    for id in tape.gumbelArgmax(tape.constant(logits)) { counts[Int(id)] += 1 }
    let p = softmaxRow(row.map(Double.init)[...])
    let chi = zip(counts, p).reduce(0) { sum, pair in
      let expected = pair.1 * Double(n)
      return sum + (pair.0 - expected) * (pair.0 - expected) / expected
    }
    // Chi-squared with 6 degrees of freedom: 22.5 is exceeded once in a thousand.
    #expect(chi < 22.5)
  }
}
