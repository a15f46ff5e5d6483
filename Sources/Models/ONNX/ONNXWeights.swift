import Autograd
import Kernels

/// How an exported model stores its matrices.
public enum ONNXWeightType: String, Sendable, CaseIterable {
  /// As they are.
  case float32
  /// In eight bits, with a scale for each output of a product and for each row of the embeddings.
  /// Products are computed on integers; their inputs are rounded when they are known ("dynamic
  /// quantization").
  case int8
}

/// Puts the weights of a model into a graph.
struct ONNXWeights {
  let parameters: Parameters
  let type: ONNXWeightType
  /// What int8 does to the matrices, as far as they have been written.
  let roundings = ONNXRoundings()

  /// The values are within ±63. With 127, the sum of two products of unsigned and signed bytes may
  /// overflow the 16 bits that processors with AVX2 and without VNNI add them in.
  private static let largest: Float = 63

  /// The matrix of a slot under its name.
  func table(_ slot: ParameterSlot, _ name: String, in graph: inout ONNXGraph) -> String {
    floats(parameters.matrix(slot), name, in: &graph)
  }

  /// The vector of a slot, or one row of a matrix.
  func vector(_ slot: ParameterSlot, row: Int = 0, _ name: String, in graph: inout ONNXGraph)
    -> String
  {
    let matrix = parameters.matrix(slot).rows(row..<row + 1)
    return graph.constant(name, .float, [matrix.columns]) { append in
      try matrix.values.withUnsafeBytes { try append($0) }
    }
  }

  /// x Wᵀ + b for inputs of any number of dimensions.
  func linear(
    _ x: String, _ weight: ParameterSlot, _ bias: ParameterSlot, _ name: String,
    in graph: inout ONNXGraph
  ) -> String {
    let matrix = parameters.matrix(weight)
    let product: String
    switch type {
    case .float32:
      let table = floats(matrix, "\(name).weight", transposed: true, in: &graph)
      product = graph.node("MatMul", [x, table])
    case .int8:
      let rounded = graph.nodes("DynamicQuantizeLinear", [x], outputs: 3)
      let scales = Self.scales(matrix)
      let integers = graph.node(
        "MatMulInteger",
        [
          rounded[0], bytes(matrix, scales, "\(name).weight", transposed: true, in: &graph),
          rounded[2],
        ])
      let scale = graph.node("Mul", [rounded[1], vector(scales, "\(name).scale", in: &graph)])
      product = graph.node(
        "Mul", [graph.node("Cast", [integers], [("to", .integer(1))]), scale])
    }
    return graph.node("Add", [product, vector(bias, "\(name).bias", in: &graph)])
  }

  /// The rows of a table for some ids.
  func rows(_ ids: String, of slot: ParameterSlot, _ name: String, in graph: inout ONNXGraph)
    -> String
  {
    let matrix = parameters.matrix(slot)
    guard type == .int8 else {
      return graph.node("Gather", [floats(matrix, name, in: &graph), ids])
    }
    let scales = Self.scales(matrix)
    let table = bytes(matrix, scales, name, transposed: false, in: &graph)
    let values = graph.node(
      "Cast", [graph.node("Gather", [table, ids])], [("to", .integer(1))])
    let column = graph.constant("\(name).scale", .float, [scales.count, 1]) { append in
      try scales.withUnsafeBytes { try append($0) }
    }
    return graph.node("Mul", [values, graph.node("Gather", [column, ids])])
  }

  private func floats(
    _ matrix: Matrix, _ name: String, transposed: Bool = false, in graph: inout ONNXGraph
  ) -> String {
    let shape = transposed ? [matrix.columns, matrix.rows] : [matrix.rows, matrix.columns]
    return graph.constant(name, .float, shape) { append in
      let matrix = transposed ? matrix.transposed : matrix
      try matrix.values.withUnsafeBytes { try append($0) }
    }
  }

  private func vector(_ values: [Float], _ name: String, in graph: inout ONNXGraph) -> String {
    graph.constant(name, .float, [values.count]) { append in
      try values.withUnsafeBytes { try append($0) }
    }
  }

  /// The scale of each row: its largest magnitude becomes the largest integer.
  private static func scales(_ matrix: Matrix) -> [Float] {
    (0..<matrix.rows).map { row in
      let peak = (0..<matrix.columns).reduce(Float(0)) { max($0, abs(matrix[row, $1])) }
      return peak > 0 ? peak / largest : 1
    }
  }

  private func bytes(
    _ matrix: Matrix, _ scales: [Float], _ name: String, transposed: Bool,
    in graph: inout ONNXGraph
  ) -> String {
    let shape = transposed ? [matrix.columns, matrix.rows] : [matrix.rows, matrix.columns]
    return graph.constant(name, .int8, shape) { append in
      var values = [Int8](repeating: 0, count: matrix.count)
      var (squares, differences) = (0.0, 0.0)
      for row in 0..<matrix.rows {
        for column in 0..<matrix.columns {
          let place =
            transposed ? column * matrix.rows + row : row * matrix.columns + column
          let weight = matrix[row, column]
          let stored = (weight / scales[row]).rounded(.toNearestOrEven)
          values[place] = Int8(stored)
          let difference = Double(weight) - Double(stored) * Double(scales[row])
          squares += Double(weight) * Double(weight)
          differences += difference * difference
        }
      }
      roundings.add(name, squares: squares, differences: differences)
      try values.withUnsafeBytes { try append($0) }
    }
  }
}

extension Matrix {
  /// A copy with rows and columns exchanged.
  fileprivate var transposed: Matrix {
    let copy = Matrix(zeros: columns, rows)
    for row in 0..<rows {
      for column in 0..<columns { copy[column, row] = self[row, column] }
    }
    return copy
  }
}
