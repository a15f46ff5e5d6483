import Autograd
import Kernels
import TestSupport
import Testing

/// The slope of a step's loss over weights in a direction, by differences and by its gradient.
struct StepSlope {
  /// Which way the weights go, at a rate of 1.
  enum Direction {
    /// Along the gradient itself, where the slope is the gradient's length and roundings count
    /// least.
    case gradient
    /// At random, so that no weight counts less because its gradient is small.
    case random
  }

  /// By central differences.
  let difference: CentralDifference
  /// By the gradient.
  let slope: Double
  /// The gradient's length, which its errors are relative to, and at random the part of it that a
  /// direction sees: the length over the root of the number of weights.
  let scale: Double

  /// - Parameters:
  ///   - network: how many roundings the loss has.
  ///   - step: takes the step anew; returns its loss and the gradients of `parameters`.
  init(
    of parameters: [Parameters], along direction: Direction = .gradient,
    network: Network = .ofToys, step: () throws -> (loss: Double, gradients: [[Float]])
  ) throws {
    let weights = parameters.map { Matrix($0.buffer, rows: 1, columns: $0.count) }
    let start = weights.map(\.values)
    let gradient = try step().gradients.joined().map(Double.init)
    var way = gradient
    var scale = Self.norm(gradient)
    if direction == .random {
      scale /= Double(gradient.count).squareRoot()
      let normal = Matrix(zeros: 1, gradient.count)
      Kernel.fillNormal(normal, standardDeviation: 1, seed: 77, site: .part(1))
      way = normal.values.map(Double.init)
    }
    self.scale = scale
    let rate = 1 / Self.norm(way)
    slope = rate * zip(gradient, way).reduce(0) { $0 + $1.0 * $1.1 }
    func move(_ distance: Double) {
      var place = 0
      for (matrix, start) in zip(weights, start) {
        let moved = start.indices.map {
          Float(Double(start[$0]) + distance * rate * way[place + $0])
        }
        matrix.copy(from: Matrix(moved, rows: 1, columns: moved.count))
        place += moved.count
      }
    }
    defer { move(0) }
    difference = try CentralDifference(
      longest: 2, halvings: 12, deviation: { network.deviation($0) }
    ) { distance in
      move(distance)
      return [try step().loss]
    }
    self.network = network
  }

  private let network: Network

  private static func norm(_ values: [Double]) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// Expects that the two are equal but for what differences and roundings leave, and that this is
  /// little: a hundredth of the gradient.
  func check(_ location: SourceLocation = #_sourceLocation) {
    #expect(
      difference.agrees(with: slope, within: network.gradients() * scale),
      "slope \(slope) \(difference), gradient \(scale)", sourceLocation: location)
    #expect(
      difference.error < 0.01 * scale, "\(difference), gradient \(scale)",
      sourceLocation: location)
  }
}
