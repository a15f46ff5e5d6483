import Kernels

/// Where a weight lies inside a model's flat buffer.
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

/// All weights of one model in one flat buffer, so that optimiser, gradient norm and checkpoints are
/// single passes over memory.
public final class Parameters: Sendable {
  /// One named weight.
  public struct Entry: Sendable {
    /// Hugging Face's name, such as `bert.encoder.layer.0.output.dense.weight`.
    public let name: String
    /// Shape as checkpoints store it.
    public let shape: [Int]
    /// Its place.
    public let slot: ParameterSlot
    /// False for biases and LayerNorm weights, which weight decay leaves alone.
    public let decays: Bool
  }

  /// The weights in buffer order.
  public let entries: [Entry]
  /// Their values.
  public let buffer: Buffer
  /// Number of elements.
  public let count: Int

  /// Lays out the named weights one after the other; all values are zero.
  public init(_ weights: [(name: String, shape: [Int], decays: Bool)]) {
    var offset = 0
    entries = weights.map { weight in
      let columns = weight.shape.last ?? 1
      let count = weight.shape.reduce(1, *)
      let slot = ParameterSlot(offset: offset, rows: count / max(1, columns), columns: columns)
      offset += count
      return Entry(name: weight.name, shape: weight.shape, slot: slot, decays: weight.decays)
    }
    count = offset
    buffer = Buffer(zeroed: offset)
  }

  /// The weight at a slot.
  public func matrix(_ slot: ParameterSlot) -> Matrix {
    Matrix(buffer, offset: slot.offset, rows: slot.rows, columns: slot.columns)
  }

  /// The entry with a name.
  public func entry(named name: String) -> Entry? { entries.first { $0.name == name } }

  /// Contiguous element ranges with one setting of `decays`, in order.
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
