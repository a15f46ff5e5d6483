import Autograd
import Kernels
import TestSupport

/// A function under test with the shapes of what it is given.
struct Probe: Sendable, CustomStringConvertible {
  /// What a function leaves: a tensor, or the value of the losses that it put on the tape.
  enum Outcome {
    case tensors([Tensor])
    case loss(Double)
  }

  /// How the weights get on the tape.
  enum Weights { case trained, frozen, leaves }

  struct Shape: Sendable { let rows, columns: Int }

  let description: String
  let inputs: [Shape]
  let weights: [Shape]
  let seed: Int
  let function: @Sendable (_ tape: Tape, _ x: [Tensor], _ w: [Tensor]) -> Outcome

  init(
    _ name: String, inputs: [(Int, Int)], weights: [(Int, Int)] = [], seed: Int = 1,
    _ function: @escaping @Sendable (_ tape: Tape, _ x: [Tensor], _ w: [Tensor]) -> Outcome
  ) {
    description = name
    self.inputs = inputs.map { Shape(rows: $0.0, columns: $0.1) }
    self.weights = weights.map { Shape(rows: $0.0, columns: $0.1) }
    self.seed = seed
    self.function = function
  }

  /// The numbers that inputs and then weights begin with.
  var start: [[Float]] {
    (inputs + weights).enumerated().map { draw($1.rows * $1.columns, seed: seed * 100 + $0) }
  }

  /// The result of one run.
  struct Run {
    /// What the objective is the sum of: the loss, or each element of the tensors times its
    /// upstream.
    var terms: [Double] = []
    /// The loss, or the projection of the tensors.
    var objective: Double { terms.reduce(0, +) }
    /// Of the inputs; nil where none was made.
    var inputGradients: [[Float]?] = []
    /// Of the weights; nil where none was made.
    var weightGradients: [[Float]?] = []
    /// False if the gradient buffer was changed behind the weights.
    var stayedInside = true
  }

  /// Runs the function forwards and, if asked, backwards.
  ///
  /// Every run gets copies of its values, and a tape of the same name, so that all random draws are
  /// equal from run to run.
  func run(
    _ values: [[Float]], inputsWanted: Bool = true, weights mode: Weights = .trained,
    backward: Bool = true, pool: BufferPool = poisonedPool()
  ) -> Run {
    let tape = Tape(pool: pool, seed: 7, step: 3, lane: 1)
    let matrices = zip(inputs + weights, values).map {
      Matrix($1, rows: $0.rows, columns: $0.columns)
    }
    let x = matrices.prefix(inputs.count).map { inputsWanted ? tape.leaf($0) : tape.constant($0) }
    let model = parameters(Array(matrices.dropFirst(inputs.count)))
    let guardWords = 5
    let buffer = Buffer(zeroed: model.count + guardWords)
    buffer.withFloats { $0[model.count...].update(repeating: 42) }
    if mode == .trained { tape.bind(model, gradients: buffer) }
    let w = model.entries.map {
      mode == .leaves ? tape.leaf(model.matrix($0.slot)) : tape.parameter($0.slot, of: model)
    }
    var run = Run()
    switch function(tape, Array(x), w) {
    case .loss(let value): run.terms = [value]
    case .tensors(let tensors):
      for (index, tensor) in tensors.enumerated() {
        let upstream = draw(tensor.value.count, seed: 1000 + index)
        run.terms += zip(tensor.value.values, upstream).map { Double($0) * Double($1) }
        if backward { tape.send(upstream, into: tensor) }
      }
    }
    guard backward else { return run }
    tape.backward()
    run.inputGradients = x.map { $0.leafGradient?.values }
    run.weightGradients = w.map { $0.leafGradient?.values }
    run.stayedInside = buffer.withFloats { $0[model.count...].allSatisfy { $0 == 42 } }
    if mode != .trained {
      run.stayedInside =
        run.stayedInside && buffer.withFloats { $0[..<model.count].allSatisfy { $0 == 0 } }
    }
    return run
  }

  /// Gradients of inputs and weights by central differences.
  func differences() -> [[CentralDifference]] {
    let start = start
    let pool = poisonedPool()
    return start.indices.map { part in
      start[part].indices.map { index in
        CentralDifference(
          longest: 0x1p-3, halvings: 4,
          deviation: { Roundings.deviation(Self.depth) * max(1, $0) }
        ) { distance in
          var values = start
          values[part][index] += Float(distance)
          return run(values, backward: false, pool: pool).terms
        }
      }
    }
  }

  /// Roundings behind an output of any probe, as in the goldens of these functions.
  static let depth = 64
}
