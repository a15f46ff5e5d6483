import Glibc

/// A Linux control group that this process belongs to, or a group above it. What a group limits, it
/// limits for all groups below.
package struct ControlGroup: Sendable, Equatable {
  /// Which of the kernel's two interfaces its files have.
  package enum Version: Sendable { case one, two }

  /// The interface.
  package let version: Version
  /// Where its files are.
  package let folder: String

  /// The groups that may limit something, such as `memory` or `cpu`: the process's own group first,
  /// then those above. A machine may have both versions at once.
  ///
  /// - Parameter root: what all paths begin with; tests give a folder of theirs.
  package static func all(for controller: String, root: String = "") -> [ControlGroup] {
    let mounts = SystemFile.text("\(root)/proc/self/mountinfo").split(separator: "\n")
      .compactMap(Mount.init)
    return SystemFile.text("\(root)/proc/self/cgroup").split(separator: "\n").flatMap {
      line -> [ControlGroup] in
      // 4:memory:/a/b in version 1, 0::/a/b in version 2.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      let version = parts[0] == "0" && parts[1].isEmpty ? Version.two : .one
      guard version == .two || parts[1].split(separator: ",").contains(controller[...]) else {
        return []
      }
      let mount = mounts.first {
        version == .two
          ? $0.type == "cgroup2" : $0.type == "cgroup" && $0.options.contains(controller)
      }
      guard let mount else { return [] }
      return folders(of: String(parts[2]), under: mount).map {
        ControlGroup(version: version, folder: root + $0)
      }
    }
  }

  /// The folders of a group and of those above it, up to where they are mounted.
  private static func folders(of path: String, under mount: Mount) -> [String] {
    var names = path.split(separator: "/").map(String.init)
    let above = mount.root.split(separator: "/").map(String.init)
    // A container sees its own group as the top, though the path may be that of the host.
    if names.starts(with: above) { names.removeFirst(above.count) }
    if names.contains("..") { names = [] }
    return (0...names.count).reversed().map {
      ([mount.point] + names[..<$0]).joined(separator: "/")
    }
  }

  /// The text of one of its files; empty if there is none.
  package func text(_ file: String) -> String { SystemFile.text("\(folder)/\(file)") }

  /// The number in one of its files; nil if there is none, as where the file says `max`.
  package func number(_ file: String) -> Int? {
    Int(text(file).prefix { !$0.isWhitespace })
  }

  /// The number behind a name in a file with a name and a number on each line; nil if it is not
  /// there.
  package func number(_ name: String, in file: String) -> Int? {
    for line in text(file).split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == name { return Int(words[1]) }
    }
    return nil
  }

  /// A line of mountinfo for control groups.
  private struct Mount {
    let root, point, type: String
    let options: [String]

    init?(_ line: Substring) {
      // 35 31 0:32 /root /point rw,relatime shared:1 - cgroup cgroup rw,memory
      let words = line.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), dash >= 5, words.count >= dash + 4,
        words[dash + 1].hasPrefix("cgroup")
      else { return nil }
      root = String(words[3])
      point = words[4] == "/" ? "" : String(words[4])
      type = String(words[dash + 1])
      options = words[dash + 3].split(separator: ",").map(String.init)
    }
  }
}

extension ControlGroup {
  /// The processors' worth of time that the control groups grant to this process; nil for no limit.
  ///
  /// - Parameter root: what all paths begin with; tests give a folder of theirs.
  package static func processorQuota(root: String = "") -> Double? {
    all(for: "cpu", root: root).compactMap(\.processors).min()
  }

  /// What this group grants.
  private var processors: Double? {
    let quota: Double?
    let period: Double?
    switch version {
    case .two:  // `max 100000` or `150000 100000`
      let words = text("cpu.max").split(whereSeparator: \.isWhitespace)
      quota = words.first.flatMap { Double($0) }
      period = words.count > 1 ? Double(words[1]) : nil
    case .one:  // -1 for no limit
      quota = number("cpu.cfs_quota_us").map(Double.init)
      period = number("cpu.cfs_period_us").map(Double.init)
    }
    guard let quota, let period, quota > 0, period > 0 else { return nil }
    return quota / period
  }
}
