// Times every kernel at the shapes for which BERT needs it, and shows the processor's own ceiling.
//
// usage: kernel-benchmark [--filter TEXT] [--threads N] [--samples N] [--json]
//   --filter   only kernels whose name and shape contain the text, such as "gelu" or "210x768x"
//   --threads  number of threads that work at once, each on its own operands; 1 by default
//   --samples  number of samples of at least 10 ms each; the median is shown; 7 by default
//   --json     one JSON object per line instead of a table
import Foundation
import Kernels
import StrictJSON

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data("error: \(message)\n".utf8))
  exit(64)
}

var filter = ""
var threads = 1
var samples = 7
var isJSON = false
var rest = CommandLine.arguments.dropFirst()
while let option = rest.popFirst() {
  switch option {
  case "--json": isJSON = true
  case "--filter":
    guard let text = rest.popFirst() else { fail("--filter needs a text") }
    filter = text
  case "--threads", "--samples":
    guard let count = rest.popFirst().flatMap({ Int($0) }), count > 0 else {
      fail("\(option) needs a number above 0")
    }
    if option == "--threads" { threads = count } else { samples = count }
  default: fail("unknown option \(option); usage: see the beginning of main.swift")
  }
}

if let complaint = Processor.complaint { fail(complaint) }
OpenBLAS.useOneThread()
let pool = ThreadPool(threads: threads)
let peak = Processor.measuredPeak(pool: pool, seconds: 0.2)
let cases = KernelCase.all.filter { filter.isEmpty || $0.title.contains(filter) }
if cases.isEmpty { fail("no kernel's name and shape contain \(filter)") }

func padded(_ text: String, _ width: Int) -> String {
  text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
}

if !isJSON {
  print(
    "OpenBLAS core \(OpenBLAS.coreName), \(threads) thread\(threads == 1 ? "" : "s"), multiply-add "
      + String(format: "peak %.1f GFLOP/s", peak / 1e9))
  print(padded("kernel", 30) + padded("shape", 16) + "      us   spread  GFLOP/s    GB/s   of peak")
}
for kernel in cases {
  let time = Timing(kernel, pool: pool, samples: samples)
  let flops = Double(kernel.flops * threads) / time.median
  let bytes = Double(kernel.bytes * threads) / time.median
  if isJSON {
    let line = JSONWriter(layout: .line).string(
      .object([
        ("kernel", .string(kernel.name)), ("shape", .string(kernel.shape)),
        ("threads", .int(threads)), ("seconds", .double(time.median)),
        ("min", .double(time.fastest)), ("max", .double(time.slowest)), ("n", .int(samples)),
        ("flops_per_second", .double(flops)), ("bytes_per_second", .double(bytes)),
        ("share_of_peak", .double(flops / peak)), ("peak", .double(peak)),
      ]))
    print(line)
    continue
  }
  let spread = (time.slowest - time.fastest) / time.median * 100
  let rates =
    kernel.flops == 0
    ? "         " + String(format: "%8.1f", bytes / 1e9)
    : String(format: "%9.1f%8.1f%8.1f %%", flops / 1e9, bytes / 1e9, flops / peak * 100)
  print(
    padded(kernel.name, 30) + padded(kernel.shape, 16)
      + String(format: "%8.1f%7.0f %%", time.median * 1e6, spread) + rates)
}
