import Kernels

/// Writes numbers and names for another process of the same run.
///
/// ```swift
/// var writer = MessageWriter()
/// writer.add("loss")
/// writer.add(0.5)
/// var reader = MessageReader(writer.bytes)
/// print(try reader.string(), try reader.double())
/// ```
public struct MessageWriter: Sendable {
  /// What was added.
  public private(set) var bytes: [UInt8] = []

  /// An empty message.
  public init() {}

  /// Adds a whole number.
  public mutating func add(_ value: Int) {
    withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Adds the bits of a number.
  public mutating func add(_ value: Double) {
    add(Int(bitPattern: UInt(value.bitPattern)))
  }

  /// Adds a text.
  public mutating func add(_ value: String) { add(Array(value.utf8)) }

  /// Adds bytes.
  public mutating func add(_ value: [UInt8]) {
    add(value.count)
    bytes.append(contentsOf: value)
  }

  /// Adds the bits of floats.
  public mutating func add(_ values: UnsafeBufferPointer<Float>) {
    add(values.count)
    bytes.append(contentsOf: UnsafeRawBufferPointer(values))
  }

  /// Adds the bits of a matrix, row by row, and its shape.
  public mutating func add(_ matrix: Matrix) {
    add(matrix.rows)
    add(matrix.columns)
    matrix.values.withUnsafeBufferPointer { add($0) }
  }
}

/// Reads what a `MessageWriter` has written, in the same order.
public struct MessageReader {
  private let bytes: [UInt8]
  private var place = 0

  /// A message.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether everything is read.
  public var isAtEnd: Bool { place == bytes.count }

  /// Reads a whole number.
  /// - Throws: `ProcessError` if the message ends before.
  public mutating func int() throws -> Int {
    Int(try take(8).enumerated().reduce(Int64(0)) { $0 | Int64($1.element) << (8 * $1.offset) })
  }

  /// Reads a number.
  /// - Throws: `ProcessError` if the message ends before.
  public mutating func double() throws -> Double {
    Double(bitPattern: UInt64(UInt(bitPattern: try int())))
  }

  /// Reads a text.
  /// - Throws: `ProcessError` if the message ends before.
  public mutating func string() throws -> String { String(decoding: try array(), as: UTF8.self) }

  /// Reads bytes.
  /// - Throws: `ProcessError` if the message ends before.
  public mutating func array() throws -> [UInt8] { Array(try take(int())) }

  /// Reads floats.
  /// - Throws: `ProcessError` if the message ends before.
  public mutating func floats() throws -> [Float] {
    let count = try int()
    let part = try take(4 * count)
    return part.withUnsafeBytes { raw in
      (0..<count).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  /// Reads a matrix.
  /// - Throws: `ProcessError` if the message ends before or has another shape.
  public mutating func matrix() throws -> Matrix {
    let (rows, columns) = (try int(), try int())
    let values = try floats()
    guard rows >= 0, columns >= 0, values.count == rows * columns else { throw Self.malformed }
    return Matrix(values, rows: rows, columns: columns)
  }

  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - place else { throw Self.malformed }
    defer { place += count }
    return bytes[place..<place + count]
  }

  private static var malformed: ProcessError {
    ProcessError("another process of the run sent a message that this one does not understand")
  }
}
