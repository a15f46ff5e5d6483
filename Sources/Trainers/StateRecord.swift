import Autograd
import Kernels
import StrictJSON

/// What one part of a run remembers: named values and named arrays of floats.
///
/// Checkpoints write records and read them back. Two runs are at the same point when all their
/// records are equal, bit for bit.
public struct StateRecord: Sendable, Equatable {
  /// Floats with a shape.
  public struct Floats: Sendable, Equatable {
    /// Sizes of the dimensions; their product is the number of floats.
    public let shape: [Int]
    /// The memory; nothing else writes to it.
    public let buffer: Buffer

    /// Newly allocated memory for `shape`, filled with a copy of the beginning of `source`.
    public init(copying source: Buffer, shape: [Int]) {
      let count = shape.reduce(1, *)
      self.init(shape: shape, buffer: Buffer(zeroed: count))
      Matrix(buffer, rows: 1, columns: count).copy(
        from: Matrix(source, rows: 1, columns: count))
    }

    /// Takes over memory that the caller no longer uses.
    public init(shape: [Int], buffer: Buffer) {
      self.shape = shape
      self.buffer = buffer
    }

    /// Number of floats.
    public var count: Int { shape.reduce(1, *) }

    /// Copies the floats back to where they came from.
    public func copy(to target: Buffer) {
      Matrix(target, rows: 1, columns: count).copy(
        from: Matrix(buffer, rows: 1, columns: count))
    }

    /// Equal shapes and equal bits; NaN equals itself.
    public static func == (a: Floats, b: Floats) -> Bool {
      guard a.shape == b.shape else { return false }
      return a.buffer.withFloats { x in
        b.buffer.withFloats { y in
          (0..<a.count).allSatisfy { x[$0].bitPattern == y[$0].bitPattern }
        }
      }
    }
  }

  /// Numbers, names and lists of them.
  public var values: JSONObject
  /// Arrays by name.
  public var arrays: [String: Floats]

  /// A record of these values and arrays.
  public init(values: JSONObject = JSONObject(), arrays: [String: Floats] = [:]) {
    self.values = values
    self.arrays = arrays
  }

  /// Equal values and equal bits.
  public static func == (a: StateRecord, b: StateRecord) -> Bool {
    let writer = JSONWriter(layout: .minimal, sortedKeys: true)
    return a.arrays == b.arrays
      && writer.bytes(JSONValue(.object(a.values))) == writer.bytes(JSONValue(.object(b.values)))
  }
}

/// A record that does not fit the part of a run that reads it.
public struct StateError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is missing or has another size, as one sentence without its full stop.
  public let description: String

  /// A mismatch.
  public init(_ description: String) { self.description = description }
}

extension StateRecord {
  /// A whole number.
  /// - Throws: `StateError` if it is missing or not an integer.
  public func int(_ key: String) throws -> Int {
    guard let value = values[key]?.int else {
      throw StateError("\(key) is missing or not an integer")
    }
    return value
  }

  /// A whole number within a range.
  /// - Throws: `StateError` if it is missing, not an integer or outside.
  package func int(_ key: String, in range: ClosedRange<Int>) throws -> Int {
    let value = try int(key)
    guard range.contains(value) else {
      throw StateError("\(key) is \(value), outside \(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  /// A number of things that a run has counted: not negative, and so small that no later sum or
  /// product of such numbers overflows.
  /// - Throws: `StateError` if it is anything else.
  package func count(_ key: String) throws -> Int { try int(key, in: Self.counts) }

  /// What a run may have counted. More updates than this take longer than any machine lasts.
  package static let counts = 0...(1 << 40)

  /// A number; NaN where the state had one.
  /// - Throws: `StateError` if it is missing.
  public func double(_ key: String) throws -> Double {
    guard let value = values[key] else { throw StateError("\(key) is missing") }
    return value.double ?? .nan
  }

  /// A list of values.
  /// - Throws: `StateError` if it is missing.
  public func list(_ key: String) throws -> [JSONValue] {
    guard let value = values[key]?.array else {
      throw StateError("\(key) is missing or not an array")
    }
    return value
  }

  /// A list of whole numbers.
  /// - Throws: `StateError` if it is missing or has anything else in it.
  package func ints(_ key: String) throws -> [Int] {
    try list(key).map {
      guard let value = $0.int else {
        throw StateError("\(key) has an element that is not an integer")
      }
      return value
    }
  }

  /// An array of the given shape.
  /// - Throws: `StateError` if it is missing or has another shape.
  public func floats(_ name: String, shape: [Int]) throws -> Floats {
    guard let found = arrays[name] else { throw StateError("array \(name) is missing") }
    guard found.shape == shape else {
      throw StateError("array \(name) has shape \(found.shape), but \(shape) is needed")
    }
    return found
  }
}

/// A part of a run whose content changes as the run goes on.
///
/// Everything that an objective, an optimiser or the loop needs to continue exactly where it
/// stopped belongs to some part. Weights that are never trained do not, nor does anything that can
/// be computed from the configuration again.
/// again, are not.
///
/// ```swift
/// final class SeenTexts: StatePart {
///   let stateName = "my-method.seen"
///   private let count = Mutex(0)
///
///   func add(_ texts: Int) { count.withLock { $0 += texts } }
///
///   func record() -> StateRecord {
///     StateRecord(values: JSONObject([("count", .int(count.withLock { $0 }))]))
///   }
///
///   func restore(_ record: StateRecord) throws {
///     let seen = try record.int("count")
///     count.withLock { $0 = seen }
///   }
/// }
/// ```
public protocol StatePart: Sendable {
  /// Its name among the parts of a run, such as `optimizer.student`.
  var stateName: String { get }
  /// A copy of its content.
  func record() -> StateRecord
  /// Replaces its content with that of a record.
  /// - Throws: `StateError` if the record does not fit.
  func restore(_ record: StateRecord) throws
}

/// All mutable state of a run between two updates.
///
/// What some updates have changed, between two states of a `TrainingSession`:
///
/// ```swift
/// let changed = after.differences(from: before)
/// print(changed.joined(separator: ", "))  // optimizer.0, trainer, weights.0
/// ```
public struct RunState: Sendable, Equatable {
  /// The record of each part, by the part's name.
  public var parts: [String: StateRecord]

  /// A state made of these records.
  public init(parts: [String: StateRecord] = [:]) { self.parts = parts }

  /// The names of parts that differ between two states, sorted.
  public func differences(from other: RunState) -> [String] {
    Set(parts.keys).union(other.parts.keys).filter { parts[$0] != other.parts[$0] }.sorted()
  }
}

/// The weights of a model that learns.
struct WeightsState: StatePart {
  let stateName: String
  let parameters: Parameters

  func record() -> StateRecord {
    StateRecord(arrays: [
      "values": .init(copying: parameters.buffer, shape: [parameters.count])
    ])
  }

  func restore(_ record: StateRecord) throws {
    let values = try record.floats("values", shape: [parameters.count])
    guard values.isFinite else { throw StateError("a weight is not finite") }
    values.copy(to: parameters.buffer)
  }
}

extension StateRecord.Floats {
  /// Newly allocated memory, all zeros.
  public init(zeros shape: [Int]) {
    self.init(shape: shape, buffer: Buffer(zeroed: shape.reduce(1, *)))
  }
}

extension StateRecord.Floats {
  /// A copy of a matrix whose rows lie one after the other.
  public init(copying matrix: Matrix) {
    self.init(zeros: [matrix.rows, matrix.columns])
    Matrix(buffer, rows: matrix.rows, columns: matrix.columns).copy(from: matrix)
  }

  /// Whether no float is NaN or infinite.
  package var isFinite: Bool { Matrix(buffer, rows: 1, columns: count).isFinite }

  /// Copies the floats into a matrix of the same shape.
  public func copy(to matrix: Matrix) {
    matrix.copy(from: Matrix(buffer, rows: matrix.rows, columns: matrix.columns))
  }
}

extension RunState {
  /// The updates of the main model that were made before; nil if the state does not say.
  package var globalStep: Int? { parts[TrainerState.stateName]?.values["global_step"]?.int }

  /// The weights of the main model, in the layout of its parameters; nil if there are none.
  public var mainWeights: Buffer? { parts["weights.0"]?.arrays["values"]?.buffer }
}
