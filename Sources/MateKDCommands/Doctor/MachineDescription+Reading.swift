import Files
import Foundation
import Kernels

extension MachineDescription {
  /// This machine, as described by /proc, /sys, the environment and OpenBLAS itself. Anything that
  /// cannot be read stays unknown. To be called before OpenBLAS's threads are switched off.
  package static func current() -> MachineDescription {
    var machine = MachineDescription()
    machine.readProcessor(fromCPUInfo: SystemFile.text("/proc/cpuinfo"))
    machine.readMemory(fromMemInfo: SystemFile.text("/proc/meminfo"))
    machine.hugePages = chosen(in: SystemFile.text("/sys/kernel/mm/transparent_hugepage/enabled"))
    machine.quota = ControlGroup.processorQuota()
    machine.limits = MemoryLimit.all().filter { $0.kind != .machine }
    machine.nodes = max(1, entries("/sys/devices/system/node").count { isNode($0) })
    machine.builtFor =
      Processor.builtFor == "AVX-512" ? .avx512 : Processor.builtFor == "AVX2" ? .avx2 : .baseline
    machine.allowedProcessors = ThreadPool.availableProcessors
    machine.onlineProcessors = max(
      machine.allowedProcessors, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    machine.blasConfiguration = OpenBLAS.configuration
    machine.blasCore = OpenBLAS.coreName
    machine.blasThreads = OpenBLAS.threads
    machine.lapackVersion = LAPACK.version
    machine.readLibraries(
      fromMaps: SystemFile.text("/proc/self/maps"), address: OpenBLAS.productAddress,
      lapack: LAPACK.routineAddress)
    machine.zlibVersion = Gzip.libraryVersion
    let names = [
      "OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS",
    ]
    machine.environment = ProcessInfo.processInfo.environment.filter { names.contains($0.key) }
    return machine
  }

  /// Reads name and features of the first processor in Linux's /proc/cpuinfo.
  package mutating func readProcessor(fromCPUInfo text: String) {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = parts[1].trimmingCharacters(in: .whitespaces)
      switch parts[0].trimmingCharacters(in: .whitespaces) {
      case "model name" where processor.isEmpty: processor = value
      case "flags" where features.isEmpty, "Features" where features.isEmpty:
        features = Set(value.split(separator: " ").map(String.init))
      default: break
      }
    }
  }

  /// Reads the bytes of memory from Linux's /proc/meminfo, which counts in kilobytes.
  package mutating func readMemory(fromMemInfo text: String) {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 1, let kilobytes = Int(words[1]) else { continue }
      if words[0] == "MemTotal:" { memory = kilobytes << 10 }
      if words[0] == "MemAvailable:" { availableMemory = kilobytes << 10 }
    }
  }

  /// Reads the libraries of linear algebra from Linux's /proc/self/maps.
  ///
  /// - Parameters:
  ///   - address: where products are computed; the file mapped there is the one in use.
  ///   - lapack: where factorisations are computed.
  package mutating func readLibraries(
    fromMaps text: String, address: UInt?, lapack: UInt? = nil
  ) {
    var libraries: [String] = []
    for line in text.split(separator: "\n") {
      guard let start = line.firstIndex(of: "/") else { continue }
      let path = String(line[start...])
      let borders = line.prefix { $0 != " " }.split(separator: "-").map { UInt($0, radix: 16) }
      if borders.count == 2, let low = borders[0], let high = borders[1] {
        let range = low..<max(low, high)
        if let address, range.contains(address) { blasLibrary = path }
        if let lapack, range.contains(lapack) { lapackLibrary = path }
      }
      let name = path.split(separator: "/").last?.lowercased() ?? ""
      let isAlgebra = ["blas", "lapack", "libmkl", "libblis", "libatlas"].contains(
        where: name.contains)
      if isAlgebra, !libraries.contains(path) { libraries.append(path) }
    }
    otherLibraries = libraries.filter { $0 != blasLibrary && $0 != lapackLibrary }
  }

  /// The word in brackets, with which Linux marks the current choice: `always [madvise] never`.
  package static func chosen(in text: String) -> String? {
    guard let start = text.firstIndex(of: "["),
      let end = text[start...].firstIndex(of: "]")
    else { return nil }
    return String(text[text.index(after: start)..<end])
  }

  private static func isNode(_ name: String) -> Bool {
    name.hasPrefix("node") && Int(name.dropFirst(4)) != nil
  }

  private static func entries(_ path: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }
}
