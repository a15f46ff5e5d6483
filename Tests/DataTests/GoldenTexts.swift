import Data
import StrictJSON
import TestSupport
import Testing

/// The texts of the tokenizer golden that lies beside the repository.
enum GoldenTexts {
  /// Holds the ids of every text and pair against the golden's; texts that spell a special token
  /// only for the tokenizer that parses them.
  static func check(
    _ path: String, family: String, special: [String], parsed: any Tokenizer, plain: any Tokenizer
  ) throws {
    let json = try StrictJSON.parse(try TestFiles.bytes(path), file: path)
    let entries = try #require(json.array)
    #expect(entries.count == 48)
    for entry in entries {
      let text = try #require(entry["text"]?.string)
      let pair = entry["pair"]?.string
      let expected = try #require(entry[family]?.array).compactMap { $0.int.map(Int32.init) }
      #expect(parsed.encode(text, pair: pair).ids == expected, "\(text)")
      if !special.contains(where: { text.contains($0) }) {
        #expect(plain.encode(text, pair: pair).ids == expected, "\(text)")
      }
    }
  }
}
