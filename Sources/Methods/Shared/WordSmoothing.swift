import Autograd
import Configuration
import Kernels
import Models

/// Smoothed texts: every word mixed with what a frozen masked language model, which sees the text
/// unmasked, expects in its place.
///
/// x^_i = (1 - lambda) onehot(x_i) + lambda softmax(MLM(x)_i / t); models read x^ E, with their
/// embedding matrix E, in place of their word embeddings. It makes word vectors for packed texts
/// and does not depend on labels, so any objective can use it. Source: Wu et al. 2020 (arXiv
/// 2005.03848), where lambda is the weight of the one-hot, and 2022 (arXiv 2202.13840), whose
/// lambda this is.
package struct WordSmoothing: Sendable {
  /// The constants. The defaults are those of the 2022 code, except for special tokens.
  package struct Settings: Sendable {
    /// lambda: weight of the language model's distribution (`smooth_rate` in the 2022 code).
    package var rate: Float = 0.5
    /// t (`temp_rate`).
    package var temperature: Float = 1
    /// The 2022 paper mentions dropout in the language model; its code switches it off.
    package var usesDropout = false
    /// The 2022 code smooths [CLS] and [SEP] as well.
    package var smoothsSpecialTokens = false

    package init() {}

    /// - Throws: `ConfigError`.
    package init(_ section: ConfigSection) throws {
      rate = Float(
        try section.number(
          "lambda", default: 0.5, in: 0...1,
          "Weight of the language model's words against the text's own."))
      temperature = Float(
        try section.number(
          "smoothing_temperature", default: 1, in: 0.01...1000,
          "What the language model's logits are divided by in the softmax."))
      usesDropout = try section.bool(
        "mlm_dropout", default: false, "Whether the language model has dropout.")
      smoothsSpecialTokens = try section.bool(
        "smooth_special_tokens", default: false,
        "Whether special tokens are smoothed like all others.")
    }
  }

  /// Word vectors of smoothed texts.
  package struct Vectors {
    /// For each model, [tokens, its width]: what its encoder takes for `vectors`.
    package let vectors: [Tensor]
    /// Number of smoothed tokens.
    package let count: Int
    /// Sum over the smoothed tokens of the probability that the language model gives to the
    /// original word.
    package let kept: Double
  }

  /// The language model; never changed.
  package let languageModel: MaskedLanguageModel
  /// The constants.
  package let settings: Settings

  /// Smoothing by a language model of the same vocabulary as the models that will read the texts.
  package init(_ languageModel: MaskedLanguageModel, settings: Settings) {
    self.languageModel = languageModel
    self.settings = settings
  }

  /// Smoothed word vectors of some texts, one set for each model that reads them. The language
  /// model is run once; the gradient reaches the word embeddings of the models that learn.
  ///
  /// - Parameter isSpecial: true for tokens that are smoothed only if special ones are; one per
  ///   token.
  package func vectors(
    of tokens: PackedTokens, isSpecial: [Bool], for models: [any Model], tape: Tape
  ) -> Vectors {
    let rows = tokens.ids.indices.filter { settings.smoothsSpecialTokens || !isSpecial[$0] }
    let distribution = languageModel.distribution(
      tokens, rows: rows.count == tokens.ids.count ? nil : rows,
      temperature: settings.temperature, tape: tape, training: settings.usesDropout)
    let tables = models.map { tape.parameter($0.encoder.words, of: $0.parameters) }
    let (vectors, kept) = tape.softEmbedding(
      tables: tables, ids: tokens.ids, rows: rows, distribution: distribution,
      rate: settings.rate)
    return Vectors(vectors: vectors, count: rows.count, kept: kept)
  }
}
