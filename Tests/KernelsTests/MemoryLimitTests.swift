import Glibc
import Kernels
import Testing

@Suite struct MemoryLimitTests {
  private func limits(
    _ files: [String: String], addressSpace: Int? = nil, data: Int? = nil
  ) throws -> [MemoryLimit] {
    try FakeRoot.with(files) {
      MemoryLimit.all(root: $0, resources: .init(addressSpace: addressSpace, data: data))
    }
  }

  private static let machine = [
    "proc/meminfo":
      "MemTotal: 4000 kB\nMemFree: 10 kB\nMemAvailable: 2000 kB\n"
      + "SwapTotal: 500 kB\nSwapFree: 100 kB\n"
  ]

  private static let second = machine.merging([
    "proc/self/mountinfo":
      "31 23 0:28 / /proc rw - proc proc rw\n"
      + "38 31 0:38 / /sys/fs/cgroup rw shared:4 - cgroup2 cg rw\n",
    "proc/self/cgroup": "0::/system/job\n",
    "sys/fs/cgroup/system/job/memory.max": "max\n",
    "sys/fs/cgroup/system/job/memory.current": "400000\n",
    "sys/fs/cgroup/system/memory.max": "1000000\n",
    "sys/fs/cgroup/system/memory.current": "700000\n",
    "sys/fs/cgroup/system/memory.stat":
      "anon 300000\nactive_file 100000\ninactive_file 200000\nfile 390000\n",
  ]) { $1 }

  @Test func machineCountsWhatOthersLeaveAndSwap() throws {
    let files = Self.machine
    #expect(
      try limits(files)
        == [MemoryLimit(.machine, total: 4500 << 10, left: 2100 << 10)])
  }

  @Test func groupsAboveLimitToo() throws {
    let files = Self.second
    // The cache of files is not in the way: 700,000 less 300,000 are in use.
    #expect(
      try limits(files).last
        == MemoryLimit(.controlGroup, total: 1_000_000, left: 600_000))
  }

  @Test func versionOne() throws {
    let files = [
      "proc/self/mountinfo":
        "34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        + "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
      "proc/self/cgroup": "9:name=systemd:/\n4:memory:/a/b\n1:cpu,cpuacct:/c\n0::/\n",
      "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "5000000\n",
      "sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "4000000\n",
      // Without `total_` it is that of the group alone, without those below.
      "sys/fs/cgroup/memory/a/b/memory.stat": "inactive_file 7\ntotal_inactive_file 1000\n",
      "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "6000000\n",
    ]
    #expect(
      try limits(files)
        == [MemoryLimit(.controlGroup, total: 5_000_000, left: 1_001_000)])
  }

  @Test func moreThanTheLimitLeavesNothing() throws {
    let files = Self.second.merging([
      "sys/fs/cgroup/system/memory.current": "1700000\n"
    ]) { $1 }
    #expect(
      try limits(files).last == MemoryLimit(.controlGroup, total: 1_000_000, left: 0))
  }

  /// The path is that of the host, but only the container's own groups are mounted.
  @Test(arguments: ["/docker/1234/inner", "/../../elsewhere"]) func container(path: String) throws {
    let group = path.hasSuffix("inner") ? "sys/fs/cgroup/inner" : "sys/fs/cgroup"
    let files = [
      "proc/self/mountinfo": "38 31 0:38 /docker/1234 /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
      "proc/self/cgroup": "0::\(path)\n",
      "\(group)/memory.max": "1000\n", "\(group)/memory.current": "10\n",
      // Above what is mounted there is nothing to look for.
      "sys/fs/memory.max": "5\n", "sys/fs/memory.current": "1\n",
    ]
    #expect(
      try limits(files)
        == [MemoryLimit(.controlGroup, total: 1000, left: 990)])
  }

  @Test func resources() throws {
    let files = ["proc/self/statm": "10 8 6 4 0 7 0\n"]
    let page = Int(getpagesize())
    #expect(
      try limits(files, addressSpace: 100 * page, data: 20 * page) == [
        MemoryLimit(.addressSpace, total: 100 * page, left: 90 * page),
        MemoryLimit(.data, total: 20 * page, left: 13 * page),
      ])
    #expect(try limits(files, data: page) == [MemoryLimit(.data, total: page, left: 0)])
  }

  @Test func nothingIsKnownWithoutFiles() throws {
    let files: [String: String] = [:]
    #expect(try limits(files, addressSpace: 1) == [])
    #expect(try FakeRoot.with(files) { ControlGroup.processorQuota(root: $0) } == nil)
  }

  @Test func thisMachine() {
    let limits = MemoryLimit.all()
    #expect(limits.first?.kind == .machine)
    #expect(limits.allSatisfy { $0.left >= 0 && $0.left <= $0.total })
    #expect(MemoryLimit.resident > 1 << 20)
  }

  @Test(
    arguments: [
      (0, "0 MB"), (1_600_000, "2 MB"), (999_400_000, "999 MB"), (999_600_000, "1.00 GB"),
      (5_270_000_000, "5.27 GB"), (Double.infinity, "more than any machine has"),
      (1e30, "more than any machine has"),
    ] as [(Double, String)]) func text(bytes: Double, text: String)
  {
    #expect(MemoryLimit.text(bytes) == text)
  }

  @Test func estimatesAreCompared() throws {
    let limits = [
      MemoryLimit(.machine, total: 9_000_000_000, left: 8_000_000_000),
      MemoryLimit(.controlGroup, total: 700_000_000, left: 500_000_000),
    ]
    func check(_ bytes: Double) throws -> String? {
      try MemoryShortage.check(bytes, for: "the run", advice: "take less", limits: limits)
    }
    #expect(try check(430_000_000) == nil)
    let warning = try check(440_000_000)
    #expect(warning?.contains("control group's limit of 700 MB leaves 500 MB") == true)
    #expect(try check(570_000_000) != nil)
    let error = #expect(throws: MemoryShortage.self) { try check(580_000_000) }
    #expect(
      error?.description
        == "the run needs about 580 MB of memory more than the program has now, but its control "
        + "group's limit of 700 MB leaves 500 MB; take less")
    #expect(try MemoryShortage.check(1e18, for: "", advice: "", limits: []) == nil)
    // What counts is how much is left, not how large a limit is.
    let full = [limits[1], MemoryLimit(.machine, total: 9_000_000_000, left: 100_000_000)]
    let other = #expect(throws: MemoryShortage.self) {
      try MemoryShortage.check(430_000_000, for: "it", advice: "take less", limits: full)
    }
    #expect(other?.description.contains("the machine has 100 MB of its 9.00 GB") == true)
  }
}

@Suite struct ProcessorQuotaTests {
  private func quota(_ files: [String: String]) throws -> Double? {
    let groups = [
      "proc/self/mountinfo":
        "34 31 0:31 / /cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        + "38 31 0:38 / /two rw - cgroup2 c rw\n",
      "proc/self/cgroup": "1:cpuacct,cpu:/a\n0::/b\n",
    ]
    return try FakeRoot.with(groups.merging(files) { $1 }) {
      ControlGroup.processorQuota(root: $0)
    }
  }

  @Test func theLeastHolds() throws {
    #expect(try quota(["two/b/cpu.max": "150000 100000\n"]) == 1.5)
    #expect(try quota(["two/b/cpu.max": "max 100000\n"]) == nil)
    #expect(
      try quota(["two/b/cpu.max": "400000 100000\n", "two/cpu.max": "250000 100000\n"]) == 2.5)
    #expect(
      try quota(["cpu/a/cpu.cfs_quota_us": "50000\n", "cpu/a/cpu.cfs_period_us": "100000\n"]) == 0.5
    )
    #expect(
      try quota(["cpu/a/cpu.cfs_quota_us": "-1\n", "cpu/a/cpu.cfs_period_us": "100000\n"]) == nil)
    #expect(try quota(["two/b/cpu.max": ""]) == nil)
  }

  @Test(arguments: [(8, nil, 8), (8, 2.5, 3), (8, 2, 2), (8, 0.3, 1), (2, 7.5, 2), (1, 1, 1)])
  func threads(processors: Int, quota: Double?, threads: Int) {
    #expect(ThreadPool.threads(processors: processors, quota: quota) == threads)
  }

  @Test func poolsTakeTheDefault() {
    #expect(ThreadPool().threads == ThreadPool.defaultThreads)
    #expect(ThreadPool.defaultThreads <= ThreadPool.availableProcessors)
  }

  @Test func smallStacksAreRefused() throws {
    try StackLimit.check(-1)
    try StackLimit.check(1 << 20)
    let shortage = #expect(throws: MemoryShortage.self) { try StackLimit.check(64 << 10) }
    #expect(
      shortage?.description.contains("(ulimit -s) is 64 KiB, and mate-kd needs 1024;") == true)
  }
}
