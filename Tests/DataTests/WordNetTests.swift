import Data
import Files
import Foundation
import StrictJSON
import TestSupport
import Testing

/// A piece of WordNet beside what NLTK reads from it.
@Suite struct WordNetTests {
  @Test func lemmasAreThoseOfNLTK() throws {
    let wordNet = try WordNet(folder: TestFiles.golden("wordnet"))
    let golden = try StrictJSON.read(TestFiles.golden("wordnet/expected.json"))
    let words = try #require(golden["lemmas"]?.object).members
    for word in words {
      let lemmas = try wordNet.lemmas(of: word.key)
      #expect(lemmas == word.value.array?.compactMap(\.string), "\(word.key)")
    }
    // Inflected by rule and without, and words that are not there.
    #expect(words.count { $0.value.array?.isEmpty == true } > 3)
    #expect(try wordNet.lemmas(of: "swam").contains("swim"))
    #expect(try wordNet.lemmas(of: "Films").contains("movie"))
    #expect(try wordNet.lemmas(of: "") == [])
  }

  /// Files that do not belong together, and lines that are none of the format.
  @Test(arguments: [
    ("data.noun", "  1 ", "   1 ", "one version of WordNet"),
    ("data.noun", " n 0", " n f", "one version of WordNet"),
    ("index.noun", "film n 5 ", "film n 99 ", "\"film\""),
    ("index.noun", "film n 5 ", "film n -1 ", "\"film\""),
    ("index.noun", "film n 5 ", "film n x ", "\"film\""),
  ])
  func damage(_ file: String, _ old: String, _ new: String, _ problem: String) throws {
    let folder = try ScratchFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: TestFiles.golden("wordnet")) {
      var text = try String(contentsOfFile: TestFiles.golden("wordnet/\(name)"), encoding: .utf8)
      if name == file {
        let whole = text
        text = whole.replacing(old, with: new)
        #expect(text != whole)
      }
      try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    }
    let wordNet = try WordNet(folder: folder.path)
    let error = #expect(throws: FileError.self) { try wordNet.lemmas(of: "film") }
    #expect(error.map { "\($0)" }?.contains(problem) == true)
  }

  @Test func aMissingFileIsNamed() throws {
    let folder = try ScratchFolder()
    let error = #expect(throws: FileError.self) { try WordNet(folder: folder.path) }
    #expect(error?.kind == .missing && error?.file == "\(folder.path)/index.noun")
  }
}
