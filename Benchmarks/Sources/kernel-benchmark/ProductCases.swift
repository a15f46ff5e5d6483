import Kernels

/// The purpose of a product of a linear layer y = x W^T.
private enum Product: String, CaseIterable {
  case forward
  case inputGradient = "input-gradient"
  case weightGradient = "weight-gradient"

  func benchmark(tokens: Int, input: Int, output: Int, precision: Precision) -> KernelCase {
    let sides = [tokens * input, input * output, tokens * output]
    let name = "product-\(rawValue)" + (precision == .float32 ? "" : "-\(precision.rawValue)")
    return KernelCase(
      name: name, shape: "\(tokens)x\(input)x\(output)", flops: 2 * tokens * input * output,
      bytes: 4 * sides.reduce(0, +)
    ) {
      let x = filled(tokens, input)
      let weight = filled(output, input)
      let y = filled(tokens, output)
      return {
        switch self {
        case .forward:
          Kernel.gemm(x, .none, weight, .transposed, into: y, precision: precision)
        case .inputGradient:
          Kernel.gemm(y, .none, weight, .none, into: x, precision: precision)
        case .weightGradient:
          Kernel.gemm(y, .transposed, x, .none, into: weight, precision: precision)
        }
      }
    }
  }
}

extension KernelCase {
  /// The precisions that this processor supports.
  private static let precisions = Precision.allCases.filter { $0.complaint == nil }

  /// Linear layers of BERTs of four widths: tokens x in x out. 210 tokens are half a batch of 32
  /// texts of SST-2.
  static var products: [KernelCase] {
    precisions.flatMap { precision in
      [768, 384, 256, 128].flatMap { width in
        [(width, width), (width, 4 * width), (4 * width, width)].flatMap { input, output in
          [64, 210, 512, 2048].flatMap { tokens in
            Product.allCases.map {
              $0.benchmark(tokens: tokens, input: input, output: output, precision: precision)
            }
          }
        }
      }
    }
  }

  /// The vocabulary head at the masked positions of half a batch.
  static var vocabulary: [KernelCase] {
    precisions.flatMap { precision in
      [768, 256].flatMap { width in
        Product.allCases.map {
          $0.benchmark(tokens: 64, input: width, output: 30522, precision: precision)
        }
      }
    }
  }
}
