import Files

/// The directory of a zip archive whose members are stored as they are, as `torch.save` writes it.
///
/// Source: PKWARE's APPNOTE 6.3, sections 4.3.7 to 4.3.16; large archives have the fields of zip64.
struct StoredZip {
  /// Where the bytes of each member lie in the file.
  let members: [String: Range<Int>]

  /// Reads the directory at the end of the file.
  /// - Throws: `FileError` if it is damaged, if a member is compressed or encrypted, or if two have
  ///   the same name.
  init(_ file: RandomAccessFile) throws {
    let damaged = FileError(
      file: file.path,
      problem: "its directory of members is damaged or cut short; download or copy it again.")
    func bytes(_ start: Int, _ count: Int) throws -> Fields {
      guard start >= 0, count >= 0, start <= file.count, count <= file.count - start else {
        throw damaged
      }
      var bytes = [UInt8](repeating: 0, count: count)
      try bytes.withUnsafeMutableBytes { try file.read(into: $0, from: start) }
      return Fields(bytes: bytes)
    }
    // The end record is 22 bytes long, and a comment of up to 65,535 bytes may follow.
    let tailStart = max(0, file.count - 22 - 65_535)
    let tail = try bytes(tailStart, file.count - tailStart)
    let last = tail.bytes.count - 22
    guard last >= 0,
      let end = stride(from: last, through: 0, by: -1).first(where: {
        tail.number($0, 4) == 0x0605_4b50 && $0 + 22 + tail.number($0 + 20, 2) == tail.bytes.count
      })
    else { throw damaged }
    var count = tail.number(end + 10, 2)
    var size = tail.number(end + 12, 4)
    var start = tail.number(end + 16, 4)
    if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
      let locator = try bytes(tailStart + end - 20, 20)
      guard locator.number(0, 4) == 0x0706_4b50 else { throw damaged }
      let record = try bytes(locator.number(8, 8), 56)
      guard record.number(0, 4) == 0x0606_4b50 else { throw damaged }
      count = record.number(32, 8)
      size = record.number(40, 8)
      start = record.number(48, 8)
    }
    guard size <= Self.longestDirectory, count >= 0, count <= size / 46 else { throw damaged }
    let directory = try bytes(start, size)
    var members: [String: Range<Int>] = [:]
    var place = 0
    for _ in 0..<count {
      guard place + 46 <= size, directory.number(place, 4) == 0x0201_4b50 else { throw damaged }
      let nameLength = directory.number(place + 28, 2)
      let extraLength = directory.number(place + 30, 2)
      let next = place + 46 + nameLength + extraLength + directory.number(place + 32, 2)
      guard next <= size,
        let name = String(
          validating: directory.bytes[place + 46..<place + 46 + nameLength], as: UTF8.self)
      else { throw damaged }
      guard directory.number(place + 8, 2) & 1 == 0, directory.number(place + 10, 2) == 0 else {
        throw FileError(
          file: file.path,
          problem: "its member \(name) is compressed or encrypted, which torch.save never does.")
      }
      var wide = [
        directory.number(place + 24, 4), directory.number(place + 20, 4),
        directory.number(place + 42, 4),
      ]
      let extra = place + 46 + nameLength
      guard directory.widen(&wide, extra: extra..<extra + extraLength), wide[0] == wide[1] else {
        throw damaged
      }
      let header = try bytes(wide[2], 30)
      guard header.number(0, 4) == 0x0403_4b50 else { throw damaged }
      // What `bytes` accepted is inside the file, so these sums cannot overflow.
      let data = wide[2] + 30 + header.number(26, 2) + header.number(28, 2)
      guard data <= file.count, wide[0] >= 0, wide[0] <= file.count - data,
        members.updateValue(data..<data + wide[0], forKey: name) == nil
      else { throw damaged }
      place = next
    }
    self.members = members
  }

  /// More members than any model has tensors.
  private static let longestDirectory = 16 << 20

  /// Bytes that hold little-endian numbers.
  private struct Fields {
    let bytes: [UInt8]

    /// The number of `count` bytes at `start`; negative if it is beyond `Int`.
    func number(_ start: Int, _ count: Int) -> Int {
      var number: UInt64 = 0
      for place in (0..<count).reversed() { number = number << 8 | UInt64(bytes[start + place]) }
      return Int(truncatingIfNeeded: number)
    }

    /// Takes the numbers that did not fit into 32 bits from the zip64 field, which has those alone
    /// and in this order.
    func widen(_ numbers: inout [Int], extra: Range<Int>) -> Bool {
      var place = extra.lowerBound
      var field: Range<Int>?
      while place + 4 <= extra.upperBound {
        let end = place + 4 + number(place + 2, 2)
        guard end <= extra.upperBound else { return false }
        if number(place, 2) == 1 { field = place + 4..<end }
        place = end
      }
      var next = field?.lowerBound ?? 0
      for index in numbers.indices where numbers[index] == 0xFFFF_FFFF {
        guard let field, next + 8 <= field.upperBound else { return false }
        numbers[index] = number(next, 8)
        next += 8
      }
      return true
    }
  }
}
