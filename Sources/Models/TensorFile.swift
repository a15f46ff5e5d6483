import Files

/// A file of named tensors.
public protocol TensorFile: Sendable {
  /// The path as the caller gave it.
  var path: String { get }
  /// The tensors in the order of the file.
  var entries: [SafetensorsEntry] { get }

  /// The tensor with a given name, or nil.
  func entry(named name: String) -> SafetensorsEntry?

  /// Copies a tensor of type F32, F16, BF16 or F64 to float32.
  ///
  /// The conversion of F16 and BF16 is exact; F64 is rounded to nearest.
  /// - Throws: `FileError` for an unknown name, another type, or a destination of the wrong size.
  func copyFloats(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws
}

extension TensorFile {
  /// The names of all tensors in the order of the file.
  public var names: [String] { entries.map(\.name) }

  /// A tensor of type F32, F16, BF16 or F64 as float32; see `copyFloats(_:into:)`.
  /// - Throws: `FileError` for an unknown name or another type.
  public func floats(_ name: String) throws -> [Float] {
    guard let entry = entry(named: name) else { throw missing(name) }
    return try [Float](unsafeUninitializedCapacity: entry.count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      try copyFloats(name, into: UnsafeMutableBufferPointer(rebasing: buffer[..<entry.count]))
      initialized = entry.count
    }
  }

  /// Checks that a destination has the size of a tensor.
  /// - Throws: `FileError` if it has not.
  func checkCount(_ count: Int, of entry: SafetensorsEntry) throws {
    guard count == entry.count else {
      throw FileError(
        .invalid, file: path, tensor: entry.name,
        problem: "it has \(entry.count) elements (shape \(entry.shape)), \(count) are expected.")
    }
  }

  func missing(_ name: String) -> FileError {
    FileError(.invalid, file: path, tensor: name, problem: "the file has no such tensor.")
  }
}
