import Kernels

/// The weights that functions on a tape use, by which it knows in its last backward pass which
/// gradients are finished: those of weights whose first use has been passed.
final class WeightUses {
  /// Backward passes so far, the current one included once it has begun.
  private(set) var passes = 0
  /// Passes that have ended.
  private(set) var ended = 0
  /// Whether a weight of an earlier pass got a gradient, which nobody could have expected.
  private(set) var hasStaleWeight = false
  private var expected: Int?
  private var report: ((Int) -> Void)?
  /// Where each weight's gradient ends in the bound buffer, and how many functions came before its
  /// use.
  private var uses: [(end: Int, before: Int)] = []

  /// A weight is about to be used by a function that comes after `before` others.
  func add(end: Int, before: Int) {
    if report != nil { uses.append((end, before)) }
  }

  /// Memory for a gradient to which functions add that come before the next backward pass ends.
  ///
  /// - Parameters:
  ///   - start: where it begins in the bound buffer.
  ///   - touched: is told where functions add.
  func sink(_ matrix: Matrix, start: Int, touched: TouchedBlocks?) -> WeightSink {
    WeightSink(matrix, start: start, touched: touched, uses: self)
  }

  func expect(passes: Int, report: ((Int) -> Void)?) {
    expected = passes
    self.report = report
  }

  func beginPass() {
    passes += 1
    guard passes == expected else { return uses.removeAll() }
    uses.sort { $0.end < $1.end }
  }

  /// A function's backward pass is done, and those of `left` others that came before it are not.
  func didStep(left: Int) {
    guard let report, passes == expected else { return }
    while let last = uses.last, last.before >= left { uses.removeLast() }
    report(uses.last?.end ?? 0)
  }

  func endPass() {
    ended = passes
    if passes == expected { report?(0) }
  }

  /// A weight gets a gradient.
  func willAdd(to sink: WeightSink) {
    if expected != nil, sink.pass != ended { hasStaleWeight = true }
  }
}

/// Where a weight's gradient is added up.
struct WeightSink {
  let matrix: Matrix
  /// The number of passes that had ended when the tape was asked for the weight.
  let pass: Int
  private let start: Int
  private let touched: TouchedBlocks?
  private let uses: WeightUses

  init(_ matrix: Matrix, start: Int, touched: TouchedBlocks?, uses: WeightUses) {
    self.matrix = matrix
    self.start = start
    self.touched = touched
    self.uses = uses
    pass = uses.ended
  }

  /// The memory, to be added to.
  func open() -> Matrix {
    uses.willAdd(to: self)
    touched?.touch(start..<start + matrix.rows * matrix.columns)
    return matrix
  }

  /// The memory, to be added to in some rows.
  func open(rows: [Int32]) -> Matrix {
    uses.willAdd(to: self)
    if let touched {
      for row in rows {
        let first = start + Int(row) * matrix.columns
        touched.touch(first..<first + matrix.columns)
      }
    }
    return matrix
  }
}
