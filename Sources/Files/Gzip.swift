import CZlib

/// Unpacks what gzip packed (RFC 1952), piece by piece, by Debian's zlib.
///
/// Members may follow each other, as `cat a.gz b.gz` leaves them, and zeros may follow the last
/// one, as tapes leave them. Memory stays in proportion to what is really there: a file that grows
/// beyond `limit(packed:)` is refused.
package final class Gzip {
  /// The first two bytes of every such file, and of no text in UTF-8.
  package static let mark: [UInt8] = [0x1F, 0x8B]
  /// The version of zlib that is in use.
  package static var libraryVersion: String { String(cString: zlibVersion()) }
  /// How many times as long as its file a content may be, and what it may always be. Deflate packs
  /// nothing to less than a 1032nd. Texts shrink to a third, and very uniform ones to a fiftieth.
  package static let largestRatio = 100, alwaysAllowed = 64 << 20

  private let path: String
  /// zlib keeps the address of its stream.
  private let stream: UnsafeMutablePointer<z_stream>
  private let room: UnsafeMutableRawBufferPointer
  private var packed = 0
  private var isBetweenMembers = false

  /// - Parameter path: what errors call the file.
  init(path: String) throws {
    self.path = path
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    room = .allocate(byteCount: 1 << 18, alignment: 64)
    guard mate_kd_begin_gunzip(stream) == Z_OK else {
      throw FileError(.unreadable, file: path, problem: "zlib has no memory to unpack the file.")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    room.deallocate()
  }

  /// The most bytes that a file may have when it is unpacked.
  static func limit(packed: Int) -> Int { alwaysAllowed + largestRatio * packed }

  /// Unpacks the next piece of the file and appends what is in it.
  /// - Throws: `FileError`.
  func append(_ piece: UnsafeRawBufferPointer, to content: inout [UInt8]) throws {
    packed += piece.count
    var rest = piece[...]
    while !rest.isEmpty {
      if isBetweenMembers {
        rest = rest.drop { $0 == 0 }
        guard let next = rest.first else { return }
        guard next == Self.mark[0] else {
          throw fault("something that is not packed follows the packed content; pack it again")
        }
        guard inflateReset(stream) == Z_OK else { throw fault("zlib cannot go on") }
        isBetweenMembers = false
      }
      rest = rest.suffix(try inflate(UnsafeRawBufferPointer(rebasing: rest), to: &content))
    }
  }

  /// To be called at the end of the file.
  /// - Throws: `FileError` if a member is not whole.
  func finish() throws {
    guard isBetweenMembers else {
      throw fault("it ends before its content does; it was cut short, so copy it again")
    }
  }

  /// Unpacks to the end of the bytes or of the member; returns the number of bytes left over.
  private func inflate(
    _ bytes: UnsafeRawBufferPointer, to content: inout [UInt8]
  ) throws -> Int {
    guard let count = UInt32(exactly: bytes.count) else {
      preconditionFailure("pieces of files are shorter than 4 GiB")
    }
    // zlib reads what `next_in` points to and does not write there.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = count
    repeat {
      stream.pointee.next_out = room.bindMemory(to: UInt8.self).baseAddress
      stream.pointee.avail_out = UInt32(room.count)
      let status = CZlib.inflate(stream, Z_NO_FLUSH)
      content += room[..<(room.count - Int(stream.pointee.avail_out))]
      guard content.count <= Self.limit(packed: packed) else {
        throw fault(
          "its content is longer than \(Self.alwaysAllowed >> 20) MiB and \(Self.largestRatio) "
            + "times the file; unpack it with gunzip if that is meant")
      }
      switch status {
      case Z_STREAM_END:
        isBetweenMembers = true
        return Int(stream.pointee.avail_in)
      case Z_OK, Z_BUF_ERROR: continue  // the latter where there was nothing left to do
      case Z_MEM_ERROR: throw fault("there is no memory to unpack it")
      default:
        let why = stream.pointee.msg.map { String(cString: $0) } ?? "it needs a dictionary"
        throw fault("it is damaged (\(why)); copy it again")
      }
    } while stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
    return 0
  }

  private func fault(_ problem: String) -> FileError {
    FileError(file: path, problem: "the file is packed by gzip, but \(problem).")
  }
}
