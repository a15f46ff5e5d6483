import Foundation
import Kernels
import MateKDCommands

// Asked before any vector code runs: the alternative is to die of SIGILL without a word.
if let complaint = Processor.complaint {
  FileHandle.standardError.write(Data("error: \(complaint)\n".utf8))
  exit(69)
}
MateKD.run()
