import Kernels

/// False, with a printed reason, where the processor cannot multiply in bfloat16.
package let canTestBF16: Bool = {
  if let complaint = Precision.bf16.complaint {
    print("skipping what needs bf16: \(complaint)")
    return false
  }
  return true
}()
