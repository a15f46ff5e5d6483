import Kernels

/// A matrix that a tape knows, with its gradient while a backward pass runs.
public final class Tensor {
  /// The value, [rows, columns].
  public let value: Matrix
  /// False if no gradient is wanted: for constants, frozen weights, and results of only these.
  public let requiresGradient: Bool

  /// For weights: the memory that the gradient is added to.
  private let sink: WeightSink?
  private(set) var gradient: Matrix?
  /// True while another tensor reads the same gradient memory.
  private var gradientIsShared = false

  init(_ value: Matrix, requiresGradient: Bool, sink: WeightSink? = nil) {
    self.value = value
    self.requiresGradient = requiresGradient
    self.sink = sink
  }

  /// Number of rows of the value.
  public var rows: Int { value.rows }
  /// Number of columns of the value.
  public var columns: Int { value.columns }

  /// The gradient of a leaf or weight after `Tape.backward()`; nil if nothing depended on a leaf.
  public var leafGradient: Matrix? { sink?.matrix ?? gradient }

  /// Adds a contribution in place: `body` gets the target, and 1 to add to it or 0 to overwrite it.
  func accumulate(_ pool: BufferPool, _ body: (_ target: Matrix, _ beta: Float) -> Void) {
    guard requiresGradient else { return }
    if let sink { return body(sink.open(), 1) }
    if let gradient, gradientIsShared {
      let own = pool.matrix(gradient.rows, gradient.columns)
      own.copy(from: gradient)
      self.gradient = own
      gradientIsShared = false
    }
    if let gradient {
      body(gradient, 1)
    } else {
      let fresh = pool.matrix(value.rows, value.columns)
      body(fresh, 0)
      gradient = fresh
    }
  }

  /// Adds a finished contribution. If there is no gradient yet, its memory becomes the gradient.
  ///
  /// - Parameter shared: true if somebody else continues to read `contribution`.
  func accumulate(_ contribution: Matrix, pool: BufferPool, shared: Bool = false) {
    guard requiresGradient else { return }
    if sink == nil, gradient == nil {
      gradient = contribution
      gradientIsShared = shared
    } else {
      accumulate(pool) { target, _ in Kernel.add(contribution, to: target) }
    }
  }

  /// The memory to which the gradient of some rows is added, zeroed on first use; nil if none is
  /// wanted.
  func leafGradientTarget(_ pool: BufferPool, rows: [Int32]) -> Matrix? {
    sink.map { $0.open(rows: rows) } ?? leafGradientTarget(pool)
  }

  /// Hands over the gradient; `owned` says whether its memory may be overwritten.
  func takeGradient() -> (matrix: Matrix, owned: Bool)? {
    guard let gradient else { return nil }
    self.gradient = nil
    defer { gradientIsShared = false }
    return (gradient, !gradientIsShared)
  }
}

/// Records coarse-grained functions as they are computed, and runs their backward passes in
/// reverse.
///
/// A tape belongs to one shard of a batch, and to one thread at a time. It ends in weighted loss
/// terms (see the loss functions), so `backward()` needs no argument.
public final class Tape {
  /// The memory for values and gradients.
  public let pool: BufferPool
  /// Identifies the random draws of this tape, together with `step` and the site of each function.
  public let seed: UInt64
  /// Number of the forward pass, for random draws. In training this is `StepContext.drawNumber`: it
  /// differs between the chunks of one accumulated update, so it is not the number of the update.
  public let step: Int
  /// Precision of the products with weights, forward and backward; everything else is float32.
  public let precision: Precision
  private let lane: Int
  private var site = 0
  private var steps: [() -> Void] = []
  private let uses = WeightUses()
  private typealias Binding = (buffer: Buffer, offset: Int, touched: TouchedBlocks?)
  private var gradients: [ObjectIdentifier: Binding] = [:]

  /// An empty tape.
  ///
  /// - Parameters:
  ///   - pool: the memory for values and gradients.
  ///   - seed: identifies the random draws, together with `step` and each site.
  ///   - step: number of the forward pass, for random draws; see the property.
  ///   - lane: number of the shard, below 4096; part of the identity of every random draw.
  ///   - precision: of the products with weights.
  public init(
    pool: BufferPool, seed: UInt64 = 0, step: Int = 0, lane: Int = 0,
    precision: Precision = .float32
  ) {
    self.pool = pool
    self.seed = seed
    self.step = step
    self.lane = lane
    self.precision = precision
  }

  /// Requests weight gradients for a model. They are added to `buffer`, starting at element
  /// `offset`, in the layout of the parameters.
  ///
  /// Models that are not bound are frozen: gradients flow through them, but not into their weights.
  ///
  /// - Parameter touched: is told which elements of the buffer are added to.
  public func bind(
    _ parameters: Parameters, gradients buffer: Buffer, offset: Int = 0,
    touched: TouchedBlocks? = nil
  ) {
    precondition(buffer.capacity >= offset + parameters.count)
    gradients[ObjectIdentifier(parameters)] = (buffer, offset, touched)
  }

  /// A value without a gradient.
  public func constant(_ value: Matrix) -> Tensor { Tensor(value, requiresGradient: false) }

  /// A value whose gradient is wanted; read `leafGradient` after `backward()`.
  public func leaf(_ value: Matrix) -> Tensor { Tensor(value, requiresGradient: true) }

  /// A weight; it gets a gradient if `parameters` are bound.
  public func parameter(_ slot: ParameterSlot, of parameters: Parameters) -> Tensor {
    let value = parameters.matrix(slot)
    guard let (buffer, offset, touched) = gradients[ObjectIdentifier(parameters)] else {
      return constant(value)
    }
    let sink = Matrix(buffer, offset: offset + slot.offset, rows: slot.rows, columns: slot.columns)
    uses.add(end: offset + slot.offset + slot.count, before: steps.count)
    return Tensor(
      value, requiresGradient: true,
      sink: uses.sink(sink, start: offset + slot.offset, touched: touched))
  }

  /// The dropout pattern of the next site; nil if the probability is 0. Takes a site in either
  /// case.
  public func dropout(_ probability: Float) -> Dropout? {
    site += 1
    // Long evaluations run through more functions than there are sites, and draw nothing.
    guard probability > 0 else { return nil }
    return Dropout(
      probability: probability, seed: seed, step: step, site: .tape(shard: lane, function: site))
  }

  /// The next site: one that no other random draw with this seed and step has, unless
  /// `drawPosition` was set back.
  public func nextSite() -> RandomSite {
    site += 1
    return .tape(shard: lane, function: site)
  }

  /// The result of a function. `backward` gets the result's gradient, and whether it may overwrite
  /// it. It is kept only if some input wants a gradient.
  func result(
    _ value: Matrix, of inputs: [Tensor?],
    backward: @escaping (_ gradient: Matrix, _ owned: Bool) -> Void
  ) -> Tensor {
    guard inputs.contains(where: { $0?.requiresGradient == true }) else { return constant(value) }
    let tensor = Tensor(value, requiresGradient: true)
    steps.append {
      if let (gradient, owned) = tensor.takeGradient() { backward(gradient, owned) }
    }
    return tensor
  }

  /// Number of sites taken so far. Setting it to an earlier value makes the following functions
  /// draw the same again, for example the same dropout in several passes.
  public var drawPosition: Int {
    get { site }
    set { site = newValue }
  }

  /// Adds a gradient that was computed elsewhere; call it before `backward()`. It is the derivative
  /// of a loss over several tapes with respect to a tensor of this tape, and has that tensor's
  /// shape.
  public func send(_ gradient: Matrix, to tensor: Tensor) {
    tensor.accumulate(pool) { target, beta in
      if beta == 0 { target.copy(from: gradient) } else { Kernel.add(gradient, to: target) }
    }
  }

  /// Registers work for the backward pass that belongs to no single tensor.
  func onBackward(_ work: @escaping () -> Void) { steps.append(work) }

  /// Runs all backward passes in reverse order and releases what they kept.
  ///
  /// What is recorded afterwards is a pass of its own, for which weights are asked for again.
  public func backward() {
    uses.beginPass()
    while let step = steps.popLast() {
      step()
      uses.didStep(left: steps.count)
    }
    uses.endPass()
  }

  /// Says how many times `backward()` is called on this tape. Whoever says so looks afterwards at
  /// `passes` and `hasStaleWeight`.
  ///
  /// In the last of them `report` is told after each function from which element of the bound
  /// gradients on, companions included, nothing will be added any more; at the end, 0.
  package func expect(passes: Int, report: ((_ floor: Int) -> Void)? = nil) {
    uses.expect(passes: passes, report: report)
  }

  /// How many times `backward()` was called.
  package var passes: Int { uses.passes }
  /// Whether a weight got a gradient in a later pass than the one for which the tape was asked for
  /// it; known only after `expect`.
  package var hasStaleWeight: Bool { uses.hasStaleWeight }
}
