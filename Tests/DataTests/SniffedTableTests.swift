import Data
import Files
import TestSupport
import Testing

/// What is found out by looking at a table.
@Suite struct SniffedTableTests {
  private let scratch: ScratchFolder
  private static let reviews = [
    ("a film that I would see again", "good"), ("a film that I would not see again", "bad"),
    ("it was, in a word, boring", "bad"), ("the best of the year by far", "good"),
    ("nobody needs to see this one", "bad"), ("see it twice if you can", "good"),
  ]

  init() throws { scratch = try ScratchFolder() }

  private func sniff(_ text: String, as name: String) throws -> SniffedTable {
    try SniffedTable(path: scratch.write(text, as: name))
  }

  private func table(
    _ separator: String, header: String?, quotes: Bool = false
  ) -> String {
    let rows = Self.reviews.map { text, label in
      quotes || text.contains(separator)
        ? "\"\(text)\"\(separator)\(label)" : text + separator + label
    }
    return ((header.map { [$0] } ?? []) + rows).joined(separator: "\n") + "\n"
  }

  private func question(
    _ table: SniffedTable, text: String? = nil, label: String? = nil
  ) -> String {
    do {
      let choice = try ColumnChoice(table, text: text, label: label)
      return "\(choice.text.shown) \(choice.label.shown)"
    } catch {
      return "\(error)".replacing(scratch.path + "/", with: "")
    }
  }

  @Test(arguments: [
    (",", "x.csv"), (";", "x.csv"), ("|", "x.csv"), ("\t", "x.csv"), ("\t", "x.tsv"),
  ])
  func separators(_ separator: String, _ name: String) throws {
    let found = try sniff(table(separator, header: "review\(separator)verdict"), as: name)
    #expect(found.separator == Character(separator))
    #expect(found.hasHeader && found.rows == 6 && !found.isQuoted == (name == "x.tsv"))
    #expect(question(found) == "\"review\" \"verdict\"")
  }

  /// Lines as pandas, Kaggle's files and spreadsheets begin with.
  @Test(arguments: [
    (",description,kind", "0,%,a", "\"description\" \"kind\""),
    ("v1,v2,,,", "a,%,,,", "\"v2\" \"v1\""),
    (",,text,label", "7,,%,a", "\"text\" \"label\""),
    ("Text,2020,2021", "%,a,b", "\"Text\" \"2020\""),
    ("text,text,label", "%,,a", "0 \"label\""),
  ])
  func headersWithGaps(_ header: String, _ row: String, _ columns: String) throws {
    let rows = Self.reviews.enumerated().map { number, review in
      let other = number % 2 == 0
      return row.replacing("%", with: "\"\(review.0)\"")
        .replacing(",a", with: other ? ",a" : ",c").replacing("a,", with: other ? "a," : "c,")
        .replacing("0,", with: "\(number),")
    }
    let found = try sniff(([header] + rows).joined(separator: "\n"), as: "x.csv")
    #expect(found.hasHeader && found.rows == 6)
    #expect(question(found) == columns)
  }

  @Test func theUserKnowsBetterAboutTheHeader() throws {
    let path = try scratch.write(table(",", header: "review,verdict"), as: "x.csv")
    #expect(try SniffedTable(path: path, namesColumns: false).rows == 7)
    let rows = try scratch.write(table(",", header: nil), as: "y.csv")
    let found = try SniffedTable(path: rows, namesColumns: true)
    #expect(found.rows == 5 && found.columns[1].name == "good")
  }

  @Test func headerIsToldFromRows() throws {
    let without = try sniff(table(",", header: nil), as: "x.csv")
    #expect(!without.hasHeader && without.rows == 6)
    #expect(question(without) == "0 1")
    // A label that occurs again is no name, and neither is a number.
    #expect(try !sniff("good film,good\nbad film,bad\nother film,good\n", as: "y.csv").hasHeader)
    #expect(try !sniff("1,a film\n2,another film\n", as: "z.csv").hasHeader)
    #expect(try sniff("label,words\n1,a film\n1,another film\n", as: "w.csv").hasHeader)
  }

  @Test func quotedTSV() throws {
    let quoted = try sniff(
      "\"review\"\t\"verdict\"\n"
        + Self.reviews.map { "\"\($0.0)\"\t\"\($0.1)\"\n" }.joined(), as: "x.tsv")
    #expect(quoted.isQuoted && question(quoted) == "\"review\" \"verdict\"")
    let plain = try sniff(
      "review\tverdict\n\"Great\" film of the year\tgood\n\"Bad\tbad\n", as: "y.tsv")
    #expect(!plain.isQuoted && plain.rows == 2)
  }

  @Test func objects() throws {
    let lines = Self.reviews.map { "{\"text\": \"\($0.0)\", \"id\": 7, \"label\": \"\($0.1)\"}\n" }
    let found = try sniff(lines.joined(), as: "data")
    #expect(found.format == .jsonl && found.rows == 6)
    #expect(question(found) == "\"text\" \"label\"")
  }

  @Test func arraysOfObjects() throws {
    let rows = Self.reviews.map { "{\"text\": \"\($0.0)\", \"label\": \"\($0.1)\"}" }
    let text = "\u{FEFF} [\n" + rows.joined(separator: ",\n") + "]\n"
    for name in ["x.json", "x.jsonl", "data"] {
      let found = try sniff(text, as: name)
      #expect(found.format == .json && found.rows == 6 && found.hasHeader)
      #expect(found.summary == "a JSON array of objects")
      #expect(question(found) == "\"text\" \"label\"")
    }
    #expect(throws: FileError.self) { try sniff("[1, 2]", as: "y.json") }
    #expect(throws: FileError.self) { try sniff("[]", as: "z.json") }
    let wide = String(repeating: "a,", count: 1000) + "a\n"
    let error = #expect(throws: FileError.self) { try sniff(wide + wide, as: "wide.csv") }
    #expect(error?.problem.hasPrefix("the line has 1001 fields;") == true)
    #expect {
      try sniff("[{\"text\": \"a\"},\n 7]", as: "w.json")
    } throws: {
      "\($0)".hasSuffix("w.json:2: a JSON object is expected in the array, found a number.")
    }
  }

  @Test func listsAndObjectsAreNoTexts() throws {
    let lines = Self.reviews.map {
      "{\"text\": {\"en\": \"\($0.0)\"}, \"tags\": [\"\($0.1)\"], \"label\": \"\($0.1)\"}\n"
    }
    let found = try sniff(lines.joined(), as: "x.jsonl")
    #expect(found.columns.map(\.summary) == ["objects", "lists", "2 different values"])
    #expect(
      question(found, text: "text")
        == "--text: column \"text\" of x.jsonl holds objects, no texts or numbers; write what is in "
        + "them as keys of the rows.")
  }

  @Test func oneLabelIsNone() throws {
    let rows = Self.reviews.map { "\"\($0.0)\",same\n" }.joined()
    let found = try sniff("text,label\n" + rows, as: "x.csv")
    let answer =
      "x.csv: column \"label\" has only the label \"same\"; a model needs two or more to tell apart."
    #expect(question(found) == answer && question(found, label: "label") == answer)
    // Another column may be the label.
    let both = try sniff(
      "text,label,verdict\n" + Self.reviews.map { "\"\($0.0)\",same,\($0.1)\n" }.joined(),
      as: "y.csv")
    #expect(question(both) == "\"text\" \"verdict\"")
  }

  @Test func severalColumnsAreAskedAbout() throws {
    let rows = Self.reviews.enumerated().map { place, row in
      "\(place),\(row.0),\(row.0.replacing(",", with: "")) and so on,\(row.1),web\(place % 2)"
    }.filter { !$0.contains("in a word") }
    let found = try sniff(
      "id,title,abstract,verdict,source\n" + rows.joined(separator: "\n"), as: "x.csv")
    #expect(
      question(found)
        == "x.csv: \"title\" or \"abstract\" could be the text; name it, as in --text abstract "
        + "(a guess); the columns are \"id\" (5 different values), \"title\" (text of 28 characters "
        + "on average), \"abstract\" (text of 38 characters on average), \"verdict\" (2 different "
        + "values), \"source\" (2 different values).")
    #expect(
      question(found, text: "title").hasPrefix(
        "x.csv: \"verdict\" or \"source\" could be the label; name it, as in --label verdict"))
    #expect(question(found, text: "title", label: "verdict") == "\"title\" \"verdict\"")
    #expect(
      question(found, text: "titel")
        == "--text: x.csv has no column \"titel\"; did you mean \"title\"?")
  }

  @Test func openQuotesAreSaid() throws {
    // The rest of the file is within quotes, so nothing can be told of its columns.
    let error = #expect(throws: FileError.self) {
      try sniff("text,label\na,good\n\"b,bad\nc,good\n", as: "y.csv")
    }
    #expect(error?.line == 3)
    #expect(error?.problem == "a quoted field is not closed before the end of the file.")
  }

  @Test func usualNamesDecide() throws {
    let rows = Self.reviews.map {
      "\"\($0.0)\",\"\($0.0) \",\($0.1),a\n\"\($0.0)!\",\"\($0.0)\",\($0.1),b\n"
    }
    let found = try sniff("text,summary,sentiment,source\n" + rows.joined(), as: "x.csv")
    #expect(question(found) == "\"text\" \"sentiment\"")
  }

  @Test func scoresAndClasses() throws {
    let scores = (0..<30).map { "the text of row \($0),\(Double($0) / 10)" }.joined(separator: "\n")
    let found = try sniff("text,score\n" + scores, as: "x.csv")
    #expect(try ColumnChoice(found).label.isScore)
    let stars = (0..<30).map { "the text of row \($0),\($0 % 5 + 1)" }.joined(separator: "\n")
    #expect(try !ColumnChoice(sniff("text,stars\n" + stars, as: "y.csv")).label.isScore)
  }

  @Test(arguments: [
    ("", "at least one row"), ("text,label\n", "no row below it"), ("one\ntwo\n", "only one field"),
    ("PAR1\u{15}\u{4} and so on", "Parquet"), ("{\"text\": 1", ":1: "),
    ("[1, 2]", "nor an object a line"),
  ])
  func whatIsNoTable(_ text: String, _ problem: String) throws {
    do {
      _ = try sniff(text, as: text.contains(",") && !text.hasPrefix("[") ? "x.csv" : "x")
      Issue.record("no error for \(text)")
    } catch {
      #expect("\(error)".contains(problem), "\(error)")
    }
  }
}
