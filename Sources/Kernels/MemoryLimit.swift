import CBLAS
import Glibc

/// Something that bounds the memory of this process, and how much of it is left.
package struct MemoryLimit: Sendable, Equatable {
  /// What sets the limit.
  package enum Kind: Sendable {
    /// The memory of the machine that no other process uses, with its swap space.
    case machine
    /// A control group, as containers, Slurm and systemd make them.
    case controlGroup
    /// RLIMIT_AS, `ulimit -v`: everything that is mapped counts, used or not.
    case addressSpace
    /// RLIMIT_DATA, `ulimit -d`: all memory of the process's own that is mapped counts.
    case data
  }

  /// What sets it.
  package let kind: Kind
  /// The limit in bytes.
  package let total: Int
  /// How many more bytes the process may have.
  package let left: Int

  /// A limit.
  package init(_ kind: Kind, total: Int, left: Int) {
    self.kind = kind
    self.total = total
    self.left = max(0, left)
  }

  /// Whether memory counts as soon as it is mapped, rather than when it is first used.
  package var countsWhatIsMapped: Bool { kind == .addressSpace || kind == .data }

  /// How much is left of what, to go on a sentence with.
  package var description: String {
    let (left, total) = (Self.text(Double(left)), Self.text(Double(total)))
    return switch kind {
    case .machine: "the machine has \(left) of its \(total) to give"
    case .controlGroup: "its control group's limit of \(total) leaves \(left)"
    case .addressSpace: "the limit of \(total) on its address space (ulimit -v) leaves \(left)"
    case .data: "the limit of \(total) on its data (ulimit -d) leaves \(left)"
    }
  }

  /// A number of bytes for people.
  package static func text(_ bytes: Double) -> String {
    let gigabytes = bytes >= 999.5e6
    let value = gigabytes ? bytes / 1e7 : bytes / 1e6
    guard value < 1e15 else { return "more than any machine has" }
    let whole = Int(value.rounded())
    let rest = whole % 100 < 10 ? "0\(whole % 100)" : "\(whole % 100)"
    return gigabytes ? "\(whole / 100).\(rest) GB" : "\(whole) MB"
  }
}

extension MemoryLimit {
  /// The resource limits of a process in bytes; nil for none.
  package struct ResourceLimits: Sendable {
    package var addressSpace, data: Int?

    package init(addressSpace: Int? = nil, data: Int? = nil) {
      self.addressSpace = addressSpace
      self.data = data
    }

    /// Those of this process.
    package static var current: ResourceLimits {
      func known(_ limit: Int) -> Int? { limit < 0 ? nil : limit }
      return ResourceLimits(
        addressSpace: known(mate_kd_address_space_limit()), data: known(mate_kd_data_limit()))
    }
  }

  /// All limits of this process as they are now.
  ///
  /// - Parameter root: what all paths begin with; tests give a folder of theirs.
  package static func all(
    root: String = "", resources: ResourceLimits = .current
  ) -> [MemoryLimit] {
    var limits = [machine(SystemFile.text("\(root)/proc/meminfo"))].compactMap { $0 }
    limits += ControlGroup.all(for: "memory", root: root).compactMap(\.memoryLimit)
    // Pages: all that is mapped, resident, shared, text, 0, data and stack.
    let pages = SystemFile.text("\(root)/proc/self/statm").split(whereSeparator: \.isWhitespace)
      .map { Int($0) ?? 0 }
    guard pages.count > 5 else { return limits }
    let page = Int(getpagesize())
    if let total = resources.addressSpace {
      limits.append(MemoryLimit(.addressSpace, total: total, left: total - pages[0] * page))
    }
    if let total = resources.data {
      limits.append(MemoryLimit(.data, total: total, left: total - pages[5] * page))
    }
    return limits
  }

  /// Bytes of memory that this process has in use now.
  package static var resident: Int {
    let pages = SystemFile.text("/proc/self/statm").split(whereSeparator: \.isWhitespace)
    return pages.count > 1 ? (Int(pages[1]) ?? 0) * Int(getpagesize()) : 0
  }

  private static func machine(_ text: String) -> MemoryLimit? {
    var found: [Substring: Int] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count > 1, let kilobytes = Int(words[1]) { found[words[0]] = kilobytes << 10 }
    }
    guard let total = found["MemTotal:"], let available = found["MemAvailable:"] else {
      return nil
    }
    let swap = (found["SwapTotal:"] ?? 0, found["SwapFree:"] ?? 0)
    return MemoryLimit(.machine, total: total + swap.0, left: available + swap.1)
  }
}

extension ControlGroup {
  /// What is left for the processes of this group; nil if it has no limit. The cache of files
  /// counts as left, because the kernel gives it up before it ends a process.
  fileprivate var memoryLimit: MemoryLimit? {
    let (limit, usage, prefix) =
      switch version {
      case .two: ("memory.max", "memory.current", "")
      case .one: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
      }
    // Version 1 writes the largest number of pages where there is no limit.
    guard let total = number(limit), total < 1 << 60, let used = number(usage) else { return nil }
    let cache = ["active_file", "inactive_file"].reduce(0) {
      $0 + (number(prefix + $1, in: "memory.stat") ?? 0)
    }
    return MemoryLimit(.controlGroup, total: total, left: total - max(0, used - cache))
  }
}
