import Data
import Kernels

/// The four edits of EDA: words of a text are replaced by synonyms, joined by synonyms of others,
/// swapped or left out. Whatever is not a word stays where it is.
///
/// Source: Wei and Zou 2019 (arXiv 1901.11196); docs/methods/eda.md lists every difference.
package struct WordEdits: Sendable {
  /// One of the four.
  package enum Edit: CaseIterable, Sendable {
    /// n words that are no stop words give way to synonyms wherever they stand.
    case replacement
    /// n times a synonym of a word is set before some word.
    case insertion
    /// n times two words change places.
    case swap
    /// Every word is left out with probability alpha, but never all of them.
    case deletion
  }

  /// A piece of a text.
  package struct Unit: Sendable, Equatable {
    /// Its tokens.
    package var ids: [Int32]
    /// Its spelling in lower case; nil if it is no word.
    package var word: String?

    package init(ids: [Int32], word: String?) {
      self.ids = ids
      self.word = word
    }
  }

  /// How often another word is tried in a text where one has no synonyms, as in the official code.
  private static let attempts = 10
  /// How often another place is tried if a word would change places with itself.
  private static let placeAttempts = 3

  private let alpha: Double
  private let synonyms: @Sendable (String) throws -> [String]
  private let tokens: @Sendable (String) -> [Int32]

  /// - Parameters:
  ///   - alpha: the share of a text's words that an edit changes, but at least one word. At 0
  ///     nothing changes.
  ///   - synonyms: words and phrases of lower-case letters and spaces that mean the same.
  ///   - tokens: the tokens of a word or phrase within a text.
  package init(
    alpha: Double, synonyms: @escaping @Sendable (String) throws -> [String],
    tokens: @escaping @Sendable (String) -> [Int32]
  ) {
    self.alpha = alpha
    self.synonyms = synonyms
    self.tokens = tokens
  }

  /// A text after an edit.
  ///
  /// - Throws: whatever `synonyms` throws.
  package func apply(
    _ edit: Edit, to text: [Unit], stream: inout RandomStream
  ) throws -> [Unit] {
    let words = text.count { $0.word != nil }
    guard alpha > 0, words > 0 else { return text }
    let count = max(1, Int(alpha * Double(words)))
    switch edit {
    case .replacement: return try replacing(count, in: text, &stream)
    case .insertion:
      return try (0..<count).reduce(text) { text, _ in try inserting(in: text, &stream) }
    case .swap: return (0..<count).reduce(text) { text, _ in swapping(in: text, &stream) }
    case .deletion: return deleting(from: text, &stream)
    }
  }

  private func replacing(
    _ count: Int, in text: [Unit], _ stream: inout RandomStream
  ) throws -> [Unit] {
    var seen: Set<String> = []
    var candidates = text.compactMap(\.word).filter {
      !EnglishStopWords.contains($0) && seen.insert($0).inserted
    }
    var (text, replaced) = (text, 0)
    while replaced < count, !candidates.isEmpty {
      let word = candidates.remove(at: stream.nextBelow(candidates.count))
      guard let synonym = try synonym(of: word, &stream) else { continue }
      for place in text.indices where text[place].word == word { text[place] = synonym }
      replaced += 1
    }
    return text
  }

  private func inserting(in text: [Unit], _ stream: inout RandomStream) throws -> [Unit] {
    let places = Self.places(text)
    for _ in 0..<Self.attempts {
      let word = text[places[stream.nextBelow(places.count)]].word ?? ""
      guard let synonym = try synonym(of: word, &stream) else { continue }
      var text = text
      text.insert(synonym, at: places[stream.nextBelow(places.count)])
      return text
    }
    return text
  }

  private func swapping(in text: [Unit], _ stream: inout RandomStream) -> [Unit] {
    let places = Self.places(text)
    let first = stream.nextBelow(places.count)
    for _ in 0..<Self.placeAttempts {
      let second = stream.nextBelow(places.count)
      guard second != first else { continue }
      var text = text
      text.swapAt(places[first], places[second])
      return text
    }
    return text
  }

  private func deleting(from text: [Unit], _ stream: inout RandomStream) -> [Unit] {
    let places = Self.places(text)
    guard places.count > 1 else { return text }
    var deleted = Set(places.filter { _ in Double(stream.nextUniform()) < alpha })
    if deleted.count == places.count { deleted.remove(places[stream.nextBelow(places.count)]) }
    return text.indices.filter { !deleted.contains($0) }.map { text[$0] }
  }

  private func synonym(of word: String, _ stream: inout RandomStream) throws -> Unit? {
    let synonyms = try synonyms(word)
    guard !synonyms.isEmpty else { return nil }
    let synonym = synonyms[stream.nextBelow(synonyms.count)]
    return Unit(ids: tokens(synonym), word: synonym)
  }

  private static func places(_ text: [Unit]) -> [Int] {
    text.indices.filter { text[$0].word != nil }
  }
}
