import Kernels

/// A matrix that a tape has seen, with its gradient while a backward pass runs.
public final class Tensor {
  /// The value; [rows, columns].
  public let value: Matrix
  /// False where no gradient is wanted: constants, frozen weights and all that depends on nothing else.
  public let requiresGradient: Bool

  /// For weights: where the gradient is added.
  private let sink: Matrix?
  private(set) var gradient: Matrix?
  /// True while another tensor reads the same gradient memory.
  private var gradientIsShared = false

  init(_ value: Matrix, requiresGradient: Bool, sink: Matrix? = nil) {
    self.value = value
    self.requiresGradient = requiresGradient
    self.sink = sink
  }

  /// Number of rows of the value.
  public var rows: Int { value.rows }
  /// Number of columns of the value.
  public var columns: Int { value.columns }

  /// The gradient of a leaf after `Tape.backward()`.
  public var leafGradient: Matrix? { sink ?? gradient }

  /// Adds a contribution made in place: `body` gets the target and 1 to add to it or 0 to overwrite.
  func accumulate(_ pool: BufferPool, _ body: (_ target: Matrix, _ beta: Float) -> Void) {
    guard requiresGradient else { return }
    if let sink { return body(sink, 1) }
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

  /// Adds a finished contribution, taking its memory over where there is none yet.
  ///
  /// - Parameter shared: true if somebody else goes on reading `contribution`.
  func accumulate(_ contribution: Matrix, pool: BufferPool, shared: Bool = false) {
    guard requiresGradient else { return }
    if sink == nil, gradient == nil {
      gradient = contribution
      gradientIsShared = shared
    } else {
      accumulate(pool) { target, _ in Kernel.add(contribution, to: target) }
    }
  }

  /// The gradient, given away; `owned` tells whether its memory may be overwritten.
  func takeGradient() -> (matrix: Matrix, owned: Bool)? {
    guard let gradient else { return nil }
    self.gradient = nil
    defer { gradientIsShared = false }
    return (gradient, !gradientIsShared)
  }
}

/// Records coarse functions as they are computed and runs their backward passes in reverse.
///
/// A tape belongs to one shard of a batch and to one thread at a time. It ends in weighted loss terms
/// (see the loss functions): `backward()` needs no argument.
public final class Tape {
  /// Where values and gradients live.
  public let pool: BufferPool
  /// Names the random draws of this tape together with the site that each function takes.
  public let seed: UInt64
  /// The update that this tape belongs to.
  public let step: Int
  /// How exactly the products with weights are computed, forward and backward; all else is float32.
  public let precision: Precision
  private let lane: Int
  private var site = 0
  private var steps: [() -> Void] = []
  private var gradients: [ObjectIdentifier: (buffer: Buffer, offset: Int)] = [:]

  /// A tape without content.
  ///
  /// - Parameter lane: number of the shard; part of the name of every random draw.
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

  /// Asks for weight gradients of a model: they are added to `buffer` from its element `offset` on,
  /// laid out as the parameters.
  ///
  /// Models that are not bound are frozen: gradients flow through them but not into their weights.
  public func bind(_ parameters: Parameters, gradients buffer: Buffer, offset: Int = 0) {
    precondition(buffer.capacity >= offset + parameters.count)
    gradients[ObjectIdentifier(parameters)] = (buffer, offset)
  }

  /// A value without gradient.
  public func constant(_ value: Matrix) -> Tensor { Tensor(value, requiresGradient: false) }

  /// A value whose gradient is wanted; read `leafGradient` after `backward()`.
  public func leaf(_ value: Matrix) -> Tensor { Tensor(value, requiresGradient: true) }

  /// A weight.
  public func parameter(_ slot: ParameterSlot, of parameters: Parameters) -> Tensor {
    let value = parameters.matrix(slot)
    guard let (buffer, offset) = gradients[ObjectIdentifier(parameters)] else {
      return constant(value)
    }
    let sink = Matrix(buffer, offset: offset + slot.offset, rows: slot.rows, columns: slot.columns)
    return Tensor(value, requiresGradient: true, sink: sink)
  }

  /// The dropout pattern of the next site; nil for probability 0.
  public func dropout(_ probability: Float) -> Dropout? {
    site += 1
    // Long evaluations run through more functions than there are sites, and draw nothing.
    guard probability > 0 else { return nil }
    return Dropout(
      probability: probability, seed: seed, step: step, site: .tape(shard: lane, function: site))
  }

  /// A site that no other random draw of this update has.
  public func nextSite() -> RandomSite {
    site += 1
    return .tape(shard: lane, function: site)
  }

  /// The result of a function. `backward` gets the result's gradient and whether it may overwrite it;
  /// it is kept only if some input wants a gradient.
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

  /// Where the tape stands among its random draws. Setting it to an earlier value makes the functions
  /// that follow draw the same again, such as the same dropout over several passes.
  public var drawPosition: Int {
    get { site }
    set { site = newValue }
  }

  /// Adds a gradient that was computed elsewhere, before `backward()`: the derivative of a loss over
  /// several tapes by a tensor of this one, of the tensor's shape.
  public func send(_ gradient: Matrix, to tensor: Tensor) {
    tensor.accumulate(pool) { target, beta in
      if beta == 0 { target.copy(from: gradient) } else { Kernel.add(gradient, to: target) }
    }
  }

  /// Remembers work for the backward pass that hangs on no single tensor.
  func onBackward(_ work: @escaping () -> Void) { steps.append(work) }

  /// Runs all backward passes in reverse order and releases what they kept.
  public func backward() {
    while let step = steps.popLast() { step() }
  }
}
