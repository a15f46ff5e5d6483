import Autograd
import Kernels
import TestSupport

/// The derivative of a step's loss by all weights of a model along a direction drawn at random.
struct DirectionalDerivative {
  /// By central differences of fourth order.
  let difference: Double
  /// By the step's gradient.
  let gradient: Double
  /// Length of the gradient, which a direction's normal numbers make the derivative's typical size.
  let scale: Double

  /// - Parameter loss: takes the step anew; the driver's gradients must be zero before.
  init(of parameters: Parameters, driver: StepDriver, loss: () throws -> Double) throws {
    let weights = Matrix(parameters.buffer, rows: 1, columns: parameters.count)
    let start = Matrix(weights.values, rows: 1, columns: parameters.count)
    let direction = Matrix(zeros: 1, parameters.count)
    Kernel.fillNormal(direction, standardDeviation: 1, seed: 77, site: .part(1))
    _ = try loss()
    let slopes = driver.gradients
    gradient = zip(slopes, direction.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    scale = slopes.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    func value(_ length: Float) throws -> Double {
      weights.copy(from: start)
      Kernel.add(direction, to: weights, alpha: length)
      return try loss()
    }
    let step: Float = 0x1p-9
    let (near, far) = (
      try value(step) - value(-step), try value(2 * step) - value(-2 * step)
    )
    difference = (8 * near - far) / (12 * Double(step))
    weights.copy(from: start)
  }

  /// How far the two are apart.
  var deviation: Double { abs(difference - gradient) / scale }
}
