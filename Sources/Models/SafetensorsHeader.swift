import Files
import StrictJSON

/// The element types of the safetensors format.
public enum SafetensorsType: String, Sendable, CaseIterable {
  /// The types, spelt as in the files.
  case BOOL, U8, I8, I16, U16, I32, U32, I64, U64, F16, BF16, F32, F64, C64
  /// Floats of eight, six and four bits.
  case F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ, F6_E2M3, F6_E3M2, F4

  /// Size of one element in bits.
  public var bits: Int {
    switch self {
    case .F4: 4
    case .F6_E2M3, .F6_E3M2: 6
    case .BOOL, .U8, .I8, .F8_E5M2, .F8_E4M3, .F8_E8M0, .F8_E4M3FNUZ, .F8_E5M2FNUZ: 8
    case .I16, .U16, .F16, .BF16: 16
    case .I32, .U32, .F32: 32
    case .I64, .U64, .F64, .C64: 64
    }
  }
}

/// One tensor of a safetensors file.
public struct SafetensorsEntry: Sendable, Equatable {
  /// Its name.
  public let name: String
  /// Its element type.
  public let type: SafetensorsType
  /// Its dimensions, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The number of elements.
  public let count: Int
  /// The range of its bytes, counted from the beginning of the file's data.
  public let bytes: Range<Int>
}

/// The JSON header of a safetensors file. It is checked as strictly as the reference reader does,
/// and more so: every duplicate key is an error, since two readers may disagree about which one
/// counts.
///
/// The rules follow the specification of the format and safetensors 0.8.0. Each entry has a type, a
/// shape and two offsets. The tensors start at 0, are contiguous, and end with the file. The size
/// of each equals its shape times the size of its type, computed with overflow checks.
struct SafetensorsHeader {
  /// The longest header that the reference reader accepts, in bytes.
  static let maximumLength: UInt64 = 100_000_000

  /// The tensors in the order of their data.
  let entries: [SafetensorsEntry]
  /// The member `__metadata__`.
  let metadata: [String: String]

  /// - Parameters:
  ///   - text: the bytes of the header.
  ///   - dataLength: the number of bytes that follow it.
  init(_ text: UnsafeRawBufferPointer, dataLength: Int, file: String) throws {
    func invalid(_ problem: String, tensor: String? = nil) -> FileError {
      FileError(.invalid, file: file, tensor: tensor, problem: problem)
    }
    let value: JSONValue
    do {
      value = try StrictJSON.parse(text, file: file)
    } catch let error as JSONError {
      throw invalid(
        "the header is not valid JSON (line \(error.line), column \(error.column) of it): "
          + "\(error.message); the file is damaged or not a safetensors file.")
    }
    guard let object = value.object else {
      throw invalid("the header is \(value.kindName) instead of an object.")
    }
    var entries: [SafetensorsEntry] = []
    entries.reserveCapacity(object.count)
    var metadata: [String: String] = [:]
    for member in object.members {
      if member.key == "__metadata__" {
        metadata = try Self.metadata(member.value, invalid: { invalid($0) })
      } else {
        entries.append(
          try Self.entry(member, invalid: { invalid($0, tensor: member.key) }))
      }
    }
    entries.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
    }
    var end = 0
    for entry in entries {
      guard entry.bytes.lowerBound == end else {
        let relation = entry.bytes.lowerBound < end ? "overlaps" : "leaves a hole after"
        throw invalid(
          "its data starts at byte \(entry.bytes.lowerBound) and \(relation) the data that ends "
            + "at byte \(end); the file is damaged.", tensor: entry.name)
      }
      end = entry.bytes.upperBound
    }
    guard end == dataLength else {
      throw invalid(
        "the header describes \(end) bytes of data, the file has \(dataLength); it is truncated "
          + "or damaged, so download or copy it again.")
    }
    self.entries = entries
    self.metadata = metadata
  }

  private static func metadata(
    _ value: JSONValue, invalid: (String) -> FileError
  ) throws -> [String: String] {
    if value.isNull { return [:] }
    guard let object = value.object else {
      throw invalid("__metadata__ is \(value.kindName) instead of an object.")
    }
    var metadata: [String: String] = [:]
    for member in object.members {
      guard let text = member.value.string else {
        throw invalid(
          "\"\(member.key)\" in __metadata__ is \(member.value.kindName) instead of a string.")
      }
      metadata[member.key] = text
    }
    return metadata
  }

  private static func entry(
    _ member: JSONObject.Member, invalid: (String) -> FileError
  ) throws -> SafetensorsEntry {
    guard let object = member.value.object else {
      throw invalid("its entry is \(member.value.kindName) instead of an object.")
    }
    guard let typeName = object["dtype"]?.string else {
      throw invalid("\"dtype\" is missing or not a string.")
    }
    guard let type = SafetensorsType(rawValue: typeName) else {
      throw invalid("the format has no dtype \"\(typeName)\".")
    }
    guard let shape = naturals(object["shape"]) else {
      throw invalid("\"shape\" is not an array of whole numbers of at least 0.")
    }
    guard shape.count <= 64 else {
      throw invalid("\"shape\" has \(shape.count) dimensions; no tensor has more than 64.")
    }
    guard let offsets = naturals(object["data_offsets"]), offsets.count == 2,
      offsets[0] <= offsets[1]
    else {
      throw invalid("\"data_offsets\" is not an array of two rising whole numbers.")
    }
    var count = 1
    var overflow = false
    for dimension in shape {
      let (product, tooLarge) = count.multipliedReportingOverflow(by: dimension)
      count = product
      overflow = overflow || tooLarge
    }
    let (bits, tooLarge) = count.multipliedReportingOverflow(by: type.bits)
    guard !overflow, !tooLarge else { throw invalid("the shape \(shape) overflows.") }
    guard bits % 8 == 0, bits / 8 == offsets[1] - offsets[0] else {
      throw invalid(
        "\(type.rawValue) \(shape) does not take the \(offsets[1] - offsets[0]) bytes that its "
          + "offsets give it.")
    }
    return SafetensorsEntry(
      name: member.key, type: type, shape: shape, count: count, bytes: offsets[0]..<offsets[1])
  }

  /// Whole numbers of at least 0 (excluding `-0`, as in the reference), or nil.
  private static func naturals(_ value: JSONValue?) -> [Int]? {
    guard let elements = value?.array else { return nil }
    var numbers: [Int] = []
    for element in elements {
      guard let number = element.int, element.numberText?.utf8.first != UInt8(ascii: "-") else {
        return nil
      }
      numbers.append(number)
    }
    return numbers
  }
}
