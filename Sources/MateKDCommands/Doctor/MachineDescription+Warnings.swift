extension MachineDescription {
  /// What keeps this machine from doing its best, or what a user might wonder about: one sentence
  /// each, with what to do about it.
  package var warnings: [String] {
    libraryWarnings + coreWarnings + environmentWarnings + processorWarnings + memoryWarnings
  }

  private var libraryWarnings: [String] {
    guard let library = blasLibrary else { return [] }
    let name = library.split(separator: "/").last.map(String.init) ?? library
    // Debian's libblas.so.3 may be a link to OpenBLAS; the name of the file that it leads to
    // decides.
    guard !library.contains("openblas") else { return [] }
    return [
      "products come from \(name), which is not OpenBLAS: remove it from LD_PRELOAD and "
        + "LD_LIBRARY_PATH, or install libopenblas0-pthread."
    ]
  }

  private var coreWarnings: [String] {
    if blasCore.lowercased() == "armv8" {
      return [
        "OpenBLAS uses its generic kernels for aarch64: a newer OpenBLAS may know this processor, "
          + "or set OPENBLAS_CORETYPE to one like it (NEOVERSEN1, CORTEXA57)."
      ]
    }
    // A core that the user asked for gets a warning of its own.
    guard environment["OPENBLAS_CORETYPE"] == nil, let used = blasVectors, used < vectors else {
      return []
    }
    let better =
      vectors == .avx2 ? "Haswell" : features.contains("avx512_bf16") ? "Cooperlake" : "SkylakeX"
    return [
      "OpenBLAS \(blasVersion) uses its \(blasCore) kernels (\(used.name)) on a processor with "
        + "\(vectors.name): set OPENBLAS_CORETYPE=\(better), or install a newer OpenBLAS."
    ]
  }

  private var environmentWarnings: [String] {
    var result: [String] = []
    if let core = environment["OPENBLAS_CORETYPE"], !core.isEmpty {
      result.append(
        "OPENBLAS_CORETYPE=\(core) decides which kernels OpenBLAS uses: unset it unless the "
          + "measured rate of products is better with it.")
    }
    for name in ["OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"] {
      guard let text = environment[name], let count = Int(text), count > 1 else { continue }
      result.append(
        "\(name)=\(count) has no effect: mate-kd switches OpenBLAS's own threads off and splits "
          + "the work itself; use --threads or the key \"threads\".")
    }
    return result
  }

  private var processorWarnings: [String] {
    var result: [String] = []
    if builtFor < vectors {
      result.append(
        "this binary was built for \(builtFor.name) on a processor with \(vectors.name): build it "
          + "here with swift build -c release.")
    }
    if allowedProcessors < onlineProcessors {
      result.append(
        "this process may use \(allowedProcessors) of \(onlineProcessors) processors: widen its "
          + "CPU set (taskset, cpuset, the container's settings) if you want more.")
    }
    if let quota, quota < Double(allowedProcessors) {
      result.append(
        "the control group grants the time of \(NumberText.fixed(quota, 1)) processors to "
          + "\(allowedProcessors): mate-kd starts \(threads) threads by default.")
    }
    if !hasBF16 {
      result.append(
        "this processor has no bfloat16 products: leave the precision at float32.")
    }
    return result
  }

  private var memoryWarnings: [String] {
    let limited = limits.map { "this process may not have all memory: \($0.description)." }
    guard hugePages == "never" else { return limited }
    return limited + [
      "transparent huge pages are off: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, "
        + "as root, makes large buffers cheaper to reach."
    ]
  }
}
