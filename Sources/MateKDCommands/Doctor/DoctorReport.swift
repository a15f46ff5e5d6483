import Runs
import StrictJSON

/// What `mate-kd doctor` reports, as a table for people or as JSON for programs.
package struct DoctorReport: Sendable {
  private let machine: MachineDescription
  private let speed: SpeedMeasurement

  /// A report on a machine and its measured rates.
  package init(_ machine: MachineDescription, _ speed: SpeedMeasurement) {
    self.machine = machine
    self.speed = speed
  }

  /// Sentences that each say what could be better and what to do about it.
  package var warnings: [String] { machine.warnings + speed.warnings }

  /// Writes the table and the warnings.
  package func print(on stream: TerminalStream) {
    var table = TextTable([.text("part"), .text("value")])
    for (name, value) in rows { table.add([name, value]) }
    table.print(on: stream)
    for warning in warnings {
      stream.print(StyledText("warning:", .yellow) + " \(warning)")
    }
  }

  private var rows: [(String, String)] {
    let m = machine
    let vectors = m.vectors.name + (m.hasBF16 ? ", bfloat16" : "")
    let others = m.otherLibraries.joined(separator: ", ")
    let rows = [
      ("mate-kd", Version.current), ("built for", m.builtFor.name),
      ("processor", m.processor), ("vector instructions", vectors),
      ("processors", "\(m.allowedProcessors) of \(m.onlineProcessors)"),
      ("control group's processors", m.quota.map { NumberText.fixed($0, 1) } ?? ""),
      ("default of threads", "\(m.threads)"),
      ("memory nodes", "\(m.nodes)"),
      ("memory", "\(gigabytes(m.availableMemory)) of \(gigabytes(m.memory)) GB available"),
      ("huge pages", m.hugePages ?? "not in this kernel"),
      ("OpenBLAS", m.blasConfiguration), ("OpenBLAS core", m.blasCore),
      ("OpenBLAS threads", m.blasThreads == 1 ? "1" : "\(m.blasThreads), switched off by mate-kd"),
      ("OpenBLAS file", m.blasLibrary ?? "not found"),
      ("LAPACK", m.lapackVersion.isEmpty ? "" : "\(m.lapackVersion), by LAPACKE"),
      ("LAPACK file", m.lapackLibrary ?? ""), ("other BLAS files", others),
      ("zlib", m.zlibVersion),
      ("multiply-adds", rate(speed.peak, speed.peakOfAll)),
      ("products 512x768x768", rate(speed.product, speed.productOfAll)),
    ]
    return rows.filter { !$0.1.isEmpty }
  }

  private func gigabytes(_ bytes: Int) -> String { NumberText.fixed(Double(bytes) / 1e9, 1) }

  private func rate(_ one: Double, _ all: Double) -> String {
    let share = speed.peak > 0 && one != speed.peak ? one / speed.peak : nil
    return "\(NumberText.fixed(one / 1e9, 1)) GFLOP/s one thread, "
      + "\(NumberText.fixed(all / 1e9, 1)) all"
      + (share.map { " (\(NumberText.fixed($0 * 100, 0)) % of the multiply-adds)" } ?? "")
  }

  /// The whole report; sizes are in bytes, rates in operations per second.
  package var json: JSONValue {
    let m = machine
    return .object([
      ("version", .string(Version.current)), ("built_for", .string(m.builtFor.name)),
      ("processor", .string(m.processor)), ("vectors", .string(m.vectors.name)),
      ("bf16", .bool(m.hasBF16)), ("processors_allowed", .int(m.allowedProcessors)),
      ("processors_online", .int(m.onlineProcessors)),
      ("processors_quota", m.quota.map(JSONValue.double) ?? .null),
      ("threads_default", .int(m.threads)), ("memory_nodes", .int(m.nodes)),
      ("memory_bytes", .int(m.memory)), ("memory_available_bytes", .int(m.availableMemory)),
      ("memory_limits_bytes", .array(m.limits.map { .int($0.total) })),
      ("huge_pages", m.hugePages.map(JSONValue.string) ?? .null),
      (
        "openblas",
        .object([
          ("version", .string(m.blasVersion)), ("configuration", .string(m.blasConfiguration)),
          ("core", .string(m.blasCore)), ("threads", .int(m.blasThreads)),
          ("library", m.blasLibrary.map(JSONValue.string) ?? .null),
          ("lapack_version", .string(m.lapackVersion)),
          ("lapack_library", m.lapackLibrary.map(JSONValue.string) ?? .null),
          ("other_libraries", .array(m.otherLibraries.map(JSONValue.string))),
        ])
      ),
      ("zlib", .object([("version", .string(m.zlibVersion))])),
      (
        "flops_per_second",
        .object([
          ("multiply_adds", .double(speed.peak)), ("multiply_adds_all", .double(speed.peakOfAll)),
          ("products", .double(speed.product)), ("products_all", .double(speed.productOfAll)),
        ])
      ),
      ("warnings", .array(warnings.map(JSONValue.string))),
    ])
  }
}
