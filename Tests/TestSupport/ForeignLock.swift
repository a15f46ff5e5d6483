import Files
import Foundation

/// Lock files as other processes write them.
package enum ForeignLock {
  /// The file of the lock of a folder that this process holds; there must be one.
  package static func file(in folder: String) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    let newest = names.filter(FolderLock.isLock).compactMap { Int($0.dropFirst(6)) }.max() ?? 0
    return "\(folder)/.lock-\(newest)"
  }

  /// Makes a lock that has a holder like this process but for some lines, such as `process 7`.
  package static func write(
    in folder: String, changing lines: [(old: String, new: String)] = [], secondsAgo: Double = 0
  ) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let lock = try FolderLock(folder)
    let path = try file(in: folder)
    var text = String(decoding: try TestFiles.bytes(path), as: UTF8.self)
    lock.release()
    for (old, new) in lines {
      text =
        text.split(separator: "\n").map { $0.hasPrefix(old + " ") ? "\(old) \(new)" : $0 }
        .joined(separator: "\n") + "\n"
    }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try touch(path, secondsAgo: secondsAgo)
  }

  /// Takes a folder over from this process, as one of another machine would that takes it for dead.
  package static func writeNext(after folder: String) throws {
    let path = try file(in: folder)
    let number = Int(path.split(separator: "-").last ?? "") ?? 0
    let text = "held\nhost node7\nprocess 1234\nkernel another\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/.lock-\(number + 1)"))
    try FileManager.default.removeItem(atPath: path)
  }

  /// Makes a file as old as said.
  package static func touch(_ path: String, secondsAgo: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -secondsAgo)], ofItemAtPath: path)
  }

  /// What makes the holder one of another machine.
  package static let elsewhere = [
    (old: "host", new: "node7"), (old: "kernel", new: "another"), (old: "process", new: "1234"),
  ]
}
