import Data
import Files
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// EDA's edits, what passes read, and the loss on it.
@Suite struct EDATests {
  private typealias Unit = WordEdits.Unit

  /// Words are numbered; every word but those of the list has one synonym, which is 100 more.
  private func edits(alpha: Double, without unknown: Set<String> = []) -> WordEdits {
    WordEdits(
      alpha: alpha,
      synonyms: { unknown.contains($0) || $0.hasPrefix("new") ? [] : ["new\($0)"] },
      tokens: { [100 + (Int32($0.dropFirst(4)) ?? 0), 99] })
  }

  private func text(_ words: Int, commaAt comma: Int? = nil) -> [Unit] {
    (0..<words).map { Unit(ids: [Int32($0)], word: $0 == comma ? nil : "w\($0)") }
  }

  private func ids(_ text: [Unit]) -> [Int32] { text.flatMap(\.ids) }

  /// The results of an edit of a text for many draws.
  private func results(
    _ edit: WordEdits.Edit, _ text: [Unit], alpha: Double, without unknown: Set<String> = []
  ) throws -> [[Unit]] {
    try (0..<400).map { draw in
      var stream = RandomStream(seed: 3, purpose: .noise, step: draw)
      return try edits(alpha: alpha, without: unknown).apply(edit, to: text, stream: &stream)
    }
  }

  @Test func replacementTakesSynonymsOfSomeWords() throws {
    // 20 % of 11 words, at least one: two words, never the one without a synonym.
    let text = text(12, commaAt: 5)
    var replaced: Set<Int> = []
    for result in try results(.replacement, text, alpha: 0.2, without: ["w3"]) {
      #expect(result.count == text.count)
      let changed = result.indices.filter { result[$0] != text[$0] }
      #expect(changed.count == 2 && !changed.contains(5) && !changed.contains(3))
      for place in changed { #expect(result[place].ids == [100 + Int32(place), 99]) }
      replaced.formUnion(changed)
    }
    #expect(replaced == Set(0..<12).subtracting([3, 5]))
  }

  @Test func replacementKeepsStopWordsAndChangesEveryPlaceOfAWord() throws {
    let words = ["the", "film", "is", "film", "the"].enumerated().map {
      Unit(ids: [Int32($0.offset)], word: $0.element)
    }
    var stream = RandomStream(seed: 1, purpose: .noise)
    let result = try edits(alpha: 1).apply(.replacement, to: words, stream: &stream)
    #expect(result.map(\.word) == ["the", "newfilm", "is", "newfilm", "the"])
  }

  @Test func insertionAddsSynonyms() throws {
    let text = text(10, commaAt: 9)
    var places: Set<Int> = []
    for result in try results(.insertion, text, alpha: 0.1) {
      #expect(result.count == 11 && result.filter(text.contains) == text)
      let place = try #require(result.firstIndex { !text.contains($0) })
      #expect(result[place].word?.hasPrefix("neww") == true)
      places.insert(place)
    }
    // Before any of the nine words.
    #expect(places == Set(0..<9))
    let none = try results(.insertion, text, alpha: 0.1, without: Set((0..<10).map { "w\($0)" }))
    #expect(none.allSatisfy { $0 == text })
  }

  @Test func swapsExchangeWords() throws {
    let text = text(8, commaAt: 0)
    var moved = 0
    for result in try results(.swap, text, alpha: 0.1) {
      #expect(result[0] == text[0] && ids(result).sorted() == ids(text))
      let changed = result.indices.count { result[$0] != text[$0] }
      #expect(changed == 0 || changed == 2)
      moved += changed / 2
    }
    // The same place three times in a row, with probability 1/343, leaves a text as it is.
    #expect(moved > 390)
  }

  @Test func deletionLeavesAtLeastOneWord() throws {
    let text = text(10, commaAt: 4)
    var deleted = 0
    for result in try results(.deletion, text, alpha: 0.3) {
      #expect(result.contains(text[4]) && ids(result) == ids(result).sorted())
      deleted += text.count - result.count
    }
    // 9 words, 400 draws, within six standard deviations.
    #expect(abs(Double(deleted) - 1080) < 6 * (3600 * 0.3 * 0.7).squareRoot())
    for result in try results(.deletion, text, alpha: 1) {
      #expect(result.count { $0.word != nil } == 1)
    }
    #expect(try results(.deletion, self.text(1), alpha: 1).allSatisfy { $0 == self.text(1) })
  }

  @Test(arguments: WordEdits.Edit.allCases)
  func nothingChangesWithoutWordsOrWithoutAShare(_ edit: WordEdits.Edit) throws {
    let comma = [Unit(ids: [7], word: nil)]
    #expect(try results(edit, comma, alpha: 0.5).allSatisfy { $0 == comma })
    #expect(try results(edit, text(5), alpha: 0).allSatisfy { $0 == text(5) })
    #expect(try results(edit, [], alpha: 0.5).allSatisfy(\.isEmpty))
  }

  /// The texts of a draw, by their place.
  private func texts(
    _ toy: ToyWorld, draw: Int, lanes: Int = 1, copies: Int = 3, maximumLength: Int = 24
  ) throws -> [[Int32]] {
    let edited = EditedTexts(
      WordEdits(
        alpha: 0.5, synonyms: { [$0 + $0] }, tokens: { _ in toy.tokenizer.encode("good film") }),
      copies: copies, tokenizer: toy.tokenizer, maximumLength: maximumLength, seed: 3)
    var texts: [[Int32]] = Array(repeating: [], count: 24)
    for shard in Shard.split(toy.train.batch(Array(0..<24)), lanes: lanes) {
      let found = try edited.texts(of: shard, draw: draw).tokens
      #expect(found.typeIDs.allSatisfy { $0 == 0 } && found.count == shard.count)
      for (text, place) in shard.places.enumerated() {
        texts[place] = Array(found.ids[found.range(text)])
      }
    }
    return texts
  }

  @Test func aPassReadsACopyOrTheOriginal() throws {
    let toy = try ToyWorld()
    let batch = toy.train.batch(Array(0..<24)).tokens
    let special = toy.tokenizer.specialTokens
    var versions: [Set<[Int32]>] = Array(repeating: [], count: 24)
    var originals = 0
    for draw in 0..<60 {
      let once = try texts(toy, draw: draw)
      #expect(try once == texts(toy, draw: draw, lanes: 3))
      for (text, ids) in once.enumerated() {
        #expect(ids.first == special.cls && ids.last == special.sep && ids.count <= 24)
        versions[text].insert(ids)
        if ids.elementsEqual(batch.ids[batch.range(text)]) { originals += 1 }
      }
    }
    #expect(versions.allSatisfy { $0.count <= 4 } && versions.contains { $0.count == 4 })
    // A quarter of 1440 passes at least, within six standard deviations.
    #expect(Double(originals) > 360 - 6 * (1440 * 0.25 * 0.75).squareRoot())
    #expect(originals < 1000)
  }

  /// A text that has no room grows by nothing.
  @Test func copiesAreNotLongerThanTheLimit() throws {
    let toy = try ToyWorld()
    let batch = toy.train.batch(Array(0..<24)).tokens
    for draw in 0..<20 {
      for (text, ids) in try texts(toy, draw: draw, maximumLength: 1).enumerated() {
        #expect(ids.count <= batch.range(text).count)
        #expect(ids.last == toy.tokenizer.specialTokens.sep)
      }
    }
  }

  @Test func synonymsAreLettersAndSpaces() throws {
    let wordNet = try WordNet(folder: TestFiles.golden("wordnet"))
    #expect(
      try EDA.synonyms(of: "films", in: wordNet).prefix(4)
        == ["movie", "film", "picture", "moving picture"])
    // The word itself is none.
    #expect(try !EDA.synonyms(of: "film", in: wordNet).contains("film"))
    #expect(try EDA.synonyms(of: "film", in: wordNet).count { $0 == "moving picture show" } == 1)
  }

  private func lesson(
    _ text: String, regression: Bool = false
  ) throws -> (lesson: LayerMethodsTests.Lesson, method: any Objective) {
    let lesson = try LayerMethodsTests.Lesson(regression: regression)
    let folder = TestFiles.golden("wordnet")
    return (lesson, try lesson.method("eda", #"{"wordnet": "\#(folder)", \#(text)}"#))
  }

  /// Without edits it is plain training, and with the teacher's outputs it is kd.
  @Test(arguments: [false, true])
  func withoutEditsItIsPlainTraining(regression: Bool) throws {
    for (weights, other) in [
      (#""loss_weights": {"ce": 1, "kd": 0}"#, "none"),
      (#""temperature": 2, "loss_weights": {"ce": 0.5, "kd": 0.5}"#, "kd"),
    ] {
      let (lesson, method) = try lesson("\"alpha\": 0, \(weights)", regression: regression)
      let found = try lesson.step(method)
      let plain = try lesson.step(
        lesson.method(other, other == "kd" ? #"{"temperature": 2}"# : "{}"))
      #expect(found.scalars["edited_rate"] == 0)
      #expect(
        Network.ofMethods.agrees(found.scalars["loss"], plain.scalars["loss"], evaluations: 2))
      #expect(Network.ofMethods.agree(found.gradients, plain.gradients))
    }
  }

  /// With edits the loss and its gradient still are those of one function, however it is split.
  @Test func theGradientIsThatOfTheLoss() throws {
    let text = #""alpha": 0.3, "temperature": 2, "loss_weights": {"ce": 0.5, "kd": 0.5}"#
    let (lesson, method) = try lesson(text)
    let (one, three) = (try lesson.step(method, shards: 1), try lesson.step(method, shards: 3))
    #expect(one.scalars["edited_rate"] > 0)
    #expect(Network.ofMethods.agrees(one.scalars["loss"], three.scalars["loss"], evaluations: 2))
    #expect(Network.ofMethods.agree(one.gradients, three.gradients))
    try StepSlope(of: method.trainedModels[0].allParameters) {
      let found = try lesson.step(method)
      return (found.scalars["loss"], [found.gradients])
    }.check()
  }

  @Test func aMissingWordNetIsAnErrorThatSaysWhatToDo() throws {
    let lesson = try LayerMethodsTests.Lesson()
    var settings = EDA.Settings()
    settings.wordNet = lesson.toy.scratch.path
    let error = #expect(throws: FileError.self) { try EDA(lesson.setup, settings: settings) }
    #expect(error?.problem.contains("wordnet-base") == true)
  }
}
