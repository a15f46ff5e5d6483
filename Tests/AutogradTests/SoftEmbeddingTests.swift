import Autograd
import Kernels
import TestSupport
import Testing

/// Words mixed with what a language model expects, without the matrix tokens x vocabulary.
@Suite struct SoftEmbeddingTests {
  private let vocabulary = 11
  private let ids: [Int32] = [7, 0, 7, 10]

  private func distribution(_ rows: Int, temperature: Float = 0.7) -> WordDistribution {
    WordDistribution(
      states: Matrix(draw(rows * 4, seed: 31), rows: rows, columns: 4),
      decoder: Matrix(draw(vocabulary * 4, seed: 32), rows: vocabulary, columns: 4),
      bias: Matrix(draw(vocabulary, seed: 33), rows: 1, columns: vocabulary),
      temperature: temperature)
  }

  private func table(_ width: Int, seed: Int) -> Matrix {
    Matrix(draw(vocabulary * width, seed: seed), rows: vocabulary, columns: width)
  }

  @Test(arguments: try GoldenCase.all("soft_embedding"), [1, 4, 64])
  func golden(golden: GoldenCase, tile: Int) throws {
    let tape = Tape(pool: poisonedPool())
    let words = tape.leaf(try golden.input("embedding"))
    let (vectors, kept) = tape.softEmbedding(
      tables: [words], ids: try golden.integers("ids").map { Int32($0) },
      rows: try golden.integers("rows"),
      distribution: WordDistribution(
        states: try golden.matrix("states"), decoder: try golden.matrix("decoder"),
        bias: try golden.matrix("bias"), temperature: Float(try golden.number("temperature"))),
      rate: Float(try golden.number("rate")), tile: tile)
    #expect(
      deviation(vectors[0].value.values, try golden.values("outputs", "output"))
        < Roundings.gamma(64))
    #expect(deviation([Float(kept)], try golden.values("outputs", "kept")) < Roundings.gamma(64))
    tape.send(try golden.values("upstream").map { Float($0) }, into: vectors[0])
    tape.backward()
    let gradient = words.leafGradient?.values
    #expect(deviation(gradient, try golden.values("gradients", "embedding")) < Roundings.gamma(64))
  }

  /// Tables of one model do not see those of another, and only what learns gets a gradient.
  @Test func severalTablesAtOnce() {
    let tables = [table(5, seed: 1), table(3, seed: 2)]
    let rows = [0, 2, 3]
    let tape = Tape(pool: poisonedPool())
    let first = tape.leaf(tables[0])
    let second = tape.constant(tables[1])
    let both = tape.softEmbedding(
      tables: [first, second], ids: ids, rows: rows, distribution: distribution(3), rate: 0.4,
      tile: 4)
    #expect(both.vectors[0].requiresGradient && !both.vectors[1].requiresGradient)
    for (index, matrix) in tables.enumerated() {
      let alone = Tape(pool: poisonedPool())
      let single = alone.softEmbedding(
        tables: [alone.constant(matrix)], ids: ids, rows: rows, distribution: distribution(3),
        rate: 0.4, tile: 4)
      #expect(single.vectors[0].value.values == both.vectors[index].value.values)
      #expect(single.kept == both.kept)
    }
  }

  /// Probabilities sum to 1: a table of ones stays one.
  @Test func weightsSumToOne() {
    let tape = Tape(pool: poisonedPool())
    let ones = Matrix(zeros: vocabulary, 2)
    ones.fill(1)
    let (vectors, kept) = tape.softEmbedding(
      tables: [tape.constant(ones)], ids: ids, rows: [0, 1, 2, 3], distribution: distribution(4),
      rate: 0.9, tile: 3)
    #expect(vectors[0].value.values.allSatisfy { Double(abs($0 - 1)) < Roundings.gamma(16) })
    #expect(kept > 0 && kept < 4)
  }

  /// The mixture is the convex combination of its ends, and tokens that are left alone keep their
  /// words bit by bit.
  @Test func rateMixesWordAndExpectation() {
    let rows = [0, 3]
    func vectors(_ rate: Float) -> [Float] {
      let tape = Tape(pool: poisonedPool())
      return tape.softEmbedding(
        tables: [tape.constant(table(5, seed: 1))], ids: ids, rows: rows,
        distribution: distribution(2), rate: rate, tile: 4
      ).vectors[0].value.values
    }
    let (words, expected, mixed) = (vectors(0), vectors(1), vectors(0.25))
    #expect(words == ids.flatMap { table(5, seed: 1).rows(Int($0)..<Int($0) + 1).values })
    #expect(words[5..<15] == expected[5..<15] && words[5..<15] == mixed[5..<15])
    #expect(words[..<5] != expected[..<5] && words[15...] != expected[15...])
    for i in words.indices {
      let exact = 0.75 * words[i] + 0.25 * expected[i]
      #expect(Double(abs(mixed[i] - exact)) < Roundings.gamma(16))
    }
  }

  /// A language model that copies its input, made cold, leaves every word as it is.
  @Test func coldCopyingModelChangesNothing() {
    let decoder = table(16, seed: 5)
    let states = Matrix(zeros: ids.count, 16)
    Kernel.gatherRows(decoder, ids.map(Int.init), into: states)
    let words = table(5, seed: 1)
    let tape = Tape(pool: poisonedPool())
    let (vectors, kept) = tape.softEmbedding(
      tables: [tape.constant(words)], ids: ids, rows: [0, 1, 2, 3],
      distribution: WordDistribution(
        states: states, decoder: decoder, bias: Matrix(zeros: 1, vocabulary), temperature: 0.01),
      rate: 0.5)
    // A temperature of 0.01 makes the logits hundredfold, and their roundings.
    #expect(abs(kept - 4) < 4 * Roundings.gamma(200))
    let expected = ids.flatMap { words.rows(Int($0)..<Int($0) + 1).values.map(Double.init) }
    #expect(deviation(vectors[0].value.values, expected) < Roundings.gamma(200))
  }
}
