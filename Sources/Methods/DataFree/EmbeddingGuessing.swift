import Autograd
import Configuration
import Data
import Glibc
import Kernels
import Models
import Trainers

/// Texts made of vectors, which can be shown to a frozen teacher without any data.
package struct PseudoBatch: Sendable {
  /// Ids of the special tokens, placeholders elsewhere.
  package let tokens: PackedTokens
  /// One per token.
  package let isSpecial: [Bool]
  /// Place of each text within its batch; names its random draws.
  package let places: [Int]
  /// Row of each text in the data set.
  package let rows: [Int]
  /// The class that each text is guessed for.
  package let classLabels: [Int32]

  /// Some of a shard's texts.
  package init(_ shard: Shard, _ indices: [Int]) {
    tokens = shard.tokens.texts(indices)
    let offsets = shard.tokens.offsets
    isSpecial = indices.flatMap { shard.isSpecial[offsets[$0]..<offsets[$0 + 1]] }
    places = indices.map { shard.places[$0] }
    rows = indices.map { shard.rows[$0] }
    classLabels = shard.targets.selecting(indices).classes
  }

  /// Tokens that are not special, ascending.
  package var ordinary: [Int] { isSpecial.indices.filter { !isSpecial[$0] } }
}

/// Embedding guessing: Adam moves vectors in place of words until the output of a frozen model is
/// the wanted one. Special tokens keep their own embeddings.
///
/// Source: "plug and play embedding guessing" of AS-DFD (Ma et al. 2020, section on pseudo
/// embeddings) and the data impressions of ZSKD (Nayak et al. 2019); what is known of the constants
/// is in docs/methods/data-free.md.
package struct EmbeddingGuessing: Sendable {
  /// How the elements of a guessed vector go together.
  package enum Covariance: String, Sendable, CaseIterable {
    /// Each has its own variance and knows nothing of the others.
    case diagonal
    /// As those of the word embeddings do.
    case full
  }

  /// Where a guess begins.
  package enum Start: String, Sendable, CaseIterable {
    /// At vectors drawn from a normal distribution with the moments of the word embeddings.
    case gaussian
    /// At the embeddings of random words of the vocabulary, those of the row's tokens.
    case words

    /// What rows have between their special tokens.
    var rowWords: SyntheticTexts.Words { self == .words ? .random : .masks }

    /// Reads `initial_vectors` of a method.
    init(_ section: ConfigSection) throws {
      self = try section.choice(
        "initial_vectors", default: .gaussian,
        "Where a guess begins: at vectors drawn with the moments of the word embeddings, or at the "
          + "embeddings of random words.")
    }
  }

  /// Its constants.
  package struct Settings: Sendable {
    /// `construction_steps`: Adam's steps on a text.
    package var steps = 20
    /// `embedding_learning_rate`, in units of an embedding's elements.
    package var learningRate = 0.01
    /// `initial_vectors`.
    package var start = Start.gaussian
    /// `initial_scale`: standard deviation of the first guess in units of the word embeddings'.
    package var initialScale = 1.0
    /// `initial_covariance`: what the elements of the first guess have in common.
    package var initialCovariance = Covariance.diagonal
    /// `embedding_noise`: standard deviation of the noise that is added, new in every step, before
    /// the models see the vectors.
    package var noise = 0.0
    /// `stop_confidence`: a text is left as it is when the teacher gives its class a probability
    /// of as much as a number drawn for the text from this range; nil lets it make all steps.
    package var stopConfidence: ClosedRange<Double>?

    package init() {}

    package init(_ section: ConfigSection) throws {
      // A text's steps share a random site with its place in the batch: 12 bits of it.
      steps = try section.int(
        "construction_steps", default: 20, in: 0...4000, "Adam's steps on a guessed text.")
      learningRate = try section.number(
        "embedding_learning_rate", default: 0.01, in: 0...100,
        "Learning rate of the guessing, in units of an embedding's elements.")
      start = try Start(section)
      initialScale = try section.number(
        "initial_scale", default: 1, in: 0...1000,
        "Spread of the first guess, in units of that of the word embeddings.")
      initialCovariance = try section.choice(
        "initial_covariance", default: .diagonal,
        "Whether the elements of the first guess are independent or go together as those of the "
          + "word embeddings.")
      noise = try section.number(
        "embedding_noise", default: 0, in: 0...1000,
        "Standard deviation of noise that the models see on the vectors, new in every step.")
    }
  }

  package let settings: Settings
  private let words: Matrix
  /// Moments of the word embeddings.
  package let statistics: WordStatistics
  /// L with L L^T the covariance of the word embeddings; nil for independent elements.
  private let factor: Matrix?

  /// Guessing in the space of a teacher's word embeddings.
  ///
  /// - Throws: `MismatchError` if a text has not one class of several, or the covariance of the
  ///   word embeddings is asked for and has no factor.
  package init(teacher: SequenceClassifier, settings: Settings, method: String) throws {
    guard teacher.labels.problem == .oneClass else {
      throw MismatchError(
        .method,
        "method \(method) makes texts of one class each, but the task's labels are "
          + (teacher.labels.isRegression ? "scores" : "sets of classes")
          + "; zskt and random-text need no classes")
    }
    self.settings = settings
    words = teacher.parameters.matrix(teacher.encoder.words)
    statistics = WordStatistics(words)
    factor = settings.initialCovariance == .full ? try Self.factor(of: words) : nil
  }

  /// - Throws: `MismatchError` if embeddings are not finite.
  private static func factor(of words: Matrix) throws -> Matrix {
    let moments = Moments(columns: words.columns)
    for start in stride(from: 0, to: words.rows, by: 1024) {
      moments.add(words.rows(start..<min(start + 1024, words.rows)))
    }
    do {
      // A vocabulary of fewer words than elements leaves directions without any variance.
      return try Cholesky(covariance: moments.covariance, ridge: 1e-6).lower
    } catch {
      throw MismatchError(
        .training,
        "method.initial_covariance \"full\" finds no factor of the covariance of the teacher's "
          + "word embeddings (\(error)); look for weights that are not finite")
    }
  }

  /// Where guessing begins. With `initial_vectors` "words", at the embeddings of the tokens.
  /// Otherwise every element of an ordinary token's vector is normal with mean and standard
  /// deviation (times `initial_scale`) of that element over the vocabulary; with
  /// `initial_covariance` "full", the vectors have the covariance of the word embeddings (times the
  /// square of `initial_scale`).
  ///
  /// - Parameter step: with the texts' places, names the draws.
  package func start(_ texts: PseudoBatch, seed: UInt64, step: Int, pool: BufferPool) -> Matrix {
    let vectors = pool.matrix(texts.tokens.ids.count, words.columns)
    Kernel.gatherRows(words, texts.tokens.ids.map(Int.init), into: vectors)
    guard settings.start == .gaussian else { return vectors }
    let normal = pool.matrix(vectors.rows, vectors.columns)
    fillNormal(normal, texts, seed: seed, step: step, round: 0)
    let scale = Float(settings.initialScale)
    var spread = normal
    if let factor {
      spread = pool.matrix(vectors.rows, vectors.columns)
      Kernel.gemm(normal, .none, factor, .transposed, into: spread)
    }
    for row in texts.ordinary {
      for column in 0..<vectors.columns {
        let deviation = factor == nil ? statistics.deviation[0, column] : 1
        vectors[row, column] =
          statistics.mean[0, column] + scale * deviation * spread[row, column]
      }
    }
    return vectors
  }

  /// Guesses texts. They do not depend on each other, nor on how a batch is split.
  ///
  /// - Parameters:
  ///   - tape: names the draws and provides memory; nothing is recorded on it.
  ///   - loss: puts loss terms of a step (from 1) on a tape on which every model is frozen, summed
  ///     over texts; gets the vectors as the models see them, and returns the teacher's logits.
  /// - Returns: [tokens, H].
  package func guess(
    _ texts: PseudoBatch, tape: Tape,
    loss: (_ tape: Tape, _ vectors: Tensor, _ round: Int) -> Tensor
  ) -> Matrix {
    let pool = tape.pool
    let vectors = start(texts, seed: tape.seed, step: tape.step, pool: pool)
    improve(vectors, of: texts, tape: tape, loss: loss)
    return vectors
  }

  /// The steps of `guess` on vectors that are there already; they are changed in place.
  package func improve(
    _ vectors: Matrix, of texts: PseudoBatch, tape: Tape,
    loss: (_ tape: Tape, _ vectors: Tensor, _ round: Int) -> Tensor
  ) {
    let pool = tape.pool
    let limits = stoppingPoints(of: texts, tape: tape)
    let first = pool.zeros(vectors.rows, vectors.columns)
    let second = pool.zeros(vectors.rows, vectors.columns)
    let gradient = pool.matrix(vectors.rows, vectors.columns)
    // Rows that do not move: special tokens, and the texts that have come to their end.
    var fixed = Set(texts.isSpecial.indices.filter { texts.isSpecial[$0] })
    for round in 0..<settings.steps {
      let frozen = Tape(
        pool: pool, seed: tape.seed, step: tape.step, precision: tape.precision)
      let leaf = frozen.leaf(vectors)
      let logits = loss(
        frozen, noisy(leaf, texts, tape: frozen, round: round + 1), round + 1)
      frozen.backward()
      guard let found = leaf.leafGradient else { return }
      gradient.copy(from: found)
      fixed.formUnion(rowsOfConfidentTexts(texts, limits: limits, logits: logits.value))
      if fixed.count == vectors.rows { return }
      // Without gradient and moments Adam's step is exactly 0.
      for row in fixed {
        for matrix in [gradient, first, second] { matrix.rows(row..<row + 1).fill(0) }
      }
      Kernel.adam(
        AdamUpdate(learningRate: Float(settings.learningRate), step: round + 1),
        parameters: vectors.buffer, gradients: gradient.buffer, firstMoment: first.buffer,
        secondMoment: second.buffer, range: 0..<vectors.count)
    }
  }

  /// The probability of its class at which each text comes to its end; empty without such an end.
  private func stoppingPoints(of texts: PseudoBatch, tape: Tape) -> [Double] {
    guard let range = settings.stopConfidence else { return [] }
    return texts.places.map { place in
      var stream = RandomStream(
        seed: tape.seed, purpose: .stopping, step: tape.step, site: .text(place))
      return range.lowerBound + (range.upperBound - range.lowerBound) * Double(stream.nextUniform())
    }
  }

  private func rowsOfConfidentTexts(
    _ texts: PseudoBatch, limits: [Double], logits: Matrix
  ) -> [Int] {
    limits.indices.flatMap { text -> [Int] in
      let values = logits.rows(text..<text + 1).values.map(Double.init)
      let largest = values.max() ?? 0
      let weights = values.map { exp($0 - largest) }
      let confidence = weights[Int(texts.classLabels[text])] / weights.reduce(0, +)
      guard confidence >= limits[text] else { return [] }
      return Array(texts.tokens.offsets[text]..<texts.tokens.offsets[text + 1])
    }
  }

  private func noisy(_ leaf: Tensor, _ texts: PseudoBatch, tape: Tape, round: Int) -> Tensor {
    guard settings.noise > 0 else { return leaf }
    let noise = tape.pool.matrix(leaf.rows, leaf.columns)
    fillNormal(noise, texts, seed: tape.seed, step: tape.step, round: round)
    Kernel.scale(noise, by: Float(settings.noise))
    for row in texts.isSpecial.indices where texts.isSpecial[row] {
      noise.rows(row..<row + 1).fill(0)
    }
    return tape.sum(leaf, tape.constant(noise))
  }

  private func fillNormal(
    _ matrix: Matrix, _ texts: PseudoBatch, seed: UInt64, step: Int, round: Int
  ) {
    for (text, place) in texts.places.enumerated() {
      Kernel.fillNormal(
        matrix.rows(texts.tokens.offsets[text]..<texts.tokens.offsets[text + 1]),
        standardDeviation: 1, seed: seed, purpose: .noise, step: step,
        site: .text(place, round: round))
    }
  }
}

/// Mean and standard deviation of each element of the word embeddings over the vocabulary.
package struct WordStatistics: Sendable {
  /// One row each.
  package let mean, deviation: Matrix
  /// The squared distance of a word from the mean word, averaged over words.
  package var totalVariance: Double {
    deviation.values.reduce(0) { $0 + Double($1) * Double($1) }
  }

  /// Those of an embedding matrix, [vocabulary, H].
  package init(_ words: Matrix) {
    var sums = [Double](repeating: 0, count: words.columns)
    var squares = sums
    for row in 0..<words.rows {
      for column in 0..<words.columns {
        let value = Double(words[row, column])
        sums[column] += value
        squares[column] += value * value
      }
    }
    let count = Double(max(1, words.rows))
    mean = Matrix(sums.map { Float($0 / count) }, rows: 1, columns: words.columns)
    deviation = Matrix(
      zip(sums, squares).map { sum, square in
        Float(max(0, square / count - (sum / count) * (sum / count)).squareRoot())
      }, rows: 1, columns: words.columns)
  }
}
