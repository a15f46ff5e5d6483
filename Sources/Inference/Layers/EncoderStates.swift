import Autograd
import Data
import Kernels
import Models

/// The states that an encoder has of some texts.
package struct EncoderStates: Sendable {
  /// One matrix for the output of the embeddings and one for each layer, [rows, width].
  package let layers: [Matrix]

  /// What a row stands for.
  package enum Rows: String, Sendable {
    /// A token.
    case tokens
    /// A text: the mean of its tokens.
    case texts
  }

  /// Reads the encoder of a model folder and runs it.
  ///
  /// - Parameters:
  ///   - folder: a model with any head, or with none.
  ///   - data: the texts as the folder's tokenizer has them.
  ///   - pool: runs several batches at a time.
  /// - Throws: errors of the folder; `MismatchError` if a text is longer than the positions, or the
  ///   encoder has weights that the folder lacks; `MemoryShortage`.
  package init(folder: String, data: TokenizedDataset, rows: Rows, pool: ThreadPool) throws {
    let (model, report) = try ModelFolder(folder).spanClassifier(seed: 0)
    let missing = report.initialized.filter { !$0.hasPrefix("qa_outputs.") }
    guard missing.isEmpty else {
      throw MismatchError(
        .training, "\(folder) lacks \(ModelOpener.listed(missing)); its states would be random")
    }
    try ModelOpener.checkLength(data.lengths.max() ?? 0, of: [("the model \(folder)", model)])
    try self.init(model, data: data, rows: rows, pool: pool, name: folder)
  }

  init(
    _ model: some Model, data: TokenizedDataset, rows: Rows, pool: ThreadPool, name: String
  ) throws {
    let encoder = model.encoder
    let width = encoder.configuration.hiddenSize
    let count = rows == .tokens ? data.tokenCount : data.count
    let borders = data.borders
    let starts = Array(stride(from: 0, to: data.count, by: 16))
    let longest = data.lengths.max() ?? 0
    let shape = PassMemory.Shape(lengths: Array(repeating: longest, count: 16))
    var pass = PoolMemory()
    pass.serve(PassMemory(model, over: shape).forward)
    let kept = 4 * Double(count) * Double(width) * Double(encoder.configuration.layers + 1)
    _ = try MemoryShortage.check(
      kept + Double(pool.threads) * (pass.bytes + kept / Double(max(1, starts.count))),
      for: "keeping the states of \(name)", advice: "give fewer --samples or --threads")
    let layers = (0...encoder.configuration.layers).map { _ in Matrix(zeros: count, width) }
    let memory = MemoryShelf()
    try pool.run(count: starts.count) { batch in
      let texts = starts[batch]..<min(starts[batch] + 16, data.count)
      let tokens = data.batch(Array(texts)).tokens
      let range =
        rows == .tokens ? borders[texts.lowerBound]..<borders[texts.upperBound] : texts
      memory.withPool { buffers in
        let states = encoder.encode(
          tokens, parameters: model.parameters, tape: Tape(pool: buffers), training: false,
          keepsHiddenStates: true
        ).hiddenStates
        for (layer, state) in zip(layers, states) {
          let target = layer.rows(range)
          switch rows {
          case .tokens: target.copy(from: state.value)
          case .texts: Kernel.meanRows(state.value, offsets: tokens.offsets, into: target)
          }
        }
      }
    }
    self.layers = layers
  }
}
