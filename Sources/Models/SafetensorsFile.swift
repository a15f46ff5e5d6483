import Files
import Glibc

/// A safetensors file, memory-mapped and read-only. Opening it reads only the header; the bytes of
/// a tensor are read from disk when they are copied.
public final class SafetensorsFile: Sendable {
  /// The path as the caller gave it.
  public let path: String
  /// The tensors in the order of their data.
  public let entries: [SafetensorsEntry]
  /// The strings of `__metadata__`.
  public let metadata: [String: String]

  private let places: [String: Int]
  private let mapping: MappedFile
  private let dataStart: Int

  /// Opens a file and checks its whole header.
  /// - Throws: `FileError` if the file is missing, unreadable, or breaks the format.
  public init(path: String) throws {
    let mapping = try MappedFile(path: path)
    func invalid(_ problem: String) -> FileError {
      FileError(.invalid, file: path, problem: problem)
    }
    guard mapping.count >= 8 else {
      throw invalid(
        mapping.count == 0
          ? "the file is empty; a safetensors file is expected."
          : "\(mapping.count) bytes are too few for a safetensors file.")
    }
    let length = UInt64(littleEndian: mapping.bytes.loadUnaligned(as: UInt64.self))
    guard length <= SafetensorsHeader.maximumLength else {
      throw invalid(
        "the header would be \(length) bytes long, more than "
          + "\(SafetensorsHeader.maximumLength); this is no safetensors file.")
    }
    let start = 8 + Int(length)
    guard start <= mapping.count else {
      throw invalid(
        "the header is \(length) bytes long and the file has \(mapping.count); it is truncated, so "
          + "download or copy it again.")
    }
    let header = try SafetensorsHeader(
      UnsafeRawBufferPointer(rebasing: mapping.bytes[8..<start]),
      dataLength: mapping.count - start, file: path)
    self.path = path
    self.mapping = mapping
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
    let source = data(of: entry)
    switch entry.type {
    case .F32: UnsafeMutableRawBufferPointer(destination).copyMemory(from: source)
    case .F16: FloatConversion.float16(source, into: destination)
    case .BF16: FloatConversion.bfloat16(source, into: destination)
    case .F64: FloatConversion.float64(source, into: destination)
    default:
      throw FileError(
        .invalid, file: path, tensor: name,
        problem: "its type \(entry.type.rawValue) is not supported; F32, F16, BF16 or F64 is "
          + "expected.")
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
    let source = data(of: entry)
    return (0..<entry.count).map {
      Int64(littleEndian: source.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))
    }
  }

  private func required(_ name: String) throws -> SafetensorsEntry {
    guard let entry = entry(named: name) else {
      throw FileError(
        .invalid, file: path, tensor: name, problem: "the file has no such tensor.")
    }
    return entry
  }

  private func data(of entry: SafetensorsEntry) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      rebasing: mapping.bytes[
        (dataStart + entry.bytes.lowerBound)..<(dataStart + entry.bytes.upperBound)])
  }
}

/// The content of a regular file, mapped into the address space.
final class MappedFile: Sendable {
  /// The content; valid as long as this object exists.
  nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

  var count: Int { bytes.count }

  init(path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let missing = errno == ENOENT || errno == ENOTDIR
      throw FileError(
        missing ? .missing : .unreadable, file: path,
        problem: missing
          ? "there is no such file."
          : "the file cannot be opened: \(String(cString: strerror(errno))).")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(.unreadable, file: path, problem: "this is not a regular file.")
    }
    let size = Int(status.st_size)
    if size == 0 {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
    else {
      throw FileError(
        .unreadable, file: path,
        problem: "the file cannot be mapped: \(String(cString: strerror(errno))).")
    }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
  }

  deinit {
    if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }
}
