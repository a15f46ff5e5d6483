import Configuration
import Data
import Inference
import Kernels
import Methods
import Models
import Trainers

extension Precision {
  /// The configured precision.
  ///
  /// - Parameter hasBF16: whether the processor has the instructions.
  /// - Throws: `ConfigError` at the key if the processor cannot do it.
  package init(_ common: CommonConfiguration, hasBF16: Bool = Precision.hasBF16) throws {
    self =
      switch common.precision {
      case .float32: .float32
      case .bf16: .bf16
      }
    if let complaint = complaint(hasBF16: hasBF16) {
      throw common.origin.error("precision", complaint + ".")
    }
  }
}
