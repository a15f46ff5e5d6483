import StrictJSON

/// What a vocabulary file says about a WordPiece tokenizer.
struct WordPieceModel {
  var vocabulary: Vocabulary
  /// Normalisation where the file states it.
  var normalization: Normalization?
  var unknown = "[UNK]"
  var continuationPrefix = "##"
  var longestWord = 100

  /// A `vocab.txt`: a token a line.
  init(vocabularyFile path: String) throws {
    let bytes = try ByteFile.read(path)
    for (index, line) in ByteLines(bytes).enumerated()
    where !bytes[line].isWellFormedUTF8 {
      throw DataError(file: path, line: index + 1, problem: "the token is not valid UTF-8.")
    }
    vocabulary = Vocabulary(lines: bytes)
    guard vocabulary.count > 0 else {
      throw DataError(file: path, problem: "the vocabulary is empty; it needs a token a line.")
    }
  }

  /// A `tokenizer.json` of Hugging Face's `tokenizers` with a WordPiece model and BERT's
  /// normaliser and pre-tokenizer.
  init(tokenizerJSON path: String) throws {
    let json = try StrictJSON.parse(try ByteFile.read(path), file: path)
    func wrong(_ value: JSONValue?, _ problem: String) -> DataError {
      DataError(file: path, line: (value ?? json).position.line, problem: problem)
    }
    let model = json["model"]
    // Files of before 2020 do not name the type; only WordPiece has this prefix.
    let type = model?["type"]?.string
    guard let model, type == "WordPiece" || model["continuing_subword_prefix"]?.string == "##"
    else {
      throw wrong(
        model, "the tokenizer is of type \"\(type ?? "unknown")\"; only WordPiece is supported.")
    }
    guard let members = model["vocab"]?.object?.members, !members.isEmpty else {
      throw wrong(model, "\"model.vocab\" must be an object of tokens and their ids.")
    }
    vocabulary = Vocabulary(tokens: try Self.tokens(members, json["added_tokens"], path))
    unknown = model["unk_token"]?.string ?? unknown
    continuationPrefix = model["continuing_subword_prefix"]?.string ?? continuationPrefix
    longestWord = model["max_input_chars_per_word"]?.int ?? longestWord
    let splitter = json["pre_tokenizer"]?["type"]?.string
    guard splitter == "BertPreTokenizer" else {
      throw wrong(
        json["pre_tokenizer"],
        "the pre-tokenizer \"\(splitter ?? "none")\" is not supported; it must be "
          + "BertPreTokenizer.")
    }
    guard let normalizer = json["normalizer"], normalizer["type"]?.string == "BertNormalizer"
    else {
      throw wrong(json["normalizer"], "only the normalizer BertNormalizer is supported.")
    }
    let lowersCase = normalizer["lowercase"]?.bool ?? true
    normalization = Normalization(
      lowersCase: lowersCase, stripsAccents: normalizer["strip_accents"]?.bool,
      cleansText: normalizer["clean_text"]?.bool ?? true,
      isolatesChinese: normalizer["handle_chinese_chars"]?.bool ?? true)
  }

  private static func tokens(
    _ members: [JSONObject.Member], _ added: JSONValue?, _ path: String
  ) throws -> [[UInt8]] {
    var pairs = try members.map { member in
      guard let id = member.value.int, id >= 0 else {
        throw DataError(
          file: path, line: member.value.position.line,
          problem: "the id of token \"\(member.key)\" must be a whole number from 0.")
      }
      return (id: id, token: Array(member.key.utf8), line: member.keyPosition.line)
    }
    let listed = Set(pairs.map(\.id))
    for token in added?.array ?? [] {
      guard let id = token["id"]?.int, let content = token["content"]?.string else {
        throw DataError(
          file: path, line: token.position.line,
          problem: "an added token must have \"id\" and \"content\".")
      }
      if !listed.contains(id) { pairs.append((id, Array(content.utf8), token.position.line)) }
    }
    pairs.sort { $0.id < $1.id }
    for (index, pair) in pairs.enumerated() where pair.id != index {
      throw DataError(
        file: path, line: pair.line,
        problem: "token \"\(String(decoding: pair.token, as: UTF8.self))\" has id \(pair.id) "
          + "where \(index) is next; ids must be 0, 1, 2, ... without gaps or repeats.")
    }
    return pairs.map(\.token)
  }
}
