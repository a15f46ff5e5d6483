import Inference
import Testing

/// Label names as checkpoints have them.
@Suite struct LabelMatchTests {
  private static let sentiment = ["negative", "positive"]

  @Test func namesSpellingsNumbersAndSynonyms() {
    func match(_ found: [String], _ wanted: [String], _ spellings: [String] = []) -> LabelMatch? {
      LabelMatch(found, wanted, spellings: spellings)
    }
    #expect(match(["POSITIVE", "Negative"], Self.sentiment)?.order == [1, 0])
    #expect(match(["POSITIVE", "Negative"], Self.sentiment)?.kind == .name)
    #expect(match(["1", "0"], Self.sentiment, ["0", "1"])?.order == [1, 0])
    #expect(match(["1", "0"], Self.sentiment, ["0", "1"])?.kind == .spelling)
    let topics = ["World", "Sports", "Business", "Sci/Tech"]
    let spellings = ["1", "2", "3", "4"]
    #expect(match(["4", "1", "2", "3"], topics, spellings)?.order == [1, 2, 3, 0])
    #expect(match(["0", "1", "2", "3"], topics, spellings)?.kind == .number)
    #expect(match(["Sci_Tech", "business", "world", "sport"], topics)?.order == [2, 3, 1, 0])
    #expect(match(["pos", "neg"], Self.sentiment)?.kind == .synonym)
    #expect(
      match(["non-entailment", "entails"], ["entailment", "not_entailment"])?.order == [1, 0])
  }

  @Test func whatIsAmbiguousIsNoMatch() {
    for found in [
      ["0", "2"], ["pos", "positive"], ["yes", "no"], ["negative"], ["", "positive"],
      ["negative", "positive", "neutral"], ["negative", "negative"],
    ] {
      #expect(LabelMatch(found, Self.sentiment, spellings: ["0", "1"]) == nil, "\(found)")
    }
  }

  @Test func interpretationsAreSaid() throws {
    let match = try #require(LabelMatch(["1", "0"], Self.sentiment, spellings: ["0", "1"]))
    #expect(
      match.notice("model (m)", ["1", "0"], Self.sentiment)
        == "model (m): its label names are taken as the task's files write them: 0 as negative, "
        + "1 as positive")
    let plain = try #require(LabelMatch(["Positive", "negative"], Self.sentiment))
    #expect(plain.notice("model", ["Positive", "negative"], Self.sentiment) == nil)
  }
}
