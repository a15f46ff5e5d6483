import Autograd
import Kernels
import Models
import TestSupport
import Testing

/// Straight-through samples as words: the gather that the encoder does is the dense mixture.
@Suite struct AdversarialEmbeddingTests {
  @Test(arguments: ModelFamily.allCases)
  func sampledRowsAreTheirWordsAndGradientsFlowToTheLogits(_ family: ModelFamily) throws {
    let golden = try ModelGolden("\(family.rawValue)-classifier")
    let model = try ModelFolder(golden.folder).classifier(seed: 1).0
    let tokens = try golden.tokens()
    let rows = [1, 4, 8, 13, 20]
    let vocabulary = model.encoder.configuration.vocabularySize
    var stream = RandomStream(seed: 5, purpose: .noise)
    let start = (0..<rows.count * vocabulary).map { _ in 2 * stream.nextUniform() }
    let noise = Matrix(zeros: rows.count, vocabulary)

    let tape = Tape(pool: poisonedPool())
    let logits = tape.leaf(Matrix(start, rows: rows.count, columns: vocabulary))
    let sample = tape.gumbelSoftmax(logits, temperature: 0.8, noise: noise)
    var adversarial = tokens
    for (row, id) in zip(rows, sample.ids) { adversarial.ids[row] = id }
    // RoBERTa's padding may be among the samples.
    adversarial.standForVectors = true
    let output = model.logits(
      adversarial, tape: tape, training: false, sample: (rows, sample))
    let plain = model.logits(adversarial, tape: Tape(pool: BufferPool()), training: false)
    #expect(output.value.values == plain.value.values)
    _ = tape.crossEntropy(output, labels: golden.labels(), weight: 1)
    tape.backward()
    let found = try #require(logits.leafGradient)

    // The loss as a function of the embedding of one sampled row, by differences: moving word v's
    // soft weight moves the embedding along E[v].
    let words = model.parameters.matrix(model.encoder.words)
    let probe = SequenceClassifier(
      enlarged(model.encoder.configuration), labels: model.labels)
    for entry in probe.parameters.entries {
      guard let other = model.parameters.entry(named: entry.name) else { continue }
      let target = probe.parameters.matrix(entry.slot)
      let source = model.parameters.matrix(other.slot)
      target.rows(0..<source.rows).copy(from: source)
    }
    let extra = probe.parameters.matrix(probe.encoder.words).rows(vocabulary..<vocabulary + 1)
    func loss(_ row: Int, along word: Int, _ step: Float) -> Double {
      for column in 0..<words.columns {
        extra[0, column] =
          words[Int(adversarial.ids[row]), column] + step * words[word, column]
      }
      var moved = adversarial
      moved.ids[row] = Int32(vocabulary)
      let tape = Tape(pool: BufferPool())
      return tape.crossEntropy(
        probe.logits(moved, tape: tape, training: false), labels: golden.labels(), weight: 1)
    }
    for (index, row) in rows.enumerated() {
      let y = sample.softmax.rows(index..<index + 1).values.map(Double.init)
      let slopes = (0..<vocabulary).map { word in
        (loss(row, along: word, 0.01) - loss(row, along: word, -0.01)) / 0.02
      }
      let mean = zip(y, slopes).reduce(0) { $0 + $1.0 * $1.1 }
      let expected = zip(y, slopes).map { $0 * ($1 - mean) / 0.8 }
      #expect(deviation(found.rows(index..<index + 1).values, expected) < 2e-3, "row \(row)")
    }
  }

  /// The same architecture with one word more.
  private func enlarged(_ configuration: EncoderConfiguration) -> EncoderConfiguration {
    var result = configuration
    result.vocabularySize += 1
    return result
  }
}
