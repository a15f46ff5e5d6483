import Files

/// A value of a pickle. Tuples, lists and dictionaries lie in the reader, and a value only says
/// which one it is: however deep a file nests them, no recursion follows.
enum PickleValue: Equatable {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case global(PickleGlobal)
  case storage(Int)
  case tensor(Int)
}

/// The Python objects that a file of tensors names. There are no others.
enum PickleGlobal: Equatable {
  case orderedDictionary
  case rebuildTensor
  case rebuildParameter
  case storage(SafetensorsType)

  /// The object of a name, or nil if it is none of them.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch", _):
      guard let type = Self.storageTypes[name] else { return nil }
      self = .storage(type)
    default: return nil
    }
  }

  private static let storageTypes: [String: SafetensorsType] = [
    "FloatStorage": .F32, "DoubleStorage": .F64, "HalfStorage": .F16, "BFloat16Storage": .BF16,
    "LongStorage": .I64, "IntStorage": .I32, "ShortStorage": .I16, "CharStorage": .I8,
    "ByteStorage": .U8, "BoolStorage": .BOOL,
  ]
}

/// A block of elements that tensors look into.
struct PickleStorage: Equatable {
  var type: SafetensorsType
  /// The name under which the elements lie in the file.
  var key: String
  /// The number of elements.
  var count: Int
  /// The first element of the block `key` that belongs to it; only the older layout has such views.
  var offset = 0
}

/// A tensor: a view of a storage.
struct PickleTensor: Equatable {
  var storage: Int
  /// The first element.
  var offset: Int
  var shape: [Int]
  /// The distance of neighbours along each dimension, in elements.
  var strides: [Int]
}

/// Reads the pickles that `torch.save` writes for a dictionary of tensors.
///
/// A pickle is a program for a stack machine that may call any Python function. This machine knows
/// only the instructions that build dictionaries, lists, numbers, texts and tensors, and the few
/// constructors of `PickleGlobal`. It calls nothing; anything else is an error. Its memory grows
/// with the bytes that it reads, and no size in the file is believed.
///
/// Sources: Python's `pickletools`, and `torch/_weights_only_unpickler.py` and
/// `torch/serialization.py` of PyTorch.
struct PickleReader {
  private(set) var tuples: [[PickleValue]] = []
  private(set) var lists: [[PickleValue]] = []
  private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  private(set) var storages: [PickleStorage] = []
  private(set) var tensors: [PickleTensor] = []

  private let file: String
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  init(file: String) { self.file = file }

  /// Runs one pickle up to its end and returns its value.
  /// - Throws: `FileError`.
  mutating func read(_ stream: inout ByteStream) throws -> PickleValue {
    stack = []
    marks = []
    memo = [:]
    while true {
      let place = stream.position
      let code = try stream.byte()
      if code == UInt8(ascii: ".") {
        guard stack.count == 1, marks.isEmpty else { throw damaged(place) }
        return stack[0]
      }
      try run(code, place, &stream)
    }
  }

  private mutating func run(_ code: UInt8, _ place: Int, _ stream: inout ByteStream) throws {
    switch code {
    case 0x80:  // PROTO
      guard (2...5).contains(try stream.byte()) else { throw damaged(place) }
    case 0x95: _ = try stream.little(UInt64.self)  // FRAME: only a hint
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "K"): stack.append(.integer(Int(try stream.byte())))
    case UInt8(ascii: "M"): stack.append(.integer(Int(try stream.little(UInt16.self))))
    case UInt8(ascii: "J"): stack.append(.integer(Int(try stream.little(Int32.self))))
    case 0x8a: stack.append(.integer(try longInteger(&stream, place)))
    case UInt8(ascii: "G"):
      let bits = UInt64(bigEndian: try stream.little(UInt64.self))
      stack.append(.number(Double(bitPattern: bits)))
    case UInt8(ascii: "X"): try text(Int(stream.little(UInt32.self)), place, &stream)
    case 0x8c: try text(Int(stream.byte()), place, &stream)
    case UInt8(ascii: "U"): try text(Int(stream.byte()), place, &stream)
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: ")"): stack.append(tuple([]))
    case UInt8(ascii: "t"): stack.append(tuple(try sinceMark(place)))
    case 0x85: stack.append(tuple(try pop(1, place)))
    case 0x86: stack.append(tuple(try pop(2, place)))
    case 0x87: stack.append(tuple(try pop(3, place)))
    case UInt8(ascii: "]"):
      lists.append([])
      stack.append(.list(lists.count - 1))
    case UInt8(ascii: "a"): try append(try pop(1, place), place)
    case UInt8(ascii: "e"): try append(try sinceMark(place), place)
    case UInt8(ascii: "}"): stack.append(dictionary())
    case UInt8(ascii: "s"): try set(try pop(2, place), place)
    case UInt8(ascii: "u"): try set(try sinceMark(place), place)
    case UInt8(ascii: "q"): memo[Int(try stream.byte())] = try top(place)
    case UInt8(ascii: "r"): memo[Int(try stream.little(UInt32.self))] = try top(place)
    case 0x94: memo[memo.count] = try top(place)
    case UInt8(ascii: "h"): try recall(Int(stream.byte()), place)
    case UInt8(ascii: "j"): try recall(Int(stream.little(UInt32.self)), place)
    case UInt8(ascii: "c"):
      let module = String(decoding: try stream.line(), as: UTF8.self)
      try push(global: module, String(decoding: try stream.line(), as: UTF8.self))
    case 0x93:  // STACK_GLOBAL
      let names = try pop(2, place)
      guard case .text(let module) = names[0], case .text(let name) = names[1] else {
        throw damaged(place)
      }
      try push(global: module, name)
    case UInt8(ascii: "Q"): try storage(try pop(1, place)[0], place)
    case UInt8(ascii: "R"):
      let call = try pop(2, place)
      stack.append(try made(by: call[0], from: call[1], place))
    case UInt8(ascii: "b"):
      // What Python would set on an object, such as the versions that a state_dict carries.
      _ = try pop(1, place)
      guard case .dictionary = try top(place) else { throw damaged(place) }
    default:
      throw FileError(
        file: file,
        problem:
          "at byte \(place) it has instruction \(code), which dictionaries of tensors do not "
          + "need; save the model's state_dict with torch.save, or as safetensors.")
    }
  }

  // MARK: Instructions

  private mutating func longInteger(_ stream: inout ByteStream, _ place: Int) throws -> Int {
    let bytes = try stream.bytes(Int(stream.byte()))
    guard bytes.count <= 8 else { throw damaged(place) }
    var value: UInt64 = bytes.last.map { $0 >= 0x80 ? .max : 0 } ?? 0
    for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
    return Int(Int64(bitPattern: value))
  }

  private mutating func text(_ count: Int, _ place: Int, _ stream: inout ByteStream) throws {
    guard let text = String(validating: try stream.bytes(count), as: UTF8.self) else {
      throw damaged(place)
    }
    stack.append(.text(text))
  }

  private mutating func push(global module: String, _ name: String) throws {
    guard let global = PickleGlobal(module: module, name: name) else {
      throw FileError(
        file: file,
        problem: "it asks for the Python object \(module).\(name), which a dictionary of tensors "
          + "does not need. Nothing of it was run. Save the model's state_dict alone, or as "
          + "safetensors.")
    }
    stack.append(.global(global))
  }

  private mutating func recall(_ number: Int, _ place: Int) throws {
    guard let value = memo[number] else { throw damaged(place) }
    stack.append(value)
  }

  private mutating func append(_ values: [PickleValue], _ place: Int) throws {
    guard case .list(let number) = try top(place) else { throw damaged(place) }
    lists[number] += values
  }

  private mutating func set(_ values: [PickleValue], _ place: Int) throws {
    guard values.count.isMultiple(of: 2), case .dictionary(let number) = try top(place) else {
      throw damaged(place)
    }
    for place in stride(from: 0, to: values.count, by: 2) {
      dictionaries[number].append((values[place], values[place + 1]))
    }
  }

  private mutating func dictionary() -> PickleValue {
    dictionaries.append([])
    return .dictionary(dictionaries.count - 1)
  }

  private mutating func tuple(_ values: [PickleValue]) -> PickleValue {
    tuples.append(values)
    return .tuple(tuples.count - 1)
  }

  /// `('storage', type, key, device, number of elements)`; the older layout adds a view, which is
  /// nothing or `(key, first element, number of elements)`.
  private mutating func storage(_ value: PickleValue, _ place: Int) throws {
    guard case .tuple(let number) = value, (5...6).contains(tuples[number].count),
      tuples[number][0] == .text("storage"),
      case .global(.storage(let type)) = tuples[number][1],
      case .text(let key) = tuples[number][2], case .integer(let count) = tuples[number][4],
      count >= 0
    else { throw damaged(place) }
    var storage = PickleStorage(type: type, key: key, count: count)
    if tuples[number].count == 6, tuples[number][5] != .none {
      guard case .tuple(let view) = tuples[number][5], tuples[view].count == 3,
        case .integer(let first) = tuples[view][1], case .integer(let size) = tuples[view][2],
        first >= 0, size >= 0
      else { throw damaged(place) }
      storage.offset = first
      storage.count = size
    }
    storages.append(storage)
    stack.append(.storage(storages.count - 1))
  }

  private mutating func made(
    by function: PickleValue, from arguments: PickleValue, _ place: Int
  ) throws -> PickleValue {
    guard case .global(let global) = function, case .tuple(let number) = arguments else {
      throw damaged(place)
    }
    let arguments = tuples[number]
    switch global {
    case .orderedDictionary:
      guard arguments.isEmpty else { throw damaged(place) }
      return dictionary()
    case .rebuildParameter:
      guard case .tensor? = arguments.first else { throw damaged(place) }
      return arguments[0]
    case .rebuildTensor:
      guard (6...7).contains(arguments.count), case .storage(let storage) = arguments[0],
        case .integer(let offset) = arguments[1], offset >= 0,
        let shape = naturals(arguments[2]), let strides = naturals(arguments[3]),
        shape.count == strides.count
      else { throw damaged(place) }
      tensors.append(
        PickleTensor(storage: storage, offset: offset, shape: shape, strides: strides))
      return .tensor(tensors.count - 1)
    case .storage: throw damaged(place)
    }
  }

  private func naturals(_ value: PickleValue) -> [Int]? {
    // PyTorch itself has no more dimensions.
    guard case .tuple(let number) = value, tuples[number].count <= 64 else { return nil }
    var numbers: [Int] = []
    for value in tuples[number] {
      guard case .integer(let number) = value, number >= 0 else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  // MARK: The stack

  /// What lies above the last mark may be taken, and no more.
  private var floor: Int { marks.last ?? 0 }

  private func top(_ place: Int) throws -> PickleValue {
    guard stack.count > floor, let value = stack.last else { throw damaged(place) }
    return value
  }

  private mutating func pop(_ count: Int, _ place: Int) throws -> [PickleValue] {
    guard stack.count - floor >= count else { throw damaged(place) }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func sinceMark(_ place: Int) throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw damaged(place) }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private func damaged(_ place: Int) -> FileError {
    FileError(
      file: file,
      problem: "the instruction at byte \(place) does not fit what comes before it; the file is "
        + "damaged, or no dictionary of tensors.")
  }
}
