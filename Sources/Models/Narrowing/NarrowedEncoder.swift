import Autograd
import Kernels

/// Makes an encoder from a wider one of as many layers, on a sample of texts, layer by layer:
///
/// 1. The states of all layers share one stream of residuals, so one cut serves them all.
/// 2. What writes into the stream is cut with it. What reads from it reads the wide states as they
///    follow from the narrow ones.
/// 3. Heads and units are kept by what they write, and what read all of them reads those that are
///    left.
/// 4. LayerNorm's mean, variance and gains are those of other coordinates now. Its gains and biases
///    are fitted to the wide states, each by a line through the sample, before the next layer is
///    made.
///
/// docs/students.md has the reasons and what each step is worth.
struct NarrowedEncoder {
  private let wide: Encoder
  private let wideWeights: Parameters
  private let narrow: Encoder
  private let narrowWeights: Parameters
  private let sample: [PackedTokens]
  private let pool = BufferPool()
  /// Of the states.
  let cut: Cut
  /// The wide encoder's last states, one matrix a batch.
  private(set) var states: [Matrix] = []
  private var narrowStates: [Matrix] = []
  private var moments: Moments

  /// Fills the weights of a narrower encoder.
  ///
  /// - Throws: `LAPACKError` if the states are not finite.
  init<M: Model>(
    _ wideModel: M, into narrowModel: M, basis: TeacherCut.Basis, sample: [PackedTokens]
  ) throws(LAPACKError) {
    (wide, wideWeights) = (wideModel.encoder, wideModel.parameters)
    (narrow, narrowWeights) = (narrowModel.encoder, narrowModel.parameters)
    self.sample = sample
    let (from, to) = (wide.configuration, narrow.configuration)
    moments = Moments(columns: from.hiddenSize)
    cut =
      try to.hiddenSize == from.hiddenSize
      ? Cut.selected(Array(0..<from.hiddenSize))
      : Cut.states(
        basis, width: to.hiddenSize,
        covariance: Self.covariance(wideModel, sample: sample, pool: pool))
    narrowEmbeddings()
    for index in wide.layers.indices { try narrowLayer(index) }
  }

  /// How the last states are read.
  func reading() throws(LAPACKError) -> Reading { try Reading(cut, of: moments) }

  /// The mean of the covariances of everything that a LayerNorm gives out: the means themselves are
  /// constants, which biases carry.
  private static func covariance(
    _ model: some Model, sample: [PackedTokens], pool: BufferPool
  ) -> Matrix {
    let encoder = model.encoder
    let width = encoder.configuration.hiddenSize
    let moments = (0..<2 * encoder.layers.count + 1).map { _ in Moments(columns: width) }
    for tokens in sample {
      let tape = Tape(pool: pool)
      var x = encoder.embeddings(
        tokens, parameters: model.parameters, tape: tape, training: false)
      moments[0].add(x.value)
      for index in encoder.layers.indices {
        x = encoder.layer(
          index, of: x, tokens, parameters: model.parameters, tape: tape, training: false
        ) { part, tensor in
          if part == .attended { moments[2 * index + 1].add(tensor.value) }
        }
        moments[2 * index + 2].add(x.value)
      }
    }
    let result = Matrix(zeros: width, width)
    for one in moments {
      Kernel.add(one.covariance, to: result, alpha: 1 / Float(moments.count))
    }
    return result
  }

  private func weight(_ slot: ParameterSlot) -> Matrix { wideWeights.matrix(slot) }

  private func set(_ slot: ParameterSlot, _ value: Matrix) {
    let target = narrowWeights.matrix(slot)
    // Biases are computed as columns and stored as rows.
    target.copy(
      from: target.rows == value.rows
        ? value : Matrix(value.values, rows: target.rows, columns: target.columns))
  }

  private func asColumn(_ row: Matrix) -> Matrix {
    Matrix(row.values, rows: row.columns, columns: 1)
  }

  // MARK: Embeddings

  private mutating func narrowEmbeddings() {
    let tables =
      [(wide.words, narrow.words), (wide.positions, narrow.positions)]
      + [(wide.types, narrow.types)].compactMap { pair in
        pair.0.flatMap { from in pair.1.map { (from, $0) } }
      }
    states = sample.map { tokens in
      wide.embeddings(
        tokens, parameters: wideWeights, tape: Tape(pool: pool), training: false
      ).value
    }
    if let from = wide.projection, let to = narrow.projection {
      // The embeddings keep their own width, and a layer writes them into the stream.
      for (from, to) in tables + [(wide.gamma, narrow.gamma), (wide.beta, narrow.beta)] {
        set(to, weight(from))
      }
      set(to.weight, cut.rows(of: weight(from.weight)))
      set(to.bias, cut.rows(of: asColumn(weight(from.bias))))
    } else {
      for (from, to) in tables { set(to, cut.columns(of: weight(from))) }
      fit(gamma: narrow.gamma, beta: narrow.beta, to: states) { batch, tape in
        narrow.embeddings(
          sample[batch], parameters: narrowWeights, tape: tape, training: false)
      }
    }
    narrowStates = sample.map { tokens in
      narrow.embeddings(
        tokens, parameters: narrowWeights, tape: Tape(pool: pool), training: false
      ).value
    }
    for x in states { moments.add(x) }
  }

  // MARK: Layers

  private mutating func narrowLayer(_ index: Int) throws(LAPACKError) {
    let (from, to) = (wide.layers[index], narrow.layers[index])
    let (h, w) = (wide.configuration, narrow.configuration)
    let input = try reading()
    moments = Moments(columns: h.hiddenSize)
    let context = Moments(columns: h.hiddenSize)
    let attended = Moments(columns: h.hiddenSize)
    let inner = Moments(columns: h.intermediateSize)
    var attendedStates: [Matrix] = []
    for batch in sample.indices {
      let tape = Tape(pool: pool)
      let output = wide.layer(
        index, of: tape.constant(states[batch]), sample[batch], parameters: wideWeights,
        tape: tape, training: false
      ) { part, tensor in
        switch part {
        case .qkv: break
        case .context: context.add(tensor.value)
        case .attended:
          attended.add(tensor.value)
          attendedStates.append(tensor.value)
        case .inner: inner.add(tensor.value)
        }
      }
      moments.add(output.value)
      states[batch] = output.value
    }

    let heads = headCut(context, output: weight(from.attentionWeight))
    // A joined head's score is the mean of those it is joined from. Scores are divided by the
    // square root of a head's size, which is larger now.
    let joined = w.hiddenSize / w.attentionHeads / (h.hiddenSize / h.attentionHeads)
    for part in 0..<3 {
      let source = (
        weight: weight(from.qkvWeight).rows(part * h.hiddenSize..<(part + 1) * h.hiddenSize),
        bias: weight(from.qkvBias).columns(part * h.hiddenSize..<(part + 1) * h.hiddenSize)
      )
      let range = part * w.hiddenSize..<(part + 1) * w.hiddenSize
      let (target, bias) = (to.qkvWeight.rows(range), to.qkvBias.columns(range))
      set(target, heads.rows(of: input.weights(source.weight)))
      set(bias, heads.rows(of: input.bias(source.bias, weights: source.weight)))
      if part == 0, joined > 1 {
        for slot in [target, bias] {
          Kernel.scale(narrowWeights.matrix(slot), by: 1 / Float(joined).squareRoot())
        }
      }
    }
    write(
      from: (from.attentionWeight, from.attentionBias), to: (to.attentionWeight, to.attentionBias),
      reading: try Reading(heads, of: context))
    let units = Cut.largest(
      w.intermediateSize, of: Self.sizes(of: inner, written: weight(from.outputWeight)))
    let unitInput = try Reading(cut, of: attended)
    let (first, firstBias) = (weight(from.intermediateWeight), weight(from.intermediateBias))
    set(to.intermediateWeight, units.rows(of: unitInput.weights(first)))
    set(to.intermediateBias, units.rows(of: unitInput.bias(firstBias, weights: first)))
    write(
      from: (from.outputWeight, from.outputBias), to: (to.outputWeight, to.outputBias),
      reading: try Reading(units, of: inner))

    func output(
      _ batch: Int, _ tape: Tape, visit: (Encoder.LayerPart, Tensor) -> Void = { _, _ in }
    ) -> Tensor {
      narrow.layer(
        index, of: tape.constant(narrowStates[batch]), sample[batch], parameters: narrowWeights,
        tape: tape, training: false, visit: visit)
    }
    fit(gamma: to.attentionGamma, beta: to.attentionBeta, to: attendedStates) { batch, tape in
      var found = tape.constant(narrowStates[batch])
      _ = output(batch, tape) { part, tensor in if part == .attended { found = tensor } }
      return found
    }
    fit(gamma: to.outputGamma, beta: to.outputBeta, to: states) { output($0, $1) }
    narrowStates = sample.indices.map { output($0, Tape(pool: pool)).value }
  }

  /// E W B and E (W offset + b).
  private func write(
    from: (weight: ParameterSlot, bias: ParameterSlot),
    to: (weight: ParameterSlot, bias: ParameterSlot), reading: Reading
  ) {
    let (w, b) = (weight(from.weight), weight(from.bias))
    set(to.weight, cut.rows(of: reading.weights(w)))
    set(to.bias, cut.rows(of: reading.bias(b, weights: w)))
  }

  /// The units of the heads that are kept: those that write the most into the stream.
  private func headCut(_ context: Moments, output: Matrix) -> Cut {
    let (h, w) = (wide.configuration, narrow.configuration)
    let size = h.hiddenSize / h.attentionHeads
    guard w.hiddenSize < h.hiddenSize || w.attentionHeads < h.attentionHeads else {
      return .selected(Array(0..<h.hiddenSize))
    }
    let (covariance, mean) = (context.covariance, context.mean)
    // The mean square of W_k c_k is the trace of W_k (C_k + m_k m_k^T) W_k^T.
    let sizes = (0..<h.attentionHeads).map { head -> Double in
      let units = head * size..<(head + 1) * size
      let second = Matrix(covariance.rows(units).columns(units).values, rows: size, columns: size)
      for i in 0..<size {
        for j in 0..<size {
          second[i, j] += mean[units.lowerBound + i] * mean[units.lowerBound + j]
        }
      }
      let part = output.columns(units)
      let product = Matrix(zeros: part.rows, size)
      Kernel.gemm(part, .none, second, .none, into: product)
      return Kernel.dot(product, part)
    }
    guard case .selected(let kept) = Cut.largest(w.hiddenSize / size, of: sizes) else {
      return .selected([])
    }
    return .selected(kept.flatMap { $0 * size..<($0 + 1) * size })
  }

  /// The mean square of each unit times that of the weights which read it.
  static func sizes(of units: Moments, written: Matrix) -> [Double] {
    let (covariance, mean) = (units.covariance, units.mean)
    return mean.indices.map { unit in
      var weights = 0.0
      for row in 0..<written.rows {
        weights += Double(written[row, unit]) * Double(written[row, unit])
      }
      return (Double(covariance[unit, unit]) + Double(mean[unit]) * Double(mean[unit])) * weights
    }
  }

  /// Fits a LayerNorm of the narrow encoder to wide states.
  ///
  /// - Parameter output: of that LayerNorm on a batch.
  private func fit(
    gamma: ParameterSlot, beta: ParameterSlot, to targets: [Matrix],
    output: (Int, Tape) -> Tensor
  ) {
    let (gains, biases) = (narrowWeights.matrix(gamma), narrowWeights.matrix(beta))
    gains.fill(1)
    biases.fill(0)
    var fits = ColumnFits(columns: cut.count)
    for batch in sample.indices {
      fits.add(output(batch, Tape(pool: pool)).value, target: cut.columns(of: targets[batch]))
    }
    for (column, line) in fits.lines.enumerated() {
      gains[0, column] = line.slope
      biases[0, column] = line.intercept
    }
  }
}
