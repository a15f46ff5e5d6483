import Kernels

/// The position of a weight in the flat buffer of a model.
public struct ParameterSlot: Sendable, Hashable {
  /// Index of the first element.
  public let offset: Int
  /// Rows and columns; a vector is one row.
  public let rows, columns: Int

  /// A slot of `rows` x `columns` elements.
  public init(offset: Int, rows: Int, columns: Int) {
    self.offset = offset
    self.rows = rows
    self.columns = columns
  }

  /// Number of elements.
  public var count: Int { rows * columns }
}

/// The weights of a model in order of declaration, before memory exists for them.
public struct ParameterLayout: Sendable {
  /// The weights declared so far.
  public private(set) var entries: [Parameters.Entry] = []
  /// Number of elements declared so far.
  public private(set) var count = 0

  /// An empty layout.
  public init() {}

  /// Declares a weight and returns its slot. Weights that are declared in succession are
  /// contiguous, so that a layer can treat several of them as one.
  ///
  /// - Parameters:
  ///   - name: the name in Hugging Face checkpoints.
  ///   - shape: the shape in checkpoints.
  ///   - decays: false for biases and LayerNorm weights.
  public mutating func add(_ name: String, _ shape: [Int], decays: Bool) -> ParameterSlot {
    let columns = shape.last ?? 1
    let elements = shape.reduce(1, *)
    let slot = ParameterSlot(offset: count, rows: elements / max(1, columns), columns: columns)
    entries.append(Parameters.Entry(name: name, shape: shape, slot: slot, decays: decays))
    count += elements
    return slot
  }
}

/// All weights of one model in one flat buffer, so that the optimiser, the gradient norm and
/// checkpoints are single passes over memory.
public final class Parameters: Sendable {
  /// One named weight.
  public struct Entry: Sendable {
    /// The name in Hugging Face checkpoints, such as `bert.encoder.layer.0.output.dense.weight`.
    public let name: String
    /// The shape in checkpoints.
    public let shape: [Int]
    /// Its position in the buffer.
    public let slot: ParameterSlot
    /// False for biases and LayerNorm weights, which weight decay does not touch.
    public let decays: Bool
  }

  /// The weights in buffer order.
  public let entries: [Entry]
  /// The values of all weights.
  public let buffer: Buffer
  /// Number of elements.
  public let count: Int

  /// Memory for the weights of a layout, all zero.
  public init(_ layout: ParameterLayout) {
    entries = layout.entries
    count = layout.count
    buffer = Buffer(zeroed: layout.count)
  }

  /// A view of the weight at a slot.
  public func matrix(_ slot: ParameterSlot) -> Matrix {
    Matrix(buffer, offset: slot.offset, rows: slot.rows, columns: slot.columns)
  }

  /// The entry with a given name, or nil.
  public func entry(named name: String) -> Entry? { entries.first { $0.name == name } }

  /// The elements as contiguous ranges with the same `decays`, in order.
  public var decayRanges: [(range: Range<Int>, decays: Bool)] {
    var result: [(range: Range<Int>, decays: Bool)] = []
    for entry in entries {
      let range = entry.slot.offset..<(entry.slot.offset + entry.slot.count)
      if let last = result.last, last.decays == entry.decays,
        last.range.upperBound == range.lowerBound
      {
        result[result.count - 1].range = last.range.lowerBound..<range.upperBound
      } else {
        result.append((range, entry.decays))
      }
    }
    return result
  }
}
