import Data

extension FuzzTarget {
  /// vocab.txt, tokenizer_config.json, and a text.
  static let wordPiece = tokenizer("wordpiece", files: ["vocab.txt", "tokenizer_config.json"])

  /// vocab.json, merges.txt, tokenizer_config.json, and a text.
  static let bytePair = tokenizer(
    "bpe", files: ["vocab.json", "merges.txt", "tokenizer_config.json"])

  /// tokenizer.json, tokenizer_config.json, and a text.
  static let tokenizerJSON = tokenizer(
    "tokenizer-json", files: ["tokenizer.json", "tokenizer_config.json"])

  /// Files of a tokenizer, of which an empty one is left out, and a text: the tokens are in the
  /// vocabulary, and their places in the text.
  private static func tokenizer(_ name: String, files: [String]) -> FuzzTarget {
    FuzzTarget(name) { input in
      let parts = input.parts(files.count + 1)
      for (file, content) in zip(files, parts) {
        try input.file(file, content?.isEmpty == true ? nil : content)
      }
      let text = (parts[files.count] ?? [])[...]
      // One of both in an execution, because tables take longer to make than texts to encode.
      let parsesSpecialTokens = text.count % 2 == 0
      try check(
        TokenizerLoader.load(folder: input.folder, parseSpecialTokens: parsesSpecialTokens), text)
    }
  }

  private static func check(_ tokenizer: any Tokenizer, _ text: ArraySlice<UInt8>) throws {
    let known = 0..<Int32(tokenizer.vocabularySize)
    try require(
      tokenizer.specialTokens.all.allSatisfy(known.contains), "a special token is unknown")
    let ids = tokenizer.encode(text)
    try require(ids.allSatisfy(known.contains), "an id is outside the vocabulary")
    try require(ids.allSatisfy { tokenizer.token(for: $0) != nil }, "an id has no token")

    let aligned = tokenizer.encodeAligned(text)
    try require(aligned.ids == ids, "the aligned tokens are others")
    // Positions refer to the text with U+FFFD for what is not UTF-8.
    let length = String(decoding: text, as: UTF8.self).utf8.count
    try require(
      aligned.ranges.allSatisfy { 0 <= $0.lowerBound && $0.upperBound <= length },
      "a token is not in the text")
    try require(
      zip(aligned.ranges, aligned.ranges.dropFirst()).allSatisfy { $0.lowerBound <= $1.lowerBound },
      "tokens are out of order")

    for pair in [nil, text] {
      let whole = tokenizer.encode(text, pair: pair, maxLength: .max)
      try require(whole.ids.allSatisfy(known.contains), "an id is outside the vocabulary")
      let special = whole.isSpecial.count { $0 }
      for limit in [0, 3, 8] {
        let cut = tokenizer.encode(text, pair: pair, maxLength: limit)
        try require(cut.ids.count <= max(limit, special), "an encoding is too long")
        try require(
          cut.typeIDs.count == cut.ids.count && cut.isSpecial.count == cut.ids.count,
          "the arrays of an encoding differ in length")
      }
    }
  }
}
