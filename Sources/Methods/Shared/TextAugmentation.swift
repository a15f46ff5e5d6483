import Autograd
import Configuration
import Kernels
import Models
import Trainers

/// Texts in which a masked language model has replaced some of the words: TinyBERT's data
/// augmentation, in one of two forms.
package struct TextAugmentation: Sendable {
  /// How words are replaced.
  package enum Form: String, Sendable, CaseIterable {
    /// All chosen words are hidden at once and anew in every pass, stop words too
    /// (`WordReplacement`).
    case joint
    /// One word at a time, copies and the original in turn, no stop words
    /// (`WordByWordReplacement`).
    case official
  }

  /// The constants.
  package struct Settings: Sendable {
    package var form = Form.joint
    /// p_t, 0.4 in the paper.
    package var probability: Float = 0.4
    /// M, 15 in the paper (K there).
    package var candidates = 15
    /// N of the official form.
    package var copies = 30

    package init() {}

    /// Reads the keys of a form.
    init(_ section: ConfigSection, form: Form) throws {
      self.form = form
      probability = Float(
        try section.number(
          "replacement_probability", default: 0.4, in: 0...1, "How likely a word is replaced."))
      candidates = try section.int(
        "candidates", default: 15, in: 1...1000,
        "The likeliest words of the language model from which a replacement is drawn.")
      if form == .official {
        copies = try section.int(
          "copies", default: 30, in: 1...1_000_000,
          "Changed copies of a text; a pass reads one of them or the original.")
      }
    }
  }

  private let settings: Settings
  private let model: MaskedLanguageModel
  private let borders: WordBorders
  private let maskID: Int32
  private let wordByWord: WordByWordReplacement?

  /// - Throws: `MismatchError` if the run has no masked language model.
  init<Head>(_ setup: MethodSetup<Head>, settings: Settings, method: String) throws {
    guard let model = setup.generator, let tokenizer = setup.tokenizer else {
      throw MismatchError(
        .method,
        "method \(method) needs a masked language model that replaces words: add a section "
          + "\"generator\" (mate-kd pretrain makes one)")
    }
    self.settings = settings
    self.model = model
    borders = WordBorders(tokenizer)
    maskID = setup.maskID
    wordByWord =
      settings.form == .joint
      ? nil
      : WordByWordReplacement(
        model, tokenizer: tokenizer, borders: borders, probability: settings.probability,
        candidates: settings.candidates, copies: settings.copies, seed: setup.seed)
  }

  /// The augmented texts of a shard, and counts that `rates` makes into shares.
  func texts(_ shard: Shard, step: StepContext, tape: Tape) -> (tokens: PackedTokens, Scalars) {
    let found = replacements(shard, step: step, tape: tape)
    var counts = Scalars()
    counts["words"] = Double(found.words)
    counts["replacement_rate"] = Double(found.chosen.count)
    counts["unchanged_rate"] = Double(
      zip(found.chosen, found.new).count { word, id in
        id.map { shard.tokens.ids[word] == [$0] } ?? true
      })
    let tokens =
      found.chosen.isEmpty
      ? shard.tokens : shard.tokens.replacing(found.chosen, with: found.new).tokens
    return (tokens, counts)
  }

  private func replacements(
    _ shard: Shard, step: StepContext, tape: Tape
  ) -> WordByWordReplacement.Replacements {
    if let wordByWord {
      return wordByWord.replacements(in: shard, draw: step.drawNumber, tape: tape)
    }
    let replacement = WordReplacement(
      probability: settings.probability, candidates: settings.candidates, borders: borders,
      maskID: maskID, seed: step.seed)
    let (chosen, words) = replacement.choose(shard, draw: step.drawNumber)
    var found = WordByWordReplacement.Replacements(chosen: chosen, words: words)
    if !chosen.isEmpty {
      let masked = shard.tokens.replacing(chosen, with: chosen.map { _ in maskID })
      let logits = model.logits(masked.tokens, rows: masked.rows, tape: tape, training: false)
      found.new = replacement.draw(
        chosen, logits: logits.value, of: shard, draw: step.drawNumber)
    }
    return found
  }

  /// Turns the sums of a step into words per text, the share of them that were replaced, and the
  /// share of those that came back unchanged.
  static func rates(_ step: StepContext, _ sums: Scalars) -> Scalars {
    var scalars = sums
    let (words, chosen) = (sums["words"], sums["replacement_rate"])
    scalars["words"] = words / Double(step.count)
    scalars["replacement_rate"] = chosen / max(1, words)
    scalars["unchanged_rate"] = sums["unchanged_rate"] / max(1, chosen)
    return scalars
  }
}
