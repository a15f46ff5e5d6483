import Files

/// The files of one part of speech of WordNet.
struct WordNetPart: Sendable {
  private static let newline = UInt8(ascii: "\n")
  private static let space = UInt8(ascii: " ")

  private let endings: [(inflected: String, base: String)]
  private let indexPath: String
  private let dataPath: String
  /// A line for each base form, in the order of its bytes: where in `data` its meanings are.
  private let index: [UInt8]
  /// A line for each meaning, with its words.
  private let data: [UInt8]
  /// Base forms of what is inflected without a rule.
  private let irregular: [String: [String]]

  /// - Throws: `FileError`.
  init(folder: String, _ part: PartOfSpeech) throws {
    func read(_ path: String) throws -> [UInt8] {
      try ByteFile.read(path, atMost: ByteFile.longestDescription)
    }
    endings = part.endings
    indexPath = "\(folder)/index.\(part.rawValue)"
    dataPath = "\(folder)/data.\(part.rawValue)"
    index = try read(indexPath)
    data = try read(dataPath)
    // The lines of its licence begin with spaces.
    guard
      index.split(separator: Self.newline).contains(where: {
        $0.first != Self.space && Self.fields($0).count > 6
      })
    else {
      throw FileError(
        file: indexPath, problem: "the file has no line of a word, as wndb(5WN) describes them.")
    }
    let exceptions = try read("\(folder)/\(part.rawValue).exc")
    // Of two lines for one word the later one counts, as in NLTK.
    irregular = Dictionary(
      exceptions.split(separator: Self.newline).compactMap { line in
        let fields = Self.fields(line)
        return fields.first.map { ($0, Array(fields.dropFirst())) }
      }, uniquingKeysWith: { _, last in last })
  }

  /// The base forms of a word that the index has, each once.
  func baseForms(of word: String) -> [String] {
    let forms =
      irregular[word]
      ?? endings.filter { word.hasSuffix($0.inflected) }.map {
        String(word.dropLast($0.inflected.count)) + $0.base
      }
    var seen: Set<String> = []
    return ([word] + forms).filter { seen.insert($0).inserted && entry($0) != nil }
  }

  /// The words of all meanings of a base form.
  ///
  /// - Throws: `FileError`.
  func lemmas(ofBaseForm word: String) throws -> [String] {
    guard let entry = entry(word) else { return [] }
    // lemma pos synset_cnt p_cnt [ptr_symbol...] sense_cnt tagsense_cnt synset_offset...
    let fields = Self.fields(entry)
    guard fields.count > 6, let count = Int(fields[2]), (1...fields.count - 6).contains(count)
    else {
      throw FileError(
        file: indexPath, problem: "the line of \"\(word)\" is not of the form of wndb(5WN).")
    }
    return try fields.suffix(count).flatMap(words)
  }

  /// The words of the meaning at an offset.
  private func words(at offset: String) throws -> [String] {
    // synset_offset lex_filenum ss_type w_cnt word lex_id [word lex_id...] …
    guard let start = Int(offset), data.indices.contains(start) else { throw misfit(offset) }
    let fields = Self.fields(line(from: start, of: data))
    guard fields.count > 4, fields[0] == offset, let count = Int(fields[3], radix: 16),
      (1...(fields.count - 4) / 2).contains(count)
    else { throw misfit(offset) }
    // Adjectives may have a marker of their place, as in "galore(ip)".
    return (0..<count).map { String(fields[4 + 2 * $0].prefix { $0 != "(" }) }
  }

  private func misfit(_ offset: String) -> FileError {
    FileError(
      file: dataPath,
      problem: "\(indexPath) names the meaning \(offset), but there is none of the form of "
        + "wndb(5WN); the two files must be of one version of WordNet.")
  }

  /// The line of the index about a base form, or nil.
  private func entry(_ word: String) -> ArraySlice<UInt8>? {
    var (low, high) = (0, index.count)
    while low < high {
      var start = (low + high) / 2
      while start > low, index[start - 1] != Self.newline { start -= 1 }
      let line = line(from: start, of: index)
      let name = line.prefix { $0 != Self.space }
      // Lines of the licence begin with a space.
      if !name.isEmpty, name.elementsEqual(word.utf8) { return line }
      if name.lexicographicallyPrecedes(word.utf8) {
        low = line.endIndex + 1
      } else {
        high = start
      }
    }
    return nil
  }

  private func line(from start: Int, of file: [UInt8]) -> ArraySlice<UInt8> {
    file[start...].prefix { $0 != Self.newline }
  }

  private static func fields(_ line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: space).map { String(decoding: $0, as: UTF8.self) }
  }
}
