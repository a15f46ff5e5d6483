import Files
import StrictJSON

/// Writes float32 tensors as a safetensors file, byte for byte like the reference writer.
public enum SafetensorsWriter {
  /// A tensor to write.
  public struct Tensor {
    /// Its name.
    public let name: String
    /// Its dimensions, outermost first.
    public let shape: [Int]
    /// Passes its values, row-major, to the function it is given. It is called once, when the
    /// tensor is written, so that no second copy of a model is needed.
    public let withValues: ((UnsafeBufferPointer<Float>) throws -> Void) throws -> Void

    /// A tensor whose values are requested when they are written.
    public init(
      name: String, shape: [Int],
      withValues: @escaping ((UnsafeBufferPointer<Float>) throws -> Void) throws -> Void
    ) {
      self.name = name
      self.shape = shape
      self.withValues = withValues
    }

    /// A tensor with the given values.
    public init(name: String, shape: [Int], values: [Float]) {
      self.init(name: name, shape: shape) { try values.withUnsafeBufferPointer($0) }
    }
  }

  /// Writes a file and replaces an older one atomically: a reader sees the old or the new file,
  /// never part of one.
  ///
  /// The header lists the tensors by name and is padded with spaces to a multiple of 8 bytes.
  /// - Parameters:
  ///   - metadata: `__metadata__`; transformers refuses a file without `"format": "pt"`.
  /// - Throws: `FileError` if the file cannot be written, a name occurs twice or is
  ///   `__metadata__`, or the number of values does not match the shape.
  public static func write(
    path: String, tensors: [Tensor], metadata: [String: String] = ["format": "pt"]
  ) throws {
    let sorted = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let header = try header(of: sorted, metadata: metadata, path: path)
    try AtomicFile.write(path) { file in
      try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.append($0) }
      try file.append(header)
      for tensor in sorted {
        try tensor.withValues { values in
          let count = tensor.shape.reduce(1, *)
          guard values.count == count else {
            throw FileError(
              .invalid, file: path, tensor: tensor.name,
              problem: "\(values.count) values were given for the shape \(tensor.shape).")
          }
          try file.append(UnsafeRawBufferPointer(values))
        }
      }
    }
  }

  private static func header(
    of tensors: [Tensor], metadata: [String: String], path: String
  ) throws -> [UInt8] {
    var object = JSONObject()
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      object["__metadata__"] = .object(pairs.map { ($0.key, .string($0.value)) })
    }
    var offset = 0
    for tensor in tensors {
      guard tensor.name != "__metadata__", object[tensor.name] == nil else {
        throw FileError(
          .invalid, file: path, tensor: tensor.name,
          problem: "the name is taken; each tensor of a file needs a name of its own.")
      }
      let end = offset + 4 * tensor.shape.reduce(1, *)
      object[tensor.name] = [
        "dtype": "F32", "shape": .array(tensor.shape.map { .int($0) }),
        "data_offsets": [.int(offset), .int(end)],
      ]
      offset = end
    }
    var text = JSONWriter(layout: .minimal).bytes(JSONValue(.object(object)))
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
    return text
  }
}
