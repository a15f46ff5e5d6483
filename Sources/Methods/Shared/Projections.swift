import Autograd
import Configuration
import Kernels

/// Linear maps that a method trains beside its models (`TrainedModel.companions`), such as those
/// that bring the states of teacher and student to one width. They are not saved.
public struct Projections: Sendable {
  /// All maps' weights.
  public let parameters: Parameters
  let weights: [ParameterSlot]
  let biases: [ParameterSlot?]

  /// Maps with torch.nn.Linear's shapes and the initial values of BERT's layers: normal with
  /// standard deviation 0.02 unless another is given, biases 0.
  ///
  /// - Parameters:
  ///   - shapes: name, inputs and outputs of each map.
  ///   - standardDeviation: of the initial weights.
  ///   - seed: names the draw of the initial values.
  public init(
    _ shapes: [(name: String, inputs: Int, outputs: Int)], bias: Bool = true,
    standardDeviation: Float = 0.02, seed: UInt64
  ) {
    var layout = ParameterLayout()
    var weights: [ParameterSlot] = []
    var biases: [ParameterSlot?] = []
    for (name, inputs, outputs) in shapes {
      weights.append(layout.add("\(name).weight", [outputs, inputs], decays: true))
      biases.append(bias ? layout.add("\(name).bias", [outputs], decays: false) : nil)
    }
    parameters = Parameters(layout)
    self.weights = weights
    self.biases = biases
    for (index, slot) in weights.enumerated() {
      Kernel.fillNormal(
        parameters.matrix(slot), standardDeviation: standardDeviation, seed: seed,
        site: .projection(index))
    }
  }

  /// Reads `projection_dim`, the width that the states of both models are brought to.
  static func width(_ section: ConfigSection) throws -> Int {
    try section.int(
      "projection_dim", default: 128, in: 1...65_536,
      "Common width that both models' states are mapped to.")
  }

  /// Gives map number `index` a bias.
  package func setBias(_ index: Int, to values: Matrix) {
    guard let slot = biases[index] else { return }
    parameters.matrix(slot).copy(from: values)
  }

  /// Map number `index` of x.
  public func apply(
    _ index: Int, to x: Tensor, tape: Tape, activation: Activation? = nil
  ) -> Tensor {
    tape.linear(
      x, weight: tape.parameter(weights[index], of: parameters),
      bias: biases[index].map { tape.parameter($0, of: parameters) }, activation: activation)
  }
}
