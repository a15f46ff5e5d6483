import StrictJSON

extension TokenizerJSON {
  /// A Unigram tokenizer without its post-processor.
  func unigramDefinition(
    _ model: JSONValue, _ added: [AddedToken]
  ) throws -> TokenizerDefinition {
    guard let rows = model["vocab"]?.array, !rows.isEmpty else {
      throw wrong(model, "\"model.vocab\" of a Unigram must be an array of [piece, score].")
    }
    var pieces: [(token: [UInt8], line: Int)] = []
    var scores: [Double] = []
    pieces.reserveCapacity(rows.count)
    scores.reserveCapacity(rows.count)
    for row in rows {
      guard let pair = row.array, pair.count == 2, let piece = pair[0].string,
        let score = pair[1].double, score.isFinite
      else { throw wrong(row, "an entry of \"model.vocab\" must be [piece, score].") }
      let bytes = Array(piece.utf8)
      guard (1...UnigramModel.longestPiece).contains(bytes.count) else {
        throw wrong(row, "a piece must have from 1 to \(UnigramModel.longestPiece) bytes.")
      }
      pieces.append((bytes, row.position.line))
      scores.append(score)
    }
    guard let unknown = model["unk_id"]?.int, pieces.indices.contains(unknown) else {
      throw wrong(
        model["unk_id"] ?? model,
        "\"unk_id\" must be the place of a piece of \"model.vocab\", which stands for characters "
          + "that have none.")
    }
    let result = UnigramModel(
      vocabulary: try Vocabulary(pieces: pieces, added: added, file: path), scores: scores,
      unknown: Int32(unknown), fallsBackToBytes: model["byte_fallback"]?.bool ?? false,
      normalizer: try unigramNormalizer(), metaspace: try metaspace())
    var definition = TokenizerDefinition(
      model: .unigram(result), addedTokens: added, names: TokenizerDefinition.namesOfRoBERTa,
      source: path)
    definition.names["unk_token"] = String(decoding: pieces[unknown].token, as: UTF8.self)
    return definition
  }

  private func unigramNormalizer() throws -> UnigramNormalizer {
    let parts = try components("normalizer", "normalizers")
    // What a text becomes is bounded only if the number of steps and the growth in each are.
    guard parts.count <= UnigramNormalizer.mostSteps else {
      throw wrong(parts[0], "a normalizer must have at most \(UnigramNormalizer.mostSteps) steps.")
    }
    let normalizer = UnigramNormalizer(
      steps: try parts.map { step in
        switch step["type"]?.string {
        case "Precompiled":
          guard let text = step["precompiled_charsmap"]?.string,
            let charsmap = PrecompiledCharsmap(base64: text)
          else {
            throw wrong(
              step,
              "the \"precompiled_charsmap\" is damaged or of more than four megabytes; take the "
                + "file from where the model came from again.")
          }
          return .charsmap(charsmap)
        case "Strip":
          return .strip(
            left: step["strip_left"]?.bool ?? false, right: step["strip_right"]?.bool ?? false)
        case "Replace":
          let content = Array((step["content"]?.string ?? "").utf8)
          let longest = UnigramNormalizer.longestReplacement
          guard max(content.count, step["pattern"]?["String"]?.string?.utf8.count ?? 0) <= longest
          else {
            throw wrong(
              step, "pattern and content of a Replace must have at most \(longest) bytes each.")
          }
          if let old = step["pattern"]?["String"]?.string, !old.isEmpty {
            return .replace(Array(old.utf8), with: content)
          }
          guard step["pattern"]?["Regex"]?.string == " {2,}" else {
            throw wrong(
              step,
              "the pattern of the normalizer Replace is not supported; it must be a String or the "
                + "Regex \" {2,}\".")
          }
          return .replaceSpaces(with: content)
        default:
          throw unsupported("normalizer", step, "Precompiled, Strip or Replace with Unigram")
        }
      })
    guard normalizer.growth <= Double(UnigramNormalizer.longestReplacement) else {
      throw wrong(
        parts[0],
        "the normalizer could make a text more than \(UnigramNormalizer.longestReplacement) times "
          + "as long.")
    }
    return normalizer
  }

  private func metaspace() throws -> Metaspace {
    var parts = try components("pre_tokenizer", "pretokenizers")[...]
    var result = Metaspace()
    if parts.first?["type"]?.string == "WhitespaceSplit" {
      result.splitsAtWhiteSpace = true
      parts = parts.dropFirst()
    }
    guard parts.count == 1, let part = parts.first, part["type"]?.string == "Metaspace" else {
      throw unsupported(
        "pre_tokenizer", parts.first { $0["type"]?.string != "Metaspace" } ?? parts.last,
        "Metaspace with Unigram, or WhitespaceSplit and Metaspace")
    }
    guard let mark = part["replacement"]?.string, mark.unicodeScalars.count == 1, mark != " " else {
      throw wrong(part, "\"replacement\" of the pre-tokenizer Metaspace must be one character.")
    }
    result.mark = Array(mark.utf8)
    result.splitsAtMarks = part["split"]?.bool ?? true
    let adds = part["add_prefix_space"]?.bool
    switch part["prepend_scheme"]?.string ?? (adds == false ? "never" : "always") {
    case "always" where adds != false: result.addsPrefix = true
    case "never" where adds != true: result.addsPrefix = false
    default:
      throw wrong(
        part,
        "the \"prepend_scheme\" of the pre-tokenizer Metaspace must be \"always\" or \"never\".")
    }
    return result
  }
}
