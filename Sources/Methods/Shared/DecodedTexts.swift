import Configuration
import Data
import Kernels
import Models
import Trainers

/// How a teacher reads the texts that a method makes of the student's tokens.
package enum TeacherInput: String, Sendable, CaseIterable {
  /// Token by token: both models share a vocabulary, and the gradient of a generator that wrote the
  /// tokens passes through both.
  case embeddings
  /// As text: the tokens are decoded, and the teacher's own tokenizer cuts the text. No gradient
  /// passes through the teacher.
  case decodedText = "decoded_text"

  /// The key of the section `method`.
  static let key = "teacher_input"

  /// Reads the key.
  init(_ section: ConfigSection) throws {
    self = try section.choice(
      Self.key, default: .embeddings,
      "How the teacher reads adversarial texts: the `embeddings` of their tokens, or the "
        + "decoded text by its own tokenizer and vocabulary, with no gradient through it.")
  }

  /// Whether a section asks for decoded texts.
  @Sendable static func isDecoded(_ section: ConfigSection) -> Bool {
    section.value(of: key)?.string == Self.decodedText.rawValue
  }
}

/// Texts made of the student's tokens, as a teacher with its own tokenizer reads them.
package struct DecodedTexts: Sendable {
  /// The training rows as the teacher reads them.
  package let rows: TokenizedDataset
  private let tokenizer: any Tokenizer
  private let maximumLength: Int
  private let isPair: Bool
  private let teacherTokenizer: any Tokenizer

  /// - Parameters:
  ///   - tokenizer: the student's, which decodes.
  ///   - isPair: whether every row has two texts.
  ///   - teacherTokenizer: what cuts the decoded texts.
  ///   - maximumLength: the teacher's texts are cut to so many tokens.
  ///   - rows: the training rows as the teacher reads them.
  /// - Throws: `MismatchError` if the texts of a pair cannot be told apart.
  package init(
    tokenizer: any Tokenizer, isPair: Bool, teacherTokenizer: any Tokenizer, maximumLength: Int,
    rows: TokenizedDataset
  ) throws {
    guard !isPair || tokenizer.template.separatesTexts else {
      throw MismatchError(
        .vocabulary,
        "the student's tokenizer puts no special token between the texts of a pair (the "
          + "post_processor of tokenizer.json), so they cannot be decoded for the teacher")
    }
    self.tokenizer = tokenizer
    self.isPair = isPair
    self.teacherTokenizer = teacherTokenizer
    self.maximumLength = maximumLength
    self.rows = rows
  }

  /// What the teacher reads in place of some tokens: a text, or the two of a pair.
  ///
  /// - Parameter isSpecial: of each token; see `Encoding`.
  package func decoded(_ ids: ArraySlice<Int32>, isSpecial: ArraySlice<Bool>) -> [[UInt8]] {
    let (first, second) = tokenizer.template.texts(isSpecial: isSpecial, isPair: isPair)
    return [first, second].compactMap { $0 }.map { range in
      let start = ids.startIndex - isSpecial.startIndex
      return tokenizer.decode(ids[range.lowerBound + start..<range.upperBound + start])
    }
  }

  /// Texts with the layout of a shard's, as the teacher reads them.
  func tokens(_ texts: PackedTokens, of shard: Shard) -> PackedTokens {
    let encodings = (0..<texts.count).map { text -> Encoding in
      let range = texts.range(text)
      let parts = decoded(texts.ids[range], isSpecial: shard.isSpecial[range])
      return teacherTokenizer.encode(
        parts[0][...], pair: parts.count > 1 ? parts[1][...] : nil, maxLength: maximumLength)
    }
    var offsets = [0]
    for encoding in encodings { offsets.append(offsets[offsets.count - 1] + encoding.ids.count) }
    return PackedTokens(
      ids: encodings.flatMap(\.ids), typeIDs: encodings.flatMap { $0.typeIDs.map(Int32.init) },
      offsets: offsets)
  }

  /// A shard's own texts as the teacher reads them.
  func tokens(of shard: Shard) -> PackedTokens { rows.batch(shard.rows).tokens }
}
