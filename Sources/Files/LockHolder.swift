import Foundation
import Glibc

/// A process that holds a lock, as it describes itself in the lock's file: precisely enough for
/// others to tell whether it still lives, where that can be told at all.
package struct LockHolder: Sendable, Equatable, CustomStringConvertible {
  /// The name of its machine, for people.
  package let host: String
  /// Its number.
  package let process: pid_t
  /// When it took the lock, in seconds since 1970 by its own clock.
  package let since: Int
  /// When it started, in ticks since its kernel did: numbers of processes are given out again.
  private let started: String
  /// Names the kernel from its start to its end.
  private let kernel: String
  /// Names the processes among which its number is unique; containers have their own.
  private let processes: String

  /// This process, which takes a lock now.
  package static var current: LockHolder {
    var name = [CChar](repeating: 0, count: 256)
    _ = gethostname(&name, name.count - 1)
    return LockHolder(
      host: String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self),
      process: getpid(), since: Int(Date().timeIntervalSince1970),
      started: life(of: getpid())?.started ?? "", kernel: thisKernel, processes: theseProcesses)
  }

  /// The lines of a lock's file after the first, which says whether the lock is held.
  var lines: [String] {
    [
      "host \(host)", "process \(process)", "since \(since)", "started \(started)",
      "kernel \(kernel)", "processes \(processes)",
    ]
  }

  private init(
    host: String, process: pid_t, since: Int, started: String, kernel: String, processes: String
  ) {
    (self.host, self.process, self.since) = (host, process, since)
    (self.started, self.kernel, self.processes) = (started, kernel, processes)
  }

  /// Reads what `lines` wrote; nil if it is anything else.
  init?(_ text: String) {
    var found: [Substring: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts.count == 2 { found[parts[0]] = String(parts[1]) }
    }
    guard let host = found["host"], let process = found["process"].flatMap({ pid_t($0) }),
      process > 0
    else { return nil }
    self.init(
      host: host.filter { !$0.isNewline && $0.isASCII }, process: process,
      since: found["since"].flatMap { Int($0) } ?? 0, started: found["started"] ?? "",
      kernel: found["kernel"] ?? "", processes: found["processes"] ?? "")
  }

  /// Whether the process lives; nil if that cannot be told from here, because it is one of another
  /// machine or container.
  var isAlive: Bool? {
    guard !kernel.isEmpty, !processes.isEmpty, !started.isEmpty, kernel == Self.thisKernel,
      processes == Self.theseProcesses
    else { return nil }
    guard let life = Self.life(of: process) else { return false }
    // A zombie has ended; only its parent does not know yet.
    return life.started == started && !["Z", "X"].contains(life.state)
  }

  /// `process 123 on NAME`.
  package var description: String { "process \(process) on \(host)" }

  private static let thisKernel = line(of: "/proc/sys/kernel/random/boot_id")

  private static let theseProcesses =
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""

  /// The state and the start of a process; nil if there is none of that number.
  private static func life(of process: pid_t) -> (state: String, started: String)? {
    // The name, in parentheses, may contain anything.
    let text = line(of: "/proc/\(process)/stat")
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    // The fields 3 and 22 of proc(5).
    guard fields.count > 19 else { return nil }
    return (String(fields[0]), String(fields[19]))
  }

  private static func line(of path: String) -> String {
    let bytes = (try? ByteFile.read(path, atMost: 1 << 16)) ?? []
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}
