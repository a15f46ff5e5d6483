import Kernels

/// The weights that functions on a tape use, by which it knows in its last backward pass which
/// gradients are finished: those of weights whose first use has been passed.
final class WeightUses {
  /// Backward passes so far, the current one included once it has begun.
  private(set) var passes = 0
  /// Passes that have ended.
  private(set) var ended = 0
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
  func sink(_ matrix: Matrix) -> WeightSink { WeightSink(matrix, uses: self) }

  func expect(passes: Int, report: ((Int) -> Void)?) {
    expected = passes
    self.report = report
  }

  func beginPass() {
    passes += 1
    guard let expected else { return }
    precondition(
      passes <= expected,
      "a shard makes more than \(expected) backward passes; forEachShard(backwardPasses:) says how "
        + "many there are")
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

  /// Whether a weight of this pass may still get a gradient.
  func allows(_ sink: WeightSink) -> Bool { expected == nil || sink.pass == ended }
}

/// Where a weight's gradient is added up.
struct WeightSink {
  let matrix: Matrix
  /// The number of passes that had ended when the tape was asked for the weight.
  let pass: Int
  private let uses: WeightUses

  init(_ matrix: Matrix, uses: WeightUses) {
    self.matrix = matrix
    self.uses = uses
    pass = uses.ended
  }

  /// The memory, to be added to.
  func open() -> Matrix {
    precondition(
      uses.allows(self),
      "a weight that was asked for before a backward pass is used after it; ask the tape again")
    return matrix
  }
}
