import Autograd
import Configuration
import Data
import Glibc
import Kernels
import Models
import Trainers

/// What fills the masked tokens of x': the adversary, or a control in its place.
///
/// The controls tell what of an adversary's effect is due to hiding words, to filling them with any
/// words, with usual ones, with fitting ones, and to the adversary's learning.
package struct MaskFill: Sendable {
  /// Where the words come from. Only the adversary learns.
  package enum Kind: String, Sendable, CaseIterable {
    /// The generator, which learns to make teacher and student disagree.
    case adversarial
    /// The generator as it was in the beginning.
    case sampled
    /// The same, but only its likeliest words.
    case topK = "top-k"
    /// The words of the training texts, each as likely as it is frequent.
    case unigram
    /// The words of the vocabulary, all equally likely.
    case uniform
    /// [MASK] stays.
    case mask

    /// Whether the words are a generator's.
    package var needsGenerator: Bool {
      switch self {
      case .adversarial, .sampled, .topK: true
      case .unigram, .uniform, .mask: false
      }
    }
  }

  private let kind: Kind
  private let maskID: Int32
  private let likeliest: Int
  /// Words, and how often each or one before it occurs.
  private let words: [Int32]
  private let sums: [Int]

  /// - Parameter likeliest: the words that `topK` draws from.
  /// - Throws: `MismatchError` if the run has no tokenizer or no texts that a control needs.
  init(_ setup: DistillationSetup, kind: Kind, likeliest: Int, method: String) throws {
    self.kind = kind
    self.likeliest = likeliest
    maskID = setup.maskID
    func missing(_ what: String) -> MismatchError {
      MismatchError(.method, "method \(method): fill \"\(kind.rawValue)\" needs \(what)")
    }
    switch kind {
    case .unigram:
      guard let data = setup.trainingTexts else { throw missing("training texts") }
      let counts = data.ordinaryTokenCounts(
        vocabularySize: setup.student.encoder.configuration.vocabularySize)
      words = counts.indices.filter { counts[$0] > 0 }.map { Int32(truncatingIfNeeded: $0) }
      guard !words.isEmpty else { throw missing("training texts with words") }
      var sum = 0
      sums = words.map {
        sum += counts[Int($0)]
        return sum
      }
    case .uniform:
      guard let tokenizer = setup.tokenizer else { throw missing("a tokenizer") }
      words = SyntheticTexts.ordinaryWords(tokenizer)
      sums = []
    case .adversarial, .sampled, .topK, .mask: (words, sums) = ([], [])
    }
  }

  /// The words of x' at the masked tokens of a shard, drawn anew in every pass.
  ///
  /// - Parameter logits: the generator's logits there; not asked for where they do not matter.
  func words(
    at masks: MaskedAdversary.Masks, of shard: Shard, on tape: Tape, logits: () -> Tensor
  ) -> [Int32] {
    switch kind {
    case .adversarial, .sampled: tape.gumbelArgmax(logits(), noise: masks.noise)
    case .mask: masks.rows.map { _ in maskID }
    case .topK: drawn(at: masks.rows, of: shard, on: tape, amongLikeliest: logits().value)
    case .unigram, .uniform:
      draws(at: masks.rows, of: shard, on: tape) { _, stream in
        guard let total = sums.last else { return words[stream.nextBelow(words.count)] }
        let place = stream.nextBelow(total)
        // The first sum above the place.
        var (low, high) = (0, sums.count - 1)
        while low < high {
          let middle = (low + high) / 2
          if sums[middle] > place { high = middle } else { low = middle + 1 }
        }
        return words[low]
      }
    }
  }

  private func drawn(
    at rows: [Int], of shard: Shard, on tape: Tape, amongLikeliest logits: Matrix
  ) -> [Int32] {
    let likely = Kernel.largestColumns(logits, count: likeliest)
    return draws(at: rows, of: shard, on: tape) { index, stream in
      let columns = likely[index]
      let highest = logits[index, Int(columns[0])]
      let weights = columns.map { exp(Double(logits[index, Int($0)] - highest)) }
      var left = Double(stream.nextUniform()) * weights.reduce(0, +)
      for (column, weight) in zip(columns, weights) {
        left -= weight
        if left < 0 { return column }
      }
      return columns[columns.count - 1]
    }
  }

  /// A word for each row, drawn from a stream of the row's text.
  private func draws(
    at rows: [Int], of shard: Shard, on tape: Tape,
    _ draw: (_ index: Int, _ stream: inout RandomStream) -> Int32
  ) -> [Int32] {
    var streams = shard.places.map {
      RandomStream(seed: tape.seed, purpose: .noise, step: tape.step, site: .text($0))
    }
    var text = 0
    return rows.enumerated().map { index, row in
      while shard.tokens.offsets[text + 1] <= row { text += 1 }
      return draw(index, &streams[text])
    }
  }
}
