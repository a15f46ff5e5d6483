import Glibc
import Kernels

/// A row-major matrix in double precision with the plainest form of every operation: what the
/// kernels are measured against.
struct Table {
  var rows: Int
  var columns: Int
  var values: [Double]

  init(_ rows: Int, _ columns: Int, _ value: Double = 0) {
    self.rows = rows
    self.columns = columns
    values = Array(repeating: value, count: rows * columns)
  }

  init(_ matrix: Matrix) {
    rows = matrix.rows
    columns = matrix.columns
    values = matrix.values.map(Double.init)
  }

  init(_ guarded: Guarded) { self.init(guarded.view) }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  func row(_ index: Int) -> [Double] { Array(values[index * columns..<(index + 1) * columns]) }

  var transposed: Table {
    var result = Table(columns, rows)
    for i in 0..<rows { for j in 0..<columns { result[j, i] = self[i, j] } }
    return result
  }

  /// Some rows and columns.
  func part(_ r: Range<Int>, _ c: Range<Int>) -> Table {
    var result = Table(r.count, c.count)
    for (i, row) in r.enumerated() {
      for (j, column) in c.enumerated() { result[i, j] = self[row, column] }
    }
    return result
  }

  /// Overwrites a part.
  mutating func set(_ firstRow: Int, _ firstColumn: Int, _ part: Table) {
    for i in 0..<part.rows {
      for j in 0..<part.columns { self[firstRow + i, firstColumn + j] = part[i, j] }
    }
  }

  func map(_ f: (Double) -> Double) -> Table {
    var result = self
    result.values = values.map(f)
    return result
  }

  /// f of the corresponding elements of two tables.
  func with(_ other: Table, _ f: (Double, Double) -> Double) -> Table {
    var result = self
    for i in values.indices { result.values[i] = f(values[i], other.values[i]) }
    return result
  }

  static func * (a: Table, b: Table) -> Table {
    var c = Table(a.rows, b.columns)
    for i in 0..<a.rows {
      for k in 0..<a.columns { for j in 0..<b.columns { c[i, j] += a[i, k] * b[k, j] } }
    }
    return c
  }

  /// log softmax(scale x) of each row.
  func logSoftmax(scale: Double = 1) -> Table {
    var result = map { $0 * scale }
    for i in 0..<rows where columns > 0 {
      let row = result.row(i)
      let top = row.max() ?? 0
      let sum = top + log(row.reduce(0) { $0 + exp($1 - top) })
      for j in 0..<columns { result[i, j] -= sum }
    }
    return result
  }

  func softmax(scale: Double = 1) -> Table { logSoftmax(scale: scale).map { exp($0) } }

  /// The gradient of softmax, self being its value: y (dy - sum(dy y)).
  func softmaxGradient(_ dy: Table) -> Table {
    var result = self
    for i in 0..<rows {
      let mean = (0..<columns).reduce(0) { $0 + self[i, $1] * dy[i, $1] }
      for j in 0..<columns { result[i, j] = self[i, j] * (dy[i, j] - mean) }
    }
    return result
  }
}

/// LayerNorm of rows: the normalised rows and 1 / sqrt(variance + epsilon).
func normalise(_ x: Table, epsilon: Double) -> (rows: Table, reciprocals: [Double]) {
  var result = x
  var reciprocals: [Double] = []
  for i in 0..<x.rows {
    let row = x.row(i)
    let mean = row.reduce(0, +) / Double(x.columns)
    let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.columns)
    let reciprocal = 1 / (variance + epsilon).squareRoot()
    for j in 0..<x.columns { result[i, j] = (row[j] - mean) * reciprocal }
    reciprocals.append(reciprocal)
  }
  return (result, reciprocals)
}

/// The gradient of LayerNorm's input: r (dy g - mean(dy g) - x mean(dy g x)).
func normaliseGradient(_ x: Table, _ reciprocals: [Double], gamma: [Double], _ dy: Table) -> Table {
  var result = x
  let n = Double(x.columns)
  for i in 0..<x.rows {
    let v = (0..<x.columns).map { dy[i, $0] * gamma[$0] }
    let mean = v.reduce(0, +) / n
    let slope = (0..<x.columns).reduce(0) { $0 + v[$1] * x[i, $1] } / n
    for j in 0..<x.columns { result[i, j] = (v[j] - mean - x[i, j] * slope) * reciprocals[i] }
  }
  return result
}

/// An activation and its slope, from the definitions.
func activation(_ f: Activation, _ x: Double) -> (value: Double, slope: Double) {
  switch f {
  case .gelu:
    let cdf = 0.5 * erfc(-x * 0.5.squareRoot())
    return (x * cdf, cdf + x * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot())
  case .geluTanh:
    let c = (2 / Double.pi).squareRoot()
    let t = tanh(c * (x + 0.044715 * x * x * x))
    return (
      0.5 * x * (1 + t),
      0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x)
    )
  case .relu: return (max(x, 0), x > 0 ? 1 : 0)
  case .tanh:
    let t = tanh(x)
    return (t, 1 - t * t)
  }
}
