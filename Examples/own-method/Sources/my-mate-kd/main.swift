import Foundation
import Kernels
import MateKDCommands
import Methods
import OwnMethod

if let complaint = Processor.complaint {
  FileHandle.standardError.write(Data("error: \(complaint)\n".utf8))
  exit(69)
}
try MethodRegistry.register(LastState.description)
MateKD.run()
