import ArgumentParser
import Kernels
import Trainers

/// `mate-kd doctor`.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Show the processor, the BLAS library and the threads in use.")

  func run() {
    var table = TextTable([.text("part"), .text("value")])
    table.add(["mate-kd", Version.current])
    table.add(["built for", Processor.builtFor])
    table.add(["processors", "\(ThreadPool.availableProcessors)"])
    table.add(["OpenBLAS", OpenBLAS.configuration])
    table.add(["OpenBLAS core", OpenBLAS.coreName])
    table.print()
  }
}
