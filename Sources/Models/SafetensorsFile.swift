import Files

/// A safetensors file. Opening it reads only the header; the bytes of a tensor are read from disk
/// when they are copied.
public final class SafetensorsFile: Sendable {
  /// The path as the caller gave it.
  public let path: String
  /// The tensors in the order of their data.
  public let entries: [SafetensorsEntry]
  /// The strings of `__metadata__`.
  public let metadata: [String: String]

  private let places: [String: Int]
  private let content: RandomAccessFile
  private let dataStart: Int

  /// Opens a file and checks its whole header.
  /// - Throws: `FileError` if the file is missing, unreadable, or breaks the format.
  public init(path: String) throws {
    let content = try RandomAccessFile(path)
    func invalid(_ problem: String) -> FileError {
      FileError(.invalid, file: path, problem: problem)
    }
    guard content.count >= 8 else {
      throw invalid(
        content.count == 0
          ? "the file is empty; a safetensors file is expected."
          : "\(content.count) bytes are too few for a safetensors file.")
    }
    var littleEndian: UInt64 = 0
    try withUnsafeMutableBytes(of: &littleEndian) { try content.read(into: $0, from: 0) }
    let length = UInt64(littleEndian: littleEndian)
    guard length <= SafetensorsHeader.maximumLength else {
      throw invalid(
        "the header would be \(length) bytes long, more than "
          + "\(SafetensorsHeader.maximumLength); this is no safetensors file.")
    }
    let start = 8 + Int(length)
    guard start <= content.count else {
      throw invalid(
        "the header is \(length) bytes long and the file has \(content.count); it is truncated, so "
          + "download or copy it again.")
    }
    var text = [UInt8](repeating: 0, count: Int(length))
    try text.withUnsafeMutableBytes { try content.read(into: $0, from: 8) }
    let header = try text.withUnsafeBytes {
      try SafetensorsHeader($0, dataLength: content.count - start, file: path)
    }
    self.path = path
    self.content = content
    dataStart = start
    entries = header.entries
    metadata = header.metadata
    // Swift's String treats canonically equivalent names as equal. Model files have none, but if
    // one does, it must not trap: the first one in the file is used.
    places = Dictionary(
      header.entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The names of all tensors in the order of their data.
  public var names: [String] { entries.map(\.name) }

  /// The tensor with a given name, or nil.
  public func entry(named name: String) -> SafetensorsEntry? { places[name].map { entries[$0] } }

  /// Copies a tensor of type F32, F16, BF16 or F64 to float32.
  ///
  /// The conversion of F16 and BF16 is exact; F64 is rounded to nearest.
  /// - Throws: `FileError` for an unknown name, another type, or a destination of the wrong
  ///   size.
  public func copyFloats(
    _ name: String, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    let entry = try required(name)
    guard destination.count == entry.count else {
      throw FileError(
        .invalid, file: path, tensor: name,
        problem: "it has \(entry.count) elements (shape \(entry.shape)), "
          + "\(destination.count) are expected.")
    }
    switch entry.type {
    case .F32:
      try content.read(
        into: UnsafeMutableRawBufferPointer(destination), from: dataStart + entry.bytes.lowerBound)
    case .F16: try convert(entry, into: destination, FloatConversion.float16)
    case .BF16: try convert(entry, into: destination, FloatConversion.bfloat16)
    case .F64: try convert(entry, into: destination, FloatConversion.float64)
    default:
      throw FileError(
        .invalid, file: path, tensor: name,
        problem: "its type \(entry.type.rawValue) is not supported; F32, F16, BF16 or F64 is "
          + "expected.")
    }
  }

  /// Reads a tensor piece by piece and converts each.
  private func convert(
    _ entry: SafetensorsEntry, into destination: UnsafeMutableBufferPointer<Float>,
    _ conversion: (UnsafeRawBufferPointer, UnsafeMutableBufferPointer<Float>) -> Void
  ) throws {
    let size = entry.type.bits / 8
    let step = 1 << 16
    try withUnsafeTemporaryAllocation(byteCount: step * size, alignment: 64) { room in
      for start in stride(from: 0, to: entry.count, by: step) {
        let end = min(entry.count, start + step)
        let piece = UnsafeMutableRawBufferPointer(rebasing: room[..<((end - start) * size)])
        try content.read(into: piece, from: dataStart + entry.bytes.lowerBound + start * size)
        conversion(
          UnsafeRawBufferPointer(piece),
          UnsafeMutableBufferPointer(rebasing: destination[start..<end]))
      }
    }
  }

  /// A tensor of type F32, F16, BF16 or F64 as float32; see `copyFloats(_:into:)`.
  /// - Throws: `FileError` for an unknown name or another type.
  public func floats(_ name: String) throws -> [Float] {
    let entry = try required(name)
    return try [Float](unsafeUninitializedCapacity: entry.count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      try copyFloats(name, into: UnsafeMutableBufferPointer(rebasing: buffer[..<entry.count]))
      initialized = entry.count
    }
  }

  /// A tensor of type I64, such as the `position_ids` of old checkpoints.
  /// - Throws: `FileError` for an unknown name or another type.
  public func integers(_ name: String) throws -> [Int64] {
    let entry = try required(name)
    guard entry.type == .I64 else {
      throw FileError(
        .invalid, file: path, tensor: name,
        problem: "its type is \(entry.type.rawValue); I64 is expected.")
    }
    var values = [Int64](repeating: 0, count: entry.count)
    try values.withUnsafeMutableBytes {
      try content.read(into: $0, from: dataStart + entry.bytes.lowerBound)
    }
    return values.map(Int64.init(littleEndian:))
  }

  private func required(_ name: String) throws -> SafetensorsEntry {
    guard let entry = entry(named: name) else {
      throw FileError(
        .invalid, file: path, tensor: name, problem: "the file has no such tensor.")
    }
    return entry
  }
}
