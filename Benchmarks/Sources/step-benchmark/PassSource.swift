import Foundation
import StrictJSON

/// What to time next: `COUNT` batches, starting at batch `FIRST`.
///
/// As a line of standard input this is `TURN FIRST COUNT [new]`, such as `student 4 4 new`. TURN is
/// `student` or `generator`. FIRST counts from 0 over the batches, which repeat in a cycle; -1
/// continues where the last pass ended. `new` makes the teacher forget its earlier outputs.
struct PassCommand: Sendable {
  var trainsGenerator = false
  var first = -1
  /// 0 means all batches.
  var count = 0
  var forgetsTeacher = false

  init() {}

  init(line: String) throws {
    let words = line.split(separator: " ")
    guard words.count >= 3, ["student", "generator"].contains(words[0]),
      let first = Int(words[1]), let count = Int(words[2]), count > 0
    else { throw BenchmarkError("\(line) is not TURN FIRST COUNT [new]") }
    trainsGenerator = words[0] == "generator"
    self.first = first
    self.count = count
    forgetsTeacher = words.dropFirst(3).contains("new")
  }
}

/// The source of commands, and the destination of results.
final class PassSource {
  private var next: () throws -> PassCommand?
  private let isServed: Bool
  private var seconds: [Double] = []

  private init(isServed: Bool, next: @escaping () throws -> PassCommand?) {
    self.isServed = isServed
    self.next = next
  }

  /// This many passes over everything, of which the first is a warm-up.
  static func repeated(_ count: Int) -> PassSource {
    var left = count
    return PassSource(isServed: false) {
      left -= 1
      return left >= 0 ? PassCommand() : nil
    }
  }

  /// Commands from lines, until standard input ends.
  static func standardInput() -> PassSource {
    PassSource(isServed: true) { try readLine().map(PassCommand.init) }
  }

  /// The next command, or nil at the end.
  func command() throws -> PassCommand? { try next() }

  /// Announces that commands are accepted from now on.
  func ready(_ facts: [(String, JSONValue)]) {
    if isServed { write([("ready", .bool(true))] + facts) }
  }

  /// Reports a pass.
  ///
  /// - Parameter steps: number of batches in the pass.
  func finished(_ command: PassCommand, seconds: Double, steps: Int) {
    self.seconds.append(seconds / Double(max(1, steps)))
    guard isServed else { return }
    write([
      ("seconds", .double(seconds)), ("steps", .int(steps)),
      ("rss_mb", .int(Int(Memory.peakBytes >> 20))),
    ])
  }

  /// Prints the median of the timed passes, unless every pass was reported individually.
  func summarize(_ facts: [(String, JSONValue)]) {
    let timed = seconds.dropFirst().sorted()
    guard !isServed, let least = timed.first, let most = timed.last else { return }
    write(
      facts + [
        ("step_s", .double(timed[timed.count / 2])), ("step_min", .double(least)),
        ("step_max", .double(most)), ("n", .int(timed.count)),
        ("rss_mb", .int(Int(Memory.peakBytes >> 20))),
      ])
  }

  private func write(_ members: [(String, JSONValue)]) {
    let line = JSONWriter(layout: .line).string(.object(members))
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
  }
}

/// What /proc says about this process's memory.
enum Memory {
  /// The largest resident size so far, in bytes.
  static var peakBytes: UInt64 { field("VmHWM:") }
  /// The current resident size, in bytes.
  static var residentBytes: UInt64 { field("VmRSS:") }

  /// Makes the allocator return freed memory to the system.
  static func giveBackFreed() {
    // glibc's malloc_trim, which Swift's Glibc module does not expose.
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
  }

  private static func field(_ name: String) -> UInt64 {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
      let kilobytes = line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first
    else { return 0 }
    return (UInt64(kilobytes) ?? 0) << 10
  }
}
