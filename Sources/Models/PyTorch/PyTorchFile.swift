import Files

/// A file that `torch.save` wrote of a dictionary of tensors, such as `pytorch_model.bin`.
///
/// Both layouts are read: the zip archive of PyTorch 1.6 and later, and the row of pickles before
/// it. Nothing in the file is run (`PickleReader`). Opening it reads the description of the
/// tensors; their elements are read when they are copied.
public final class PyTorchFile: TensorFile {
  /// The path as the caller gave it.
  public let path: String
  /// The tensors in the order of the dictionary.
  public let entries: [SafetensorsEntry]

  private struct Place {
    var entry: SafetensorsEntry
    var strides: [Int]
    /// Where the first element lies in the file.
    var start: Int
    /// The number of elements from the first to the last one, both included.
    var span: Int

    /// True if the elements follow each other as the shape says.
    var isContiguous: Bool {
      var expected = 1
      for (length, stride) in zip(entry.shape, strides).reversed() {
        guard length == 1 || stride == expected else { return false }
        expected *= max(1, length)
      }
      return true
    }
  }
  private let content: RandomAccessFile
  private let places: [String: Place]

  /// A pickle of more bytes describes no model. One byte of it can take a hundred of memory.
  private static let longestPickle = 4 << 20
  /// How the older layout begins: a pickle of 0x1950a86a20f9469cfc6c.
  private static let oldBeginning: [UInt8] = [
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
  ]

  /// Opens a file and checks the description of every tensor.
  /// - Throws: `FileError` if the file is missing or unreadable, has another layout, or has
  ///   anything but tensors.
  public init(path: String) throws {
    let content = try RandomAccessFile(path)
    var beginning = [UInt8](repeating: 0, count: min(content.count, 64))
    try beginning.withUnsafeMutableBytes { try content.read(into: $0, from: 0) }
    var pickles = PickleReader(file: path)
    let value: PickleValue
    let blocks: [String: Range<Int>]
    if beginning.starts(with: [0x50, 0x4b, 3, 4]) {
      (value, blocks) = try Self.archive(content, &pickles)
    } else if beginning.starts(with: Self.oldBeginning) {
      (value, blocks) = try Self.pickles(content, &pickles)
    } else {
      throw FileError(
        file: path,
        problem: MisplacedContent.problem(beginning)
          ?? "it is no file of torch.save in a layout that is known here; save the model as "
          + "safetensors.")
    }
    self.path = path
    self.content = content
    let places = try Self.places(of: value, in: pickles, blocks, path)
    entries = places.map(\.entry)
    self.places = Dictionary(
      places.map { ($0.entry.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The tensor with a given name, or nil.
  public func entry(named name: String) -> SafetensorsEntry? { places[name]?.entry }

  /// Copies a tensor to float32; see `TensorFile.copyFloats(_:into:)`.
  public func copyFloats(
    _ name: String, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    guard let place = places[name] else { throw missing(name) }
    try checkCount(destination.count, of: place.entry)
    let floats = StoredFloats(
      file: content, tensor: name, type: place.entry.type, start: place.start, count: place.span)
    if place.isContiguous { return try floats.copy(into: destination) }
    // A view, such as a transposed matrix: its elements are picked from all that it spans.
    var span = [Float](repeating: 0, count: place.span)
    try span.withUnsafeMutableBufferPointer { try floats.copy(into: $0) }
    var index = [Int](repeating: 0, count: place.strides.count)
    var source = 0
    for target in destination.indices {
      destination[target] = span[source]
      for dimension in index.indices.reversed() {
        index[dimension] += 1
        source += place.strides[dimension]
        guard index[dimension] == place.entry.shape[dimension] else { break }
        source -= index[dimension] * place.strides[dimension]
        index[dimension] = 0
      }
    }
  }

  // MARK: Layouts

  /// `NAME/data.pkl` describes the tensors, `NAME/data/KEY` has the elements of a storage.
  private static func archive(
    _ file: RandomAccessFile, _ pickles: inout PickleReader
  ) throws -> (PickleValue, [String: Range<Int>]) {
    let zip = try StoredZip(file)
    let suffix = "/data.pkl"
    let descriptions = zip.members.filter { $0.key.hasSuffix(suffix) }
    guard descriptions.count == 1, let (name, range) = descriptions.first else {
      throw FileError(
        file: file.path,
        problem: "the archive has no data.pkl, so it is no dictionary of tensors that torch.save "
          + "wrote.")
    }
    let root = name.dropLast(suffix.count)
    if let order = zip.members["\(root)/byteorder"] {
      var stream = ByteStream(file, order)
      guard order.count <= 16, try stream.bytes(order.count) == Array("little".utf8) else {
        throw bigEndian(file.path)
      }
    }
    var stream = ByteStream(file, try checked(range, file.path))
    let value = try pickles.read(&stream)
    var blocks: [String: Range<Int>] = [:]
    for (number, storage) in pickles.storages.enumerated() {
      guard let block = zip.members["\(root)/data/\(storage.key)"],
        case let (bytes, tooLarge) = storage.count.multipliedReportingOverflow(
          by: storage.type.bits / 8), !tooLarge, bytes <= block.count
      else { throw cutShort(number, storage, file.path) }
      blocks[storage.key] = block
    }
    return (value, blocks)
  }

  /// Pickles of a magic number, the version, the machine, the dictionary, and the keys of the
  /// storages, whose elements follow, each block behind its number of elements.
  private static func pickles(
    _ file: RandomAccessFile, _ pickles: inout PickleReader
  ) throws -> (PickleValue, [String: Range<Int>]) {
    let limit = min(file.count, longestPickle)
    var stream = ByteStream(file, oldBeginning.count..<limit)
    var others = PickleReader(file: file.path)
    guard try others.read(&stream) == .integer(1001) else {
      throw FileError(
        file: file.path,
        problem: "it has a version of the older layout that is unknown; save it as safetensors.")
    }
    guard case .dictionary(let machine) = try others.read(&stream) else {
      throw bigEndian(file.path)
    }
    for (key, value) in others.dictionaries[machine]
    where key == .text("little_endian") && value != .bool(true) { throw bigEndian(file.path) }
    let value = try pickles.read(&stream)
    var types: [String: SafetensorsType] = [:]
    for storage in pickles.storages {
      guard types.updateValue(storage.type, forKey: storage.key) ?? storage.type == storage.type
      else {
        throw FileError(
          file: file.path,
          problem: "two tensors read block \(storage.key) as different types; the file is damaged.")
      }
    }
    guard case .list(let keys) = try others.read(&stream) else {
      throw FileError(
        file: file.path, problem: "the list of its blocks is missing; the file is damaged.")
    }
    var blocks: [String: Range<Int>] = [:]
    var position = stream.position
    for key in others.lists[keys] {
      var head = ByteStream(file, position..<file.count)
      let count = Int(try head.little(Int64.self))
      guard case .text(let name) = key, let type = types[name], count >= 0,
        case let (bytes, tooLarge) = count.multipliedReportingOverflow(by: type.bits / 8),
        !tooLarge, bytes <= file.count - head.position,
        blocks.updateValue(head.position..<head.position + bytes, forKey: name) == nil
      else {
        throw FileError(
          file: file.path,
          problem:
            "the block at byte \(position) does not fit its description; the file is damaged "
            + "or cut short.")
      }
      position = head.position + bytes
    }
    return (value, blocks)
  }

  // MARK: Tensors

  private static func places(
    of value: PickleValue, in pickles: PickleReader, _ blocks: [String: Range<Int>], _ path: String
  ) throws -> [Place] {
    guard case .dictionary(let number) = value else {
      throw FileError(
        file: path, problem: "it holds no dictionary of tensors; save the model's state_dict.")
    }
    return try pickles.dictionaries[number].map { key, value in
      guard case .text(let name) = key, case .tensor(let tensor) = value else {
        throw FileError(
          file: path,
          problem: "the dictionary has something else than tensors by name, as checkpoints of a "
            + "training have; save the model's state_dict alone.")
      }
      return try place(pickles.tensors[tensor], name, pickles, blocks, path)
    }
  }

  private static func place(
    _ tensor: PickleTensor, _ name: String, _ pickles: PickleReader,
    _ blocks: [String: Range<Int>], _ path: String
  ) throws -> Place {
    let storage = pickles.storages[tensor.storage]
    let size = storage.type.bits / 8
    let outside = FileError(
      file: path, tensor: name,
      problem:
        "it reaches beyond the elements that the file has for it; the file is damaged or cut "
        + "short.")
    guard let block = blocks[storage.key] else { throw outside }
    var count = 1
    var span = 1
    for (length, stride) in zip(tensor.shape, tensor.strides) {
      let (product, countTooLarge) = count.multipliedReportingOverflow(by: length)
      let (reach, reachTooLarge) = max(0, length - 1).multipliedReportingOverflow(by: stride)
      let (sum, sumTooLarge) = span.addingReportingOverflow(reach)
      guard !countTooLarge, !reachTooLarge, !sumTooLarge else { throw outside }
      count = product
      span = sum
    }
    if count == 0 { span = 0 }
    guard count <= span else {
      throw FileError(
        file: path, tensor: name,
        problem:
          "several of its elements lie in one place, as in expanded tensors; save a contiguous "
          + "copy.")
    }
    let (first, firstTooLarge) = storage.offset.addingReportingOverflow(tensor.offset)
    guard !firstTooLarge, span <= storage.count,
      tensor.offset <= storage.count - span, first <= block.count / size,
      span <= block.count / size - first
    else { throw outside }
    let start = block.lowerBound + first * size
    let entry = SafetensorsEntry(
      name: name, type: storage.type, shape: tensor.shape, count: count,
      bytes: start..<start + span * size)
    // A dimension of one element may have any stride, which is never gone.
    let strides = zip(tensor.shape, tensor.strides).map { $0 == 1 ? 0 : $1 }
    return Place(entry: entry, strides: strides, start: start, span: span)
  }

  private static func checked(_ range: Range<Int>, _ path: String) throws -> Range<Int> {
    guard range.count <= longestPickle else {
      throw FileError(
        file: path,
        problem: "the description of its tensors is \(range.count) bytes long; that is no model.")
    }
    return range
  }

  private static func cutShort(_ number: Int, _ storage: PickleStorage, _ path: String) -> FileError
  {
    FileError(
      file: path,
      problem: "block \(storage.key) should have \(storage.count) elements of type "
        + "\(storage.type.rawValue) and is missing or shorter; download or copy the file again.")
  }

  private static func bigEndian(_ path: String) -> FileError {
    FileError(
      file: path,
      problem: "it was not written on a little-endian machine; save it as safetensors there.")
  }
}
