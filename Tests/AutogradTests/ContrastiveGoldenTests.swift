import Autograd
import Kernels
import TestSupport
import Testing

/// The contrastive losses against torch, which writes them out pair by pair.
@Suite struct ContrastiveGoldenTests {
  @Test(arguments: try GoldenCase.all("contrastive"))
  func softmaxOverRows(golden: GoldenCase) throws {
    let (anchors, candidates) = (try golden.input("anchors"), try golden.input("candidates"))
    let isBanked = golden.description.hasSuffix("bank")
    let bank = isBanked ? try golden.matrix("bank") : nil
    let excluded =
      isBanked
      ? zip(try golden.integers("excluded_anchors"), try golden.integers("excluded_rows"))
        .map { (anchor: $0, row: $1) } : []
    let tape = Tape(pool: poisonedPool())
    let (a, c) = (tape.leaf(anchors), tape.leaf(candidates))
    let sum = tape.contrastive(
      a, c, bank: bank, excluded: excluded, temperature: Float(try golden.number("temperature")),
      weight: 1 / Float(anchors.rows))
    let mean = try golden.values("outputs", "output")[0]
    #expect(abs(sum / Double(anchors.rows) - mean) < Roundings.gamma(64) * max(1, mean))
    tape.backward()
    for (leaf, name) in [(a, "anchors"), (c, "candidates")] {
      #expect(
        deviation(leaf.leafGradient?.values, try golden.values("gradients", name))
          < Roundings.gamma(64), "\(name)"
      )
    }
  }

  @Test(arguments: try GoldenCase.all("noise_contrastive"))
  func pairsOnTheirOwn(golden: GoldenCase) throws {
    let anchors = try golden.input("anchors")
    let tape = Tape(pool: poisonedPool())
    let a = tape.leaf(anchors)
    let sum = tape.noiseContrastive(
      a, candidates: try golden.matrix("candidates"),
      temperature: Float(try golden.number("temperature")), shift: try golden.number("shift"),
      weight: 1 / Float(anchors.rows))
    let mean = try golden.values("outputs", "output")[0]
    #expect(abs(sum / Double(anchors.rows) - mean) < Roundings.gamma(64) * max(1, mean))
    tape.backward()
    #expect(
      deviation(a.leafGradient?.values, try golden.values("gradients", "anchors"))
        < Roundings.gamma(64))
  }

  /// What cannot be told apart costs the logarithm of the number of candidates.
  @Test func equalRowsCostTheLogarithmOfTheirNumber() {
    let tape = Tape(pool: poisonedPool())
    let rows = tape.leaf(Matrix([Float](repeating: 0.5, count: 12), rows: 4, columns: 3))
    let sum = tape.contrastive(rows, rows, temperature: 2, weight: 0.25)
    #expect(abs(sum / 4 - 1.386_294_361) < Roundings.gamma(16))
    tape.backward()
    #expect(
      deviation(rows.leafGradient?.values, [Double](repeating: 0, count: 12)) < Roundings.gamma(16))
  }
}
