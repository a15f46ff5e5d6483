import Autograd
import Kernels

/// Which tokens' last hidden states are wanted; the last layer is computed for no others.
public enum RowSelection: Sendable {
  /// All tokens.
  case all
  /// The given tokens, ascending indices into the packed batch.
  case rows([Int])
}

/// The weights of one Transformer layer, as places in the model's parameters.
struct EncoderLayer: Sendable {
  let qkvWeight, qkvBias: ParameterSlot
  let attentionWeight, attentionBias, attentionGamma, attentionBeta: ParameterSlot
  let intermediateWeight, intermediateBias: ParameterSlot
  let outputWeight, outputBias, outputGamma, outputBeta: ParameterSlot

  init(_ c: EncoderConfiguration, prefix: String, in layout: inout ParameterLayout) {
    let h = c.hiddenSize
    func name(_ part: String) -> String { "\(prefix).\(part)" }
    // Declared one after the other, so that one product computes all three.
    let query = layout.add(name("attention.self.query.weight"), [h, h], decays: true)
    _ = layout.add(name("attention.self.key.weight"), [h, h], decays: true)
    _ = layout.add(name("attention.self.value.weight"), [h, h], decays: true)
    qkvWeight = ParameterSlot(offset: query.offset, rows: 3 * h, columns: h)
    let queryBias = layout.add(name("attention.self.query.bias"), [h], decays: false)
    _ = layout.add(name("attention.self.key.bias"), [h], decays: false)
    _ = layout.add(name("attention.self.value.bias"), [h], decays: false)
    qkvBias = ParameterSlot(offset: queryBias.offset, rows: 1, columns: 3 * h)
    attentionWeight = layout.add(name("attention.output.dense.weight"), [h, h], decays: true)
    attentionBias = layout.add(name("attention.output.dense.bias"), [h], decays: false)
    attentionGamma = layout.add(name("attention.output.LayerNorm.weight"), [h], decays: false)
    attentionBeta = layout.add(name("attention.output.LayerNorm.bias"), [h], decays: false)
    let i = c.intermediateSize
    intermediateWeight = layout.add(name("intermediate.dense.weight"), [i, h], decays: true)
    intermediateBias = layout.add(name("intermediate.dense.bias"), [i], decays: false)
    outputWeight = layout.add(name("output.dense.weight"), [h, i], decays: true)
    outputBias = layout.add(name("output.dense.bias"), [h], decays: false)
    outputGamma = layout.add(name("output.LayerNorm.weight"), [h], decays: false)
    outputBeta = layout.add(name("output.LayerNorm.bias"), [h], decays: false)
  }
}

/// Embeddings and Transformer layers of BERT (Devlin et al. 2019), over packed texts.
public struct Encoder: Sendable {
  /// The architecture.
  public let configuration: EncoderConfiguration
  let words, positions, types, gamma, beta: ParameterSlot
  let layers: [EncoderLayer]

  init(_ c: EncoderConfiguration, prefix: String, in layout: inout ParameterLayout) {
    configuration = c
    let h = c.hiddenSize
    words = layout.add(
      "\(prefix)embeddings.word_embeddings.weight", [c.vocabularySize, h], decays: true)
    positions = layout.add(
      "\(prefix)embeddings.position_embeddings.weight", [c.maximumPositions, h], decays: true)
    types = layout.add(
      "\(prefix)embeddings.token_type_embeddings.weight", [c.typeVocabularySize, h], decays: true)
    gamma = layout.add("\(prefix)embeddings.LayerNorm.weight", [h], decays: false)
    beta = layout.add("\(prefix)embeddings.LayerNorm.bias", [h], decays: false)
    layers = (0..<c.layers).map {
      EncoderLayer(c, prefix: "\(prefix)encoder.layer.\($0)", in: &layout)
    }
  }

  /// Hidden states of a forward pass.
  public struct Output {
    /// The last layer's states: a row per selected token.
    public let last: Tensor
    /// Embedding output and every layer's states, all tokens; empty unless asked for.
    public let hiddenStates: [Tensor]
  }

  /// Runs the encoder.
  ///
  /// - Parameters:
  ///   - tokens: packed texts, none longer than `maximumPositions`.
  ///   - parameters: the weights of the model that this encoder is part of.
  ///   - training: true switches dropout on.
  ///   - selection: tokens whose last states are wanted.
  ///   - sample: tokens whose words are straight-through samples (their ids are in `tokens`).
  ///   - keepsHiddenStates: true returns every layer's states; the selection must then be `.all`.
  public func encode(
    _ tokens: PackedTokens, parameters: Parameters, tape: Tape, training: Bool,
    selection: RowSelection = .all, sample: (rows: [Int], words: StraightThroughSample)? = nil,
    keepsHiddenStates: Bool = false
  ) -> Output {
    let c = configuration
    precondition(tokens.longest <= c.maximumPositions, "text longer than the position embeddings")
    let hiddenDropout = training ? c.hiddenDropout : 0
    let attentionDropout = training ? c.attentionDropout : 0
    func weight(_ slot: ParameterSlot) -> Tensor { tape.parameter(slot, of: parameters) }

    let sum = tape.embedding(
      words: weight(words), positions: weight(positions), types: weight(types), ids: tokens.ids,
      positionIDs: tokens.positions, typeIDs: tokens.typeIDs, sample: sample)
    var x = tape.addNorm(
      sum, residual: nil, gamma: weight(gamma), beta: weight(beta), epsilon: c.layerNormEpsilon)
    x = tape.dropout(x, probability: hiddenDropout)
    var states: [Tensor] = keepsHiddenStates ? [x] : []

    for (index, layer) in layers.enumerated() {
      var residual = x
      let context: Tensor
      if index == layers.count - 1, case .rows(let rows) = selection {
        // Only these rows are read later: keys and values of all tokens, everything else of these.
        let h = c.hiddenSize
        residual = tape.gatherRows(x, rows)
        let q = tape.linear(
          residual, weight: weight(layer.qkvWeight.rows(0..<h)),
          bias: weight(layer.qkvBias.columns(0..<h)))
        let kv = tape.linear(
          x, weight: weight(layer.qkvWeight.rows(h..<3 * h)),
          bias: weight(layer.qkvBias.columns(h..<3 * h)))
        let layout = AttentionLayout(queries: tokens.borders(ofRows: rows), keys: tokens.offsets)
        context = tape.attention(
          q: q, kv: kv, layout: layout, heads: c.attentionHeads, dropout: attentionDropout)
      } else {
        let qkv = tape.linear(x, weight: weight(layer.qkvWeight), bias: weight(layer.qkvBias))
        context = tape.attention(
          qkv: qkv, layout: AttentionLayout(offsets: tokens.offsets), heads: c.attentionHeads,
          dropout: attentionDropout)
      }
      let attended = tape.addNorm(
        tape.linear(
          context, weight: weight(layer.attentionWeight), bias: weight(layer.attentionBias)),
        residual: residual, gamma: weight(layer.attentionGamma), beta: weight(layer.attentionBeta),
        epsilon: c.layerNormEpsilon, dropout: hiddenDropout)
      let inner = tape.linear(
        attended, weight: weight(layer.intermediateWeight), bias: weight(layer.intermediateBias),
        activation: c.activation)
      x = tape.addNorm(
        tape.linear(inner, weight: weight(layer.outputWeight), bias: weight(layer.outputBias)),
        residual: attended, gamma: weight(layer.outputGamma), beta: weight(layer.outputBeta),
        epsilon: c.layerNormEpsilon, dropout: hiddenDropout)
      if keepsHiddenStates { states.append(x) }
    }
    if layers.isEmpty, case .rows(let rows) = selection { x = tape.gatherRows(x, rows) }
    return Output(last: x, hiddenStates: states)
  }
}

extension ParameterSlot {
  /// Some of a matrix's rows as a slot of their own.
  func rows(_ range: Range<Int>) -> ParameterSlot {
    ParameterSlot(
      offset: offset + range.lowerBound * columns, rows: range.count, columns: columns)
  }

  /// Some elements of a vector as a slot of their own.
  func columns(_ range: Range<Int>) -> ParameterSlot {
    ParameterSlot(offset: offset + range.lowerBound, rows: 1, columns: range.count)
  }
}
