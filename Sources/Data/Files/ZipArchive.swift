import Files

/// A zip archive of stored files, as PKWARE's APPNOTE 6.3 lays it out: each file behind a local
/// header, then the central directory. Nothing is compressed, and all files bear the oldest date
/// that the format has, so that the same content gives the same bytes.
public struct ZipArchive: Sendable {
  private var content: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  /// An archive without files.
  public init() {}

  /// Adds a file.
  ///
  /// - Parameters:
  ///   - name: its path in the archive, such as `RTE.tsv`.
  ///   - bytes: its content.
  /// - Throws: `FileError` beyond the 65,535 files and 4 GiB of the format.
  public mutating func add(_ name: String, _ bytes: [UInt8]) throws {
    let name = Array(name.utf8)
    guard count < 65_535, let length = UInt16(exactly: name.count),
      let offset = UInt32(exactly: content.count), let size = UInt32(exactly: bytes.count),
      UInt32(exactly: content.count + directory.count + bytes.count + 3 * name.count + 256) != nil
    else {
      throw FileError(
        file: String(decoding: name, as: UTF8.self),
        problem:
          "the file does not fit into the archive; a zip archive holds 65,535 files and 4 GiB."
      )
    }
    var header: [UInt8] = []
    header.append(little: UInt16(10))  // version needed: 1.0
    header.append(little: UInt16(1 << 11))  // names are UTF-8
    header.append(little: UInt16(0))  // stored
    header.append(little: UInt16(0))  // midnight
    header.append(little: UInt16(1 << 5 | 1))  // of 1 January 1980
    header.append(little: Checksum.crc32(bytes))
    header.append(little: size)  // compressed
    header.append(little: size)
    header.append(little: length)
    header.append(little: UInt16(0))  // extra field
    content.append(little: UInt32(0x0403_4b50))
    content += header + name + bytes
    directory.append(little: UInt32(0x0201_4b50))
    directory.append(little: UInt16(3 << 8 | 20))  // made on Unix, by version 2.0
    directory += header
    directory.append(little: UInt16(0))  // comment
    directory.append(little: UInt16(0))  // disk
    directory.append(little: UInt16(0))  // internal attributes
    directory.append(little: UInt32(0o100644 << 16))  // a regular file that all may read
    directory.append(little: offset)
    directory += name
    count += 1
  }

  /// The archive's bytes.
  public var bytes: [UInt8] {
    var end: [UInt8] = []
    end.append(little: UInt32(0x0605_4b50))
    end.append(little: UInt32(0))  // disks
    // `add` keeps all of these within the range of their fields.
    end.append(little: UInt16(truncatingIfNeeded: count))
    end.append(little: UInt16(truncatingIfNeeded: count))
    end.append(little: UInt32(truncatingIfNeeded: directory.count))
    end.append(little: UInt32(truncatingIfNeeded: content.count))
    end.append(little: UInt16(0))  // comment
    return content + directory + end
  }
}

/// Checksums used by file formats.
enum Checksum {
  /// The CRC-32 of zip, gzip and PNG: the reflected polynomial EDB88320.
  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
    }
  }
}

extension [UInt8] {
  /// Appends the bytes of a number, lowest first.
  fileprivate mutating func append(little number: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: 0, to: number.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
