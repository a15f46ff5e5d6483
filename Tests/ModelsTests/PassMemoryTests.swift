import Autograd
import Kernels
import Models
import TestSupport
import Testing

/// What passes are said to take from a pool against what they take.
@Suite struct PassMemoryTests {
  private static let lengths = [31, 17, 31, 5, 24]

  /// Wide enough for buffers to be larger than the pool's smallest blocks.
  ///
  /// - Parameter embeddings: their width, for ELECTRA.
  private static func configuration(
    layers: Int, dropout: Float = 0.1, embeddings: Int? = nil
  ) -> EncoderConfiguration {
    var c = EncoderConfiguration(
      family: embeddings == nil ? .bert : .electra, vocabularySize: 500, hiddenSize: 64,
      layers: layers, attentionHeads: 4, intermediateSize: 256)
    c.embeddingSize = embeddings
    c.maximumPositions = 32
    c.hiddenDropout = dropout
    c.attentionDropout = dropout
    return c
  }

  private static var tokens: PackedTokens {
    let offsets = lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
    let count = offsets.last ?? 0
    return PackedTokens(
      ids: [Int32](repeating: 7, count: count), typeIDs: [Int32](repeating: 0, count: count),
      offsets: offsets)
  }

  private static func pool(_ sizes: [Int]) -> Double {
    var pool = PoolMemory()
    pool.serve(sizes)
    return pool.bytes
  }

  /// Nothing is given back before the backward pass begins, so the sum is exact but for the few
  /// floats per text of the head.
  @Test(arguments: [(1, nil), (2, nil), (5, nil), (2, 24), (2, 128)], [Float(0), 0.1])
  func classifierKeeps(size: (layers: Int, embeddings: Int?), dropout: Float) {
    let model = SequenceClassifier(
      Self.configuration(layers: size.layers, dropout: dropout, embeddings: size.embeddings),
      labels: LabelSet(names: ["a", "b"]))
    let (pool, gradients) = (BufferPool(), Buffer(zeroed: model.parameters.count))
    let tape = Tape(pool: pool)
    tape.bind(model.parameters, gradients: gradients)
    _ = model.logits(Self.tokens, tape: tape, training: true)
    let memory = PassMemory(model, over: PassMemory.Shape(lengths: Self.lengths))
    let head = Double(8 * Self.lengths.count * 64 * 4)
    #expect(
      abs(4 * Double(pool.allocatedFloats) - Self.pool(memory.kept(training: true))) <= head)
  }

  @Test(arguments: [nil, 24, 128]) func languageModelKeeps(embeddings: Int?) {
    let model = MaskedLanguageModel(Self.configuration(layers: 3, embeddings: embeddings))
    let (pool, gradients) = (BufferPool(), Buffer(zeroed: model.parameters.count))
    let tape = Tape(pool: pool)
    tape.bind(model.parameters, gradients: gradients)
    let rows = Array(stride(from: 0, to: 108, by: 3))
    _ = model.logits(Self.tokens, rows: rows, tape: tape, training: true)
    let memory = PassMemory(
      model, over: PassMemory.Shape(lengths: Self.lengths, masked: rows.count))
    #expect(4 * Double(pool.allocatedFloats) == Self.pool(memory.kept(training: true)))
  }

  /// A whole update, and a pass without gradient, within the accuracy that estimates are said to
  /// have.
  @Test(arguments: [(1, nil), (2, nil), (5, nil), (2, 24), (2, 128)])
  func updateAndEvaluation(layers: Int, embeddings: Int?) {
    let model = SequenceClassifier(
      Self.configuration(layers: layers, embeddings: embeddings),
      labels: LabelSet(names: ["a", "b"]))
    model.initialize(seed: 1)
    let memory = PassMemory(model, over: PassMemory.Shape(lengths: Self.lengths))
    let (training, frozen) = (BufferPool(), BufferPool())
    let tape = Tape(pool: training)
    tape.bind(model.parameters, gradients: Buffer(zeroed: model.parameters.count))
    let logits = model.logits(Self.tokens, tape: tape, training: true)
    _ = tape.crossEntropy(logits, labels: [0, 1, 0, 1, 0], weight: 1)
    tape.backward()
    _ = model.logits(Self.tokens, tape: Tape(pool: frozen), training: false)
    let updates =
      4 * Double(training.allocatedFloats)
      / Self.pool(memory.kept(training: true) + memory.transient)
    let passes = 4 * Double(frozen.allocatedFloats) / Self.pool(memory.forward)
    #expect(max(updates, 1 / updates) < MemoryShortage.estimatesAccuracy)
    #expect(max(passes, 1 / passes) < MemoryShortage.estimatesAccuracy)
  }

  /// The blocks of a pool that serves passes of other sizes one after another.
  @Test func poolsShareBlocks() {
    for (first, second) in [
      ([9000, 5000, 5000], [5000, 9000, 5000]), ([9000, 9000], [5000, 5000, 5000]),
      ([2000], [9000, 1500]), ([5000, 5000], [6000, 6000]), ([2000, 1000], [9000, 1500, 1000]),
      ([1000], [9000, 1000]),
    ] {
      let pool = BufferPool()
      var model = PoolMemory()
      for sizes in [first, second] {
        _ = sizes.sorted(by: >).map { pool.take($0) }
        model.serve(sizes)
      }
      #expect(model.bytes == 4 * Double(pool.allocatedFloats), "\(first), \(second)")
    }
  }
}
