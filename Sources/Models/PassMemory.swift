import Kernels

/// What a pass of a model over a shard takes from a buffer pool: the sizes, in floats, of all
/// buffers that are in use at its peak. They are those of `Encoder` and of the functions that it is
/// made of.
package struct PassMemory: Sendable {
  /// The shard.
  package struct Shape: Sendable {
    /// Tokens and texts.
    package let tokens, texts: Int
    /// Floats that the attention probabilities of one head take.
    package let probabilities: Int
    /// Tokens at which a language model is asked for words.
    package let masked: Int

    /// A shard of texts with these lengths.
    ///
    /// - Parameter masked: tokens at which a language model is asked for words.
    package init(lengths: [Int], masked: Int = 0) {
      tokens = lengths.reduce(0, +)
      texts = lengths.count
      let borders = lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
      probabilities = AttentionLayout(offsets: borders).probabilityCount(heads: 1)
      self.masked = masked
    }
  }

  private let c: EncoderConfiguration
  private let shape: Shape
  /// The tokens whose last states are asked for.
  private let last: Int
  /// The words of the decoder; 0 for models without one.
  private let words: Int

  /// A pass of a model over a shard.
  package init(_ model: any Model, over shape: Shape) {
    c = model.encoder.configuration
    self.shape = shape
    switch model {
    case is MaskedLanguageModel: (last, words) = (shape.masked, c.vocabularySize)
    case is SequenceClassifier: (last, words) = (shape.texts, 0)
    default: (last, words) = (shape.tokens, 0)
    }
  }

  /// What a pass keeps for its backward pass.
  ///
  /// - Parameter training: whether dropout is on.
  package func kept(training: Bool) -> [Int] {
    let (t, h, e) = (shape.tokens, c.hiddenSize, c.wordWidth)
    var sizes = [t * e, t, t * e]  // embeddings, LayerNorm
    if training, c.hiddenDropout > 0 { sizes.append(t * e) }
    if e != h { sizes.append(t * h) }  // the projection of the embeddings
    for layer in 0..<c.layers {
      let isLast = layer == c.layers - 1 && last < t
      let rows = isLast ? last : t
      // Queries, keys and values; the residual is gathered where only some rows are computed.
      sizes += isLast ? [rows * h, rows * h, 2 * t * h] : [3 * t * h]
      let probabilities = isLast ? shape.probabilities * rows / max(1, t) : shape.probabilities
      sizes += [probabilities * c.attentionHeads, rows * h]
      sizes += [rows * h, rows, rows * h]  // output of attention, LayerNorm
      sizes += activated(rows * c.intermediateSize)
      sizes += [rows * h, rows, rows * h]
    }
    return sizes + head
  }

  /// What a backward pass needs beside what was kept, when most of that is still there.
  package var transient: [Int] {
    let (t, h) = (shape.tokens, c.hiddenSize)
    // A layer's output, its sum and branch, and the gradient of the feed-forward layer.
    return c.layers > 1 || last == t
      ? [t * h, t * h, t * h, t * c.intermediateSize] : [2 * t * h, t * h]
  }

  /// What a pass without gradient has in use at its peak, in the feed-forward part of a layer or in
  /// its attention. Buffers of one size that are free again are used for the next layer.
  package var forward: [Int] {
    let (t, h, e) = (shape.tokens, c.hiddenSize, c.wordWidth)
    let isWhole = c.layers > 1 || last == t
    let rows = isWhole ? t : last
    // The sum of the embeddings is released before the layers begin; its block serves them, or
    // makes way for a larger one. Embeddings of another width leave one that is of no use to the
    // layers.
    return (e == h ? [] : [t * e]) + [t * h] + (isWhole ? [t * h, t * h, 3 * t * h] : [2 * t * h])
      + activated(rows * c.intermediateSize) + head
  }

  private var head: [Int] {
    let states = last * (words > 0 ? c.wordWidth : c.hiddenSize)
    return words > 0
      ? activated(states) + [last, states, last * words] : [states, states, shape.texts]
  }

  /// The input and the output of an activation function.
  private func activated(_ count: Int) -> [Int] {
    c.activation == .tanh ? [count] : [count, count]
  }
}

/// The blocks of a `BufferPool`: what it takes from the system for passes that follow each other.
package struct PoolMemory: Sendable {
  /// Capacities in floats, ascending.
  private var blocks: [Int] = []

  /// An empty pool.
  package init() {}

  /// Bytes of all blocks.
  package var bytes: Double { blocks.reduce(0) { $0 + 4 * Double($1) } }

  /// Adds what is missing for buffers of these sizes at the same time; all others are free.
  package mutating func serve(_ sizes: [Int]) {
    var free = blocks
    for size in sizes.sorted(by: >) where size > 0 {
      let place = free.firstIndex { $0 >= size } ?? free.count
      if place < free.count, free[place] <= max(2 * size, 4096) {
        free.remove(at: place)
        continue
      }
      // As the pool does, in place of one that is too small.
      if place > 0, BufferPool.replaces(free[place - 1], for: size) {
        let small = free.remove(at: place - 1)
        if let old = blocks.firstIndex(of: small) { blocks.remove(at: old) }
      }
      let block = BufferPool.capacity(for: size)
      blocks.insert(block, at: blocks.firstIndex { $0 >= block } ?? blocks.count)
    }
  }
}
