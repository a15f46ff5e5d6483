import Autograd
import Inference
import Kernels
import Models
import StrictJSON
import TestSupport
import Testing

@Suite struct LayerSimilarityTests {
  /// States of the goldens of BERT and ELECTRA, compared by numpy
  /// (scripts/goldens/teacher_cut.py). Errors of the states move norms by at most their own size
  /// relative to that of the states without their mean; CKA is a quotient of products of four.
  @Test func beside() throws {
    let path = TestFiles.golden("teacher-cut.json")
    let golden = try #require(
      try StrictJSON.parse(TestFiles.bytes(path), file: path)["similarity"])
    let states = try ["bert", "electra"].map { family in
      let model = try ModelGolden("\(family)-classifier")
      return try ModelFolder(model.folder).classifier(seed: 1).0.states(model)
    }
    let found = try LayerSimilarity(states[0], states[1])
    let error = Network(layers: 3, width: 48, inner: 72, tokens: 24).values()
    let expected = golden.matrix("cka")
    let spectra = (golden["singular_values"]?.array ?? []).map { $0.numbers("values") }
    var worst = 0.0
    for (side, layers) in [found.spectra.first, found.spectra.second].enumerated() {
      for (index, spectrum) in layers.enumerated() {
        let values = states[side][index].values
        let largest = values.reduce(Float(0)) { max($0, abs($1)) }
        let size = spectrum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        // Of a whole row, as the singular values are divided by the root of their number.
        let moved = error * Double(largest) * Double(states[side][index].columns).squareRoot()
        worst = max(worst, moved / size)
        let width = spectra[side].count / layers.count
        for (a, b) in zip(spectrum, spectra[side][index * width..<(index + 1) * width]) {
          #expect(abs(a - b) <= moved + Roundings.gamma(10 * 36 * 36) * size)
        }
      }
    }
    for (i, row) in found.cka.enumerated() {
      for (j, value) in row.enumerated() {
        #expect(
          abs(value - Double(expected[i, j])) <= 8 * (worst + Roundings.gamma(10 * 36 * 36)))
      }
    }
  }

  @Test func whatItMeans() throws {
    let x = Matrix([1, 0, 2, 1, 0, 3, -1, 1, 5, 2], rows: 5, columns: 2)
    // A quarter turn, scaled and moved.
    let turned = Matrix(
      (0..<5).flatMap { [7 - 3 * x[$0, 1], 3 * x[$0, 0]] }, rows: 5, columns: 2)
    let constant = Matrix(Array(repeating: 2, count: 5), rows: 5, columns: 1)
    let found = try LayerSimilarity([x], [turned, constant])
    // Sums over five rows, and a product of such sums.
    #expect(abs(found.cka[0][0] - 1) <= Roundings.gamma(40))
    #expect(found.cka[0][1] == 0)
    #expect(LayerSimilarity.directions([2, 1, 0], share: 0.8) == 1)
    #expect(LayerSimilarity.directions([2, 1, 0], share: 0.81) == 2)
    #expect(LayerSimilarity.directions([], share: 0.9) == 0)
    #expect(throws: LAPACKError.self) {
      try LayerSimilarity([Matrix([.nan, 1], rows: 2, columns: 1)], [x.rows(0..<2)])
    }
  }
}

extension SequenceClassifier {
  fileprivate func states(_ golden: ModelGolden) throws -> [Matrix] {
    encoder.encode(
      PackedTokens(golden: try #require(golden.json["batch"])), parameters: parameters,
      tape: Tape(pool: poisonedPool()), training: false, keepsHiddenStates: true
    ).hiddenStates.map(\.value)
  }
}
