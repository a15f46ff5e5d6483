import Autograd
import Kernels

/// Selects the tokens whose last hidden states are wanted. The last layer is computed for no
/// others.
public enum RowSelection: Sendable {
  /// All tokens.
  case all
  /// The given tokens, as ascending indices into the packed batch.
  case rows([Int])
}

/// The weights of one Transformer layer, as slots in the model's parameters.
struct EncoderLayer: Sendable {
  let qkvWeight, qkvBias: ParameterSlot
  let attentionWeight, attentionBias, attentionGamma, attentionBeta: ParameterSlot
  let intermediateWeight, intermediateBias: ParameterSlot
  let outputWeight, outputBias, outputGamma, outputBeta: ParameterSlot

  init(_ c: EncoderConfiguration, prefix: String, in layout: inout ParameterLayout) {
    let names = c.family.description.layer
    let h = c.hiddenSize
    let i = c.intermediateSize
    func weight(_ part: String, _ shape: [Int]) -> ParameterSlot {
      layout.add("\(prefix).\(part).weight", shape, decays: true)
    }
    func vector(_ name: String, _ width: Int) -> ParameterSlot {
      layout.add("\(prefix).\(name)", [width], decays: false)
    }
    // Declared in succession, so that one product computes all three.
    let query = weight(names.query, [h, h])
    _ = weight(names.key, [h, h])
    _ = weight(names.value, [h, h])
    qkvWeight = ParameterSlot(offset: query.offset, rows: 3 * h, columns: h)
    let queryBias = vector("\(names.query).bias", h)
    _ = vector("\(names.key).bias", h)
    _ = vector("\(names.value).bias", h)
    qkvBias = ParameterSlot(offset: queryBias.offset, rows: 1, columns: 3 * h)
    attentionWeight = weight(names.attentionOutput, [h, h])
    attentionBias = vector("\(names.attentionOutput).bias", h)
    attentionGamma = vector("\(names.attentionNorm).weight", h)
    attentionBeta = vector("\(names.attentionNorm).bias", h)
    intermediateWeight = weight(names.intermediate, [i, h])
    intermediateBias = vector("\(names.intermediate).bias", i)
    outputWeight = weight(names.output, [h, i])
    outputBias = vector("\(names.output).bias", h)
    outputGamma = vector("\(names.outputNorm).weight", h)
    outputBeta = vector("\(names.outputNorm).bias", h)
  }
}

/// Embeddings and Transformer layers over packed texts, for all families of `ModelFamily` (Devlin
/// et al. 2019 and descendants).
public struct Encoder: Sendable {
  /// The architecture.
  public let configuration: EncoderConfiguration
  /// The word embeddings, [vocabulary, H].
  public let words: ParameterSlot
  let positions: ParameterSlot
  let types: ParameterSlot?
  let gamma, beta: ParameterSlot
  /// From the embeddings' width to that of the states; nil where they are equal.
  let projection: (weight: ParameterSlot, bias: ParameterSlot)?
  let layers: [EncoderLayer]

  init(_ c: EncoderConfiguration, in layout: inout ParameterLayout) {
    configuration = c
    let family = c.family.description
    let e = c.wordWidth
    func table(_ name: String, _ rows: Int) -> ParameterSlot {
      layout.add("\(family.encoder).embeddings.\(name).weight", [rows, e], decays: true)
    }
    words = table("word_embeddings", c.vocabularySize)
    positions = table("position_embeddings", c.maximumPositions)
    types = family.hasSegments ? table("token_type_embeddings", c.typeVocabularySize) : nil
    gamma = layout.add("\(family.encoder).embeddings.LayerNorm.weight", [e], decays: false)
    beta = layout.add("\(family.encoder).embeddings.LayerNorm.bias", [e], decays: false)
    if e != c.hiddenSize {
      let name = "\(family.encoder).embeddings_project"
      projection = (
        layout.add("\(name).weight", [c.hiddenSize, e], decays: true),
        layout.add("\(name).bias", [c.hiddenSize], decays: false)
      )
    } else {
      projection = nil
    }
    layers = (0..<c.layers).map {
      EncoderLayer(c, prefix: "\(family.encoder).\(family.layers).\($0)", in: &layout)
    }
  }

  /// The hidden states of a forward pass.
  public struct Output {
    /// The last layer's states, [selected tokens, H].
    public let last: Tensor
    /// The output of the embeddings and the states of every layer, [tokens, H] each; empty unless
    /// requested.
    public let hiddenStates: [Tensor]
    /// The queries, keys and values of every layer, [tokens, 3 H], with the queries of all heads
    /// first; empty unless hidden states are requested.
    public let projections: [Tensor]
  }

  /// The word embeddings of some ids, [ids.count, `wordWidth`], before positions and segments are
  /// added.
  public func wordVectors(_ ids: [Int32], parameters: Parameters, tape: Tape) -> Tensor {
    tape.gatherRows(tape.parameter(words, of: parameters), ids.map(Int.init))
  }

  /// Runs the encoder.
  ///
  /// - Parameters:
  ///   - tokens: packed texts, none longer than `maximumLength`.
  ///   - parameters: the weights of the model to which this encoder belongs.
  ///   - tape: records the pass.
  ///   - training: true switches dropout on.
  ///   - selection: tokens whose last states are wanted.
  ///   - sample: tokens whose words are straight-through samples (their ids are in `tokens`).
  ///   - vectors: word embeddings to use instead of those of the ids, [tokens, `wordWidth`].
  ///     Positions, segments and LayerNorm still apply (`inputs_embeds` in transformers).
  ///   - keepsHiddenStates: true returns the states of every layer; the selection must then be
  ///     `.all`.
  public func encode(
    _ tokens: PackedTokens, parameters: Parameters, tape: Tape, training: Bool,
    selection: RowSelection = .all, sample: (rows: [Int], words: StraightThroughSample)? = nil,
    vectors: Tensor? = nil, keepsHiddenStates: Bool = false
  ) -> Output {
    let c = configuration
    precondition(tokens.longest <= c.maximumLength, "text longer than the position embeddings")
    var x = embeddings(
      tokens, parameters: parameters, tape: tape, training: training, sample: sample,
      vectors: vectors)
    var states: [Tensor] = keepsHiddenStates ? [x] : []
    var projections: [Tensor] = []
    for index in layers.indices {
      var rows: [Int]?
      if index == layers.count - 1, case .rows(let selected) = selection { rows = selected }
      x = layer(
        index, of: x, tokens, parameters: parameters, tape: tape, training: training, rows: rows
      ) { part, tensor in
        if keepsHiddenStates, part == .qkv { projections.append(tensor) }
      }
      if keepsHiddenStates { states.append(x) }
    }
    if layers.isEmpty, case .rows(let rows) = selection { x = tape.gatherRows(x, rows) }
    return Output(last: x, hiddenStates: states, projections: projections)
  }

  /// The output of the embeddings, [tokens, H]; the parameters are those of `encode`.
  func embeddings(
    _ tokens: PackedTokens, parameters: Parameters, tape: Tape, training: Bool,
    sample: (rows: [Int], words: StraightThroughSample)? = nil, vectors: Tensor? = nil
  ) -> Tensor {
    let c = configuration
    func weight(_ slot: ParameterSlot) -> Tensor { tape.parameter(slot, of: parameters) }
    // transformers knows padding by its id alone, and vectors have none.
    let isText = vectors == nil && sample == nil && !tokens.standForVectors
    let padding = isText && c.firstPosition > 0 ? Int32(truncatingIfNeeded: c.padTokenID) : nil
    let sum = tape.embedding(
      words: vectors ?? weight(words), positions: weight(positions), types: types.map(weight),
      ids: vectors == nil ? tokens.ids : tokens.ids.indices.map { Int32(truncatingIfNeeded: $0) },
      positionIDs: tokens.positions(from: c.firstPosition, padding: padding),
      // If all tokens share one segment, the segments of a tokenizer mean nothing.
      typeIDs: c.typeVocabularySize > 1
        ? tokens.typeIDs : [Int32](repeating: 0, count: tokens.ids.count),
      sample: sample)
    var x = tape.addNorm(
      sum, residual: nil, gamma: weight(gamma), beta: weight(beta), epsilon: c.layerNormEpsilon)
    x = tape.dropout(x, probability: training ? c.hiddenDropout : 0)
    if let projection {
      x = tape.linear(x, weight: weight(projection.weight), bias: weight(projection.bias))
    }
    return x
  }

  /// What a layer computes on its way to its output, one row per token.
  enum LayerPart {
    /// Queries, keys and values, [tokens, 3 H]; not computed if only some rows were asked for.
    case qkv
    /// What the heads gathered, side by side, [rows, H].
    case context
    /// The output of the attention's LayerNorm, [rows, H].
    case attended
    /// The units of the feed-forward layer after their activation, [rows, I].
    case inner
  }

  /// One layer of some states.
  ///
  /// - Parameters:
  ///   - rows: the tokens whose output is wanted; nil for all. Keys and values are those of all
  ///     tokens in any case.
  ///   - visit: sees what is computed on the way. What it does not keep is released as soon as it
  ///     is not needed any more, so that passes without gradients take little memory.
  /// - Returns: the layer's output, [rows, H].
  func layer(
    _ index: Int, of x: Tensor, _ tokens: PackedTokens, parameters: Parameters, tape: Tape,
    training: Bool, rows: [Int]? = nil, visit: (LayerPart, Tensor) -> Void = { _, _ in }
  ) -> Tensor {
    let c = configuration
    let layer = layers[index]
    let hiddenDropout = training ? c.hiddenDropout : 0
    let attentionDropout = training ? c.attentionDropout : 0
    let attendedDropout = c.family.description.dropsAttentionOutput ? hiddenDropout : 0
    func weight(_ slot: ParameterSlot) -> Tensor { tape.parameter(slot, of: parameters) }
    var residual = x
    let context: Tensor
    if let rows {
      // Only these rows are read later: compute keys and values of all tokens, all else of these.
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
      visit(.qkv, qkv)
      context = tape.attention(
        qkv: qkv, layout: AttentionLayout(offsets: tokens.offsets), heads: c.attentionHeads,
        dropout: attentionDropout)
    }
    visit(.context, context)
    let attended = tape.addNorm(
      tape.linear(
        context, weight: weight(layer.attentionWeight), bias: weight(layer.attentionBias)),
      residual: residual, gamma: weight(layer.attentionGamma), beta: weight(layer.attentionBeta),
      epsilon: c.layerNormEpsilon, dropout: attendedDropout)
    visit(.attended, attended)
    let inner = tape.linear(
      attended, weight: weight(layer.intermediateWeight), bias: weight(layer.intermediateBias),
      activation: c.activation)
    visit(.inner, inner)
    return tape.addNorm(
      tape.linear(inner, weight: weight(layer.outputWeight), bias: weight(layer.outputBias)),
      residual: attended, gamma: weight(layer.outputGamma), beta: weight(layer.outputBeta),
      epsilon: c.layerNormEpsilon, dropout: hiddenDropout)
  }
}

extension ParameterSlot {
  /// A range of rows of a matrix, as a slot of its own.
  func rows(_ range: Range<Int>) -> ParameterSlot {
    ParameterSlot(
      offset: offset + range.lowerBound * columns, rows: range.count, columns: columns)
  }

  /// A range of elements of a vector, as a slot of its own.
  func columns(_ range: Range<Int>) -> ParameterSlot {
    ParameterSlot(offset: offset + range.lowerBound, rows: 1, columns: range.count)
  }
}
