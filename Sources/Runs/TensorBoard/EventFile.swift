import Files
import Foundation
import Glibc

/// A file of events that TensorBoard reads: TFRecord records, each with a protocol buffer message
/// `Event`.
///
/// The numbers of fields are those of TensorFlow's `event.proto` and `summary.proto`.
package struct EventFile: Sendable {
  /// What the name of every file of mate-kd ends with, so that no other file is taken for one.
  static let suffix = ".mate-kd"
  private static let prefix = "events.out.tfevents."

  /// Whether there was no older file of a run in the folder.
  let isFirst: Bool
  private let path: String

  /// Begins a new file beside older ones in a folder. TensorBoard reads them in the order of their
  /// names.
  ///
  /// - Parameter purgedFrom: events of older files at this step and after it no longer count; nil
  ///   if all do.
  /// - Throws: `FileError` of kind `unwritable`.
  init(folder: String, purgedFrom: Int?) throws {
    try ByteFile.makeFolder(folder)
    let seconds = Int(Date().timeIntervalSince1970)
    let older = Self.names(in: folder)
    isFirst = older.isEmpty
    let newest = older.compactMap(Self.seconds).max() ?? 0
    path =
      "\(folder)/\(Self.prefix)\(max(seconds, newest + 1)).\(Self.host).\(getpid()).0\(Self.suffix)"
    try append(step: 0) { $0.add(3, "brain.Event:2") }
    guard let purgedFrom else { return }
    try append(step: purgedFrom) { event in
      // SessionLog with the status START, from which TensorBoard takes the step.
      event.add(7, ProtobufMessage { $0.add(1, 1) })
    }
  }

  /// Removes the files that mate-kd has written into a folder, and the folder if it is then empty.
  package static func removeAll(in folder: String) {
    let own = names(in: folder)
    if own.isEmpty { return }
    for name in own { ByteFile.remove("\(folder)/\(name)") }
    rmdir(folder)
  }

  /// Adds an event.
  ///
  /// - Parameter content: adds the one field that tells what has happened.
  /// - Throws: `FileError` of kind `unwritable`.
  func append(step: Int, _ content: (inout ProtobufMessage) -> Void) throws {
    let event = ProtobufMessage { event in
      event.add(1, Date().timeIntervalSince1970)
      event.add(2, step)
      content(&event)
    }
    try ByteFile.append(Self.record(event.bytes), to: path)
  }

  /// Adds an event with summary values.
  ///
  /// - Parameter values: messages `Summary.Value`.
  /// - Throws: `FileError` of kind `unwritable`.
  func append(step: Int, values: [ProtobufMessage]) throws {
    try append(step: step) { event in
      event.add(5, ProtobufMessage { summary in values.forEach { summary.add(1, $0) } })
    }
  }

  /// A TFRecord record: length and content, each followed by its check value.
  static func record(_ content: [UInt8]) -> [UInt8] {
    let length = UInt64(content.count).littleEndianBytes
    return length + CRC32C.masked(length).littleEndianBytes + content
      + CRC32C.masked(content).littleEndianBytes
  }

  private static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }
  }

  /// The time in a file's name.
  private static func seconds(_ name: String) -> Int? {
    Int(name.dropFirst(prefix.count).prefix { $0.isNumber })
  }

  /// The machine's name as far as it can be part of a file's name.
  private static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let text = String(decoding: bytes, as: UTF8.self)
      .filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
    return text.isEmpty ? "localhost" : text
  }
}
