import Kernels

extension KernelCase {
  /// Twelve heads of width 64 over about 512 tokens (sequences x length), with dropout as in
  /// training.
  static var attention: [KernelCase] {
    let (heads, depth, rate) = (12, 64, Float(0.1))
    let width = heads * depth
    return [8, 16, 24, 64, 128].flatMap { length -> [KernelCase] in
      let sequences = 512 / length
      let tokens = sequences * length
      let layout = AttentionLayout(offsets: (0...sequences).map { $0 * length })
      let kept = layout.probabilityCount(heads: heads)
      let flops = 4 * sequences * length * length * width
      let shape = "\(sequences)x\(length)"
      let forward = KernelCase(
        name: "attention", shape: shape, flops: flops, bytes: 4 * (4 * tokens * width + kept)
      ) {
        let qkv = filled(tokens, 3 * width)
        let probabilities = filled(1, kept)
        let context = filled(tokens, width)
        let dropout = Dropout(probability: rate, seed: 1, step: 1, site: .part(1))
        return {
          Kernel.attention(
            q: qkv.columns(0..<width), k: qkv.columns(width..<2 * width),
            v: qkv.columns(2 * width..<3 * width), layout: layout, heads: heads, dropout: dropout,
            probabilities: probabilities, into: context)
        }
      }
      let backward = KernelCase(
        name: "attention-gradient", shape: shape, flops: 2 * flops,
        bytes: 4 * (7 * tokens * width + kept)
      ) {
        let qkv = filled(tokens, 3 * width)
        let gradients = filled(tokens, 3 * width)
        let probabilities = filled(1, kept)
        let dContext = filled(tokens, width)
        let dropout = Dropout(probability: rate, seed: 1, step: 1, site: .part(1))
        return {
          Kernel.attentionGradient(
            dContext: dContext, q: qkv.columns(0..<width), k: qkv.columns(width..<2 * width),
            v: qkv.columns(2 * width..<3 * width), layout: layout, heads: heads, dropout: dropout,
            probabilities: probabilities, dq: gradients.columns(0..<width),
            dk: gradients.columns(width..<2 * width), dv: gradients.columns(2 * width..<3 * width))
        }
      }
      return [forward, backward]
    }
  }
}
