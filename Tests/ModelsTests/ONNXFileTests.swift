import Files
import Foundation
import Models
import TestSupport
import Testing

/// What an export tells about its file.
@Suite struct ONNXFileTests {
  @Test func sizesAndRoundings() throws {
    let golden = try ModelGolden("bert-classifier")
    let (classifier, _) = try ModelFolder(golden.folder).classifier(seed: 1)
    let scratch = try ScratchFolder()
    func size(_ name: String) throws -> Int {
      try #require(FileManager.default.contents(atPath: "\(scratch.path)/\(name)")).count
    }
    let plain = try ONNXExport().write(classifier, to: "\(scratch.path)/a.onnx")
    let small = try ONNXExport(weights: .int8).write(classifier, to: "\(scratch.path)/b.onnx")
    #expect(try size("a.onnx") == plain.bytes)
    #expect(try size("b.onnx") == small.bytes && small.bytes < plain.bytes)
    #expect(plain.float32Bytes == plain.bytes && small.float32Bytes == plain.bytes)
    #expect(plain.rounding == nil)

    // Rounding to 63 steps for the largest weight of each row, once more and in doubles.
    let rounding = try #require(small.rounding)
    func error(_ name: String) throws -> Double {
      let matrix = classifier.parameters.matrix(
        try #require(classifier.parameters.entry(named: name)).slot)
      var (squares, differences) = (0.0, 0.0)
      for row in 0..<matrix.rows {
        let weights = (0..<matrix.columns).map { Double(matrix[row, $0]) }
        let step = (weights.map(abs).max() ?? 0) / 63
        for weight in weights {
          squares += weight * weight
          if step > 0 { differences += pow(weight - (weight / step).rounded() * step, 2) }
        }
      }
      return (differences / squares).squareRoot()
    }
    // A step computed in float32 is off by a rounding, which 63 steps multiply.
    #expect(abs(try error(rounding.matrix) - rounding.relativeError) < 64 * 0x1p-24)
    #expect(try error("classifier.weight") <= rounding.relativeError + 64 * 0x1p-24)
    #expect(
      try error("bert.embeddings.word_embeddings.weight") <= rounding.relativeError + 64 * 0x1p-24)
    #expect(rounding.relativeError > 1e-4)
  }
}
