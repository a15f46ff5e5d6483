import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Where the student's linear map to the teacher's states, or to what a map of the teacher's makes
/// of them, begins.
package enum ProjectionStart: String, Sendable, CaseIterable {
  /// Random numbers, as in the papers.
  case random
  /// The least-squares fit between the states of both models on some training texts.
  case leastSquares = "least_squares"

  /// Reads `projection_init`.
  init(_ section: ConfigSection) throws {
    self = try section.choice(
      "projection_init", default: .random,
      "Whether the student's maps begin as random numbers or as least-squares fits to the "
        + "teacher's states on 256 training texts.")
  }
}

/// Rows that one map shall bring together.
struct MappedRows {
  /// The index of the map.
  let map: Int
  /// What it gets of the student.
  let inputs: Tensor
  /// What it shall give.
  let targets: Tensor
}

extension MethodSetup where Head == SequenceClassifier {
  /// Lets maps begin at the least-squares fit over a sample of the training texts.
  ///
  /// - Parameter rows: what a batch has for each of the maps.
  /// - Throws: `MismatchError` if states are not finite; `MemoryShortage`.
  func fit(
    _ projections: Projections, _ start: ProjectionStart,
    rows: (_ teacher: Encoder.Output, _ student: Encoder.Output, PackedTokens, Tape) -> [MappedRows]
  ) throws {
    guard start == .leastSquares else { return }
    let sample = sampleTexts(256)
    var found: [Int: (inputs: [Matrix], targets: [Matrix])] = [:]
    let pool = BufferPool()
    for tokens in sample {
      let tape = Tape(pool: pool)
      let own = student.logitsAndStates(tokens, tape: tape, training: false).states
      let wanted = teacher.logitsAndStates(tokens, tape: tape, training: false).states
      for one in rows(wanted, own, tokens, tape) {
        found[one.map, default: ([], [])].inputs.append(one.inputs.value)
        found[one.map, default: ([], [])].targets.append(one.targets.value)
      }
    }
    for (map, (inputs, targets)) in found.sorted(by: { $0.key < $1.key }) {
      do {
        try projections.fit(map, inputs: inputs, targets: targets)
      } catch let error as LAPACKError {
        throw MismatchError(
          .training,
          "method.projection_init \"least_squares\" finds no fit between the states of both models "
            + "(\(error)); look for weights that are not finite")
      }
    }
  }
}

extension Projections {
  /// Sets a map to W and b for which the sum of squares of W x + b - y is least over some rows,
  /// with a ridge: states behind a LayerNorm depend on each other, and there may be fewer rows than
  /// columns.
  ///
  /// - Throws: `LAPACKError`, `MemoryShortage`.
  package func fit(_ index: Int, inputs: [Matrix], targets: [Matrix]) throws {
    guard let first = inputs.first, let wanted = targets.first else { return }
    let (n, m, count) = (first.columns, wanted.columns, inputs.reduce(0) { $0 + $1.rows })
    // Rows, their copy in the factorisation, and both forms of the right-hand sides.
    _ = try MemoryShortage.check(
      4 * Double(count + n) * Double(2 * n + 2 * m), for: "method.projection_init",
      advice: "set it to \"random\"")
    let (x, y) = (Matrix(zeros: count + n, n), Matrix(zeros: count + n, m))
    func gather(_ parts: [Matrix], _ target: Matrix) -> Matrix {
      let mean = Matrix(zeros: 1, target.columns)
      var row = 0
      for part in parts {
        target.rows(row..<row + part.rows).copy(from: part)
        row += part.rows
      }
      let used = target.rows(0..<row)
      Kernel.addColumnSums(used, to: mean)
      Kernel.scale(mean, by: -1 / Float(max(1, row)))
      for row in 0..<row { Kernel.add(mean, to: used.rows(row..<row + 1)) }
      Kernel.scale(mean, by: -1)
      return mean
    }
    let (meanX, meanY) = (gather(inputs, x), gather(targets, y))
    // A thousandth of the mean variance.
    let ridge = Float((1e-3 * Kernel.dot(x, x) / Double(max(1, n))).squareRoot())
    for i in 0..<n { x[count + i, i] = max(ridge, 1e-6) }
    let solution = try Kernel.leastSquares(x, y)
    let weight = parameters.matrix(weights[index])
    for i in 0..<n { for j in 0..<m { weight[j, i] = solution[i, j] } }
    if let bias = biases[index].map(parameters.matrix) {
      bias.copy(from: meanY)
      Kernel.gemm(meanX, .none, solution, .none, into: bias, alpha: -1, beta: 1)
    }
  }
}
