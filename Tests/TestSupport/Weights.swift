import Autograd
import Kernels
import Testing

/// All weights of a model, compared bit by bit and shown in a few words.
package struct Weights: Equatable, CustomTestStringConvertible {
  package let floats: [Float]

  package init(_ parameters: Parameters) {
    floats = Matrix(parameters.buffer, rows: 1, columns: parameters.count).values
  }

  package static func == (a: Weights, b: Weights) -> Bool {
    a.floats.map(\.bitPattern) == b.floats.map(\.bitPattern)
  }

  package var testDescription: String { "\(floats.count) weights, sum \(floats.reduce(0, +))" }
}

extension Parameters {
  /// A copy of all weights.
  package var weights: Weights { Weights(self) }
}
