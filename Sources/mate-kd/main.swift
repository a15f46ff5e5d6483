import Foundation
import Kernels
import MateKDCommands

// Checked before any vector code runs. Otherwise the process would die of SIGILL without a word.
if let complaint = Processor.complaint {
  FileHandle.standardError.write(Data("error: \(complaint)\n".utf8))
  exit(ExitStatus.unavailable.rawValue)
}
MateKD.run()
