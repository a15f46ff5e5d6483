import Files
import Foundation
import StrictJSON
import TestSupport
import Testing

import Reports

/// Pages made from folders with made-up runs. scripts/tests/report.test.sh checks pages of real
/// ones with a parser of HTML.
@Suite struct ReportPageTests {
  /// What must not become markup.
  private static let nasty = "</td><script>alert(1)</script>&\"'"

  /// A run whose names are as hostile as they can be.
  private func run(_ scratch: ScratchFolder, _ name: String, rate: Double = 0.1) throws {
    let labels = ["good", Self.nasty]
    let writer = JSONWriter(layout: .line)
    let files: [(String, JSONValue)] = [
      (
        "run.json",
        [
          "command": "distill",
          "config": [
            "method": ["name": .string(Self.nasty)], "train": ["learning_rate": .double(rate)],
            "output_dir": .string(name), "seed": 1,
          ],
        ]
      ),
      (
        "all_results.json",
        [
          "eval_accuracy": 0.75, "teacher_accuracy": 0.5, "num_parameters": 250,
          "teacher_num_parameters": 1000, "train_runtime": 61.2,
        ]
      ),
      ("config.json", ["id2label": ["0": .string(labels[0]), "1": .string(labels[1])]]),
    ]
    for (file, json) in files { try scratch.write(writer.bytes(json), as: "\(name)/\(file)") }
    let log: [JSONValue] = (1...500).map { step in
      ["loss": .double(1 / Double(step)), "step": .int(step)]
    }
    try scratch.write(log.flatMap { writer.bytes($0) + [0x0A] }, as: "\(name)/log.jsonl")
    try scratch.write(
      "index\tprediction\treference\n0\tgood\tgood\n1\t\(labels[1])\tgood\n2\tgood\t\(labels[1])\n",
      as: "\(name)/eval_predictions.tsv")
    let example: JSONValue = [
      "gold": .string(labels[1]), "tokens": ["a", "fi", "##lm", .string(Self.nasty)],
      "adversarial_tokens": ["a", "fi", "##x", .string(Self.nasty)],
      "teacher": ["answer": "good", "scores": [0.1, 0.9]],
    ]
    try scratch.write(
      writer.bytes(example) + [0x0A], as: "\(name)/adversarial_examples.jsonl")
  }

  @Test func lengthsOfTexts() throws {
    let scratch = try ScratchFolder()
    for name in ["one", "two", "three"] { try run(scratch, name) }
    #expect(!(try ReportPage(folders: ["\(scratch.path)/one"]).html().contains("Lengths of texts")))
    // Forty lengths have a bar each; of eighty, two share one.
    func write(_ lengths: [(Int, Int)], _ name: String) throws {
      let pairs = lengths.map { "[\($0.0), \($0.1)]" }.joined(separator: ", ")
      try scratch.write("{\"train\": [\(pairs)]}", as: "\(name)/text_lengths.json")
    }
    try write([(3, 5), (40, 1)], "one")
    try write([(3, 5), (40, 1)], "two")
    try write([(1, 2), (2, 3), (80, 7)], "three")
    let html = try ReportPage(
      folders: ["one", "two", "three"].map { "\(scratch.path)/\($0)" }
    ).html()
    #expect(html.components(separatedBy: "class=\"bar\"").count - 1 == 80)
    #expect(html.contains("3 tokens: 5 texts") && html.contains("40 tokens: 1 texts"))
    #expect(html.contains("1 to 2 tokens: 5 texts") && html.contains("79 to 80 tokens: 7 texts"))
    #expect(html.contains("and 1 more"))
    #expect(html.contains("6 texts of 9.167 tokens on average, the longest of 40"))
    // Sums that are larger than any integer.
    try write((0..<10).map { (999_000 + $0, 1_000_000_000_000) }, "one")
    let large = try ReportPage(folders: ["\(scratch.path)/one"]).html()
    #expect(large.contains("texts of 9.99e+05 tokens on average"))
  }

  @Test func aFolderThatManyTrialsNameIsReadOnce() throws {
    let scratch = try ScratchFolder()
    try run(scratch, "sweep/trial")
    let trial: JSONValue = ["trial": "a", "score": 0.5, "folders": ["trial", "trial"]]
    try scratch.write(
      JSONWriter().bytes(["metric": "accuracy", "trials": [trial, trial]]),
      as: "sweep/sweep_results.json")
    #expect(try ReportPage(folders: ["\(scratch.path)/sweep"]).runs.count == 1)
  }

  @Test func entropiesOfTheGenerator() throws {
    let scratch = try ScratchFolder()
    try run(scratch, "one")
    let folder = "\(scratch.path)/one"
    #expect(!(try ReportPage(folders: [folder]).html().contains("Entropy of the generator")))
    // Of eight histograms five are drawn, the first and the last among them. Lines that are none
    // are left out, and so is one that was cut off.
    let lines = (0..<8).map { step in
      #"{"step": \#(step * 10), "mean": 2.5, "width": 0.5, "counts": [1, 2, 0, 0, \#(step), 5]}"#
    }
    try scratch.write(
      (lines + [#"{"step": 99, "width": 0, "counts": [1]}"#, #"{"step": 100, "#])
        .joined(separator: "\n"), as: "one/generator_entropy.jsonl")
    let html = try ReportPage(folders: [folder]).html()
    #expect(html.contains("<h2 id=\"entropy-of-the-generator\">"))
    for step in [0, 10, 30, 50, 70] { #expect(html.contains("<title>step \(step)</title>")) }
    #expect(!html.contains("<title>step 20</title>"))
    // 0: 1, 2 and 5 of 8 places, so the median is in the last range and 3 are below 1 nat.
    #expect(
      html.contains(
        "<th scope=\"row\" class=\"number\">0</th><td class=\"number\">8</td>"
          + "<td class=\"number\">2.5</td><td class=\"number\">2.5 to 3</td>"
          + "<td class=\"number\">37.5 %</td>"))
    #expect(html.contains("<td class=\"number\">15</td>") && !html.contains("step 99"))
  }

  @Test func whatStandsInFilesStaysText() throws {
    let scratch = try ScratchFolder()
    try run(scratch, "one")
    let page = try ReportPage(folders: ["\(scratch.path)/one"])
    let html = page.html(disagreements: [
      (
        Self.nasty,
        [
          Disagreement(
            text: Self.nasty, reference: Self.nasty,
            teacher: .init(label: Self.nasty, probability: 0.5),
            student: .init(label: "good", probability: 0.7), distance: 0.25)
        ]
      )
    ])
    #expect(!html.contains("<script") && !html.contains("</td><s"))
    #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;"))
    #expect(html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    #expect(!html.contains("http://") && !html.contains("https://"))
    for section in ["runs", "training", "settings", "confusion-matrices", "adversarial-texts"] {
      #expect(html.contains("<h2 id=\"\(section)\">"), "\(section)")
    }
    #expect(html.contains("fi<s>lm</s>") && html.contains("fi<mark>x</mark>"))
  }

  @Test func textsFromRightToLeftKeepTheirOrder() throws {
    let scratch = try ScratchFolder()
    try run(scratch, "one")
    let html = try ReportPage(folders: ["\(scratch.path)/one"]).html(disagreements: [
      (
        "one",
        [
          Disagreement(
            text: "שלום, world", reference: "חיובי",
            teacher: .init(label: "חיובי", probability: 0.5),
            student: .init(label: "שלילי", probability: 0.75), distance: 0.25)
        ]
      )
    ])
    #expect(html.contains("<th scope=\"row\" dir=\"auto\">שלום, world</th>"))
    #expect(html.contains("<td dir=\"auto\">חיובי</td>"))
    #expect(html.contains("<td dir=\"auto\"><bdi>חיובי</bdi> 50.0\u{202F}% (right)</td>"))
    #expect(html.contains("<td dir=\"auto\"><bdi>שלילי</bdi> 75.0\u{202F}% (wrong)</td>"))
    // Labels stand above numbers in confusion matrices.
    #expect(html.contains("<th scope=\"col\" dir=\"auto\" class=\"number\">"))
  }

  @Test func numbersAreThoseOfTheFiles() throws {
    let scratch = try ScratchFolder()
    try run(scratch, "one")
    try run(scratch, "two", rate: 0.2)
    let html = try ReportPage(folders: ["\(scratch.path)/one", "\(scratch.path)/two"]).html()
    // A quarter of the teacher's size, and one and a half times its accuracy.
    #expect(html.contains(">25.0\u{202F}%</td>") && html.contains(">150.0\u{202F}%</td>"))
    #expect(html.contains(">01:01</td>"))
    // One of two rows of the first label is right, none of the other.
    #expect(html.contains(">50.0\u{202F}%</td>") && html.contains(">0.0\u{202F}%</td>"))
    // Of all settings only the rate differs.
    #expect(
      html.contains(
        ">train.learning_rate</th><td dir=\"auto\">0.1</td><td dir=\"auto\">0.2</td>"))
    #expect(!html.contains(">seed</th>"))
    // A long log does not make a long page.
    #expect(html.utf8.count < 60_000)
  }

  @Test func similarLayersAreAMap() throws {
    let scratch = try ScratchFolder()
    let json: JSONValue = [
      "models": ["a", .string(Self.nasty)], "texts": 1234, "rows": "tokens",
      "cka": [[1, 0.5], [0.04, 0.96], [-0.1, 0.333]],
    ]
    let path = try scratch.write(JSONWriter(layout: .line).bytes(json), as: "layers.json")
    let html = try ReportPage(folders: [path]).html()
    #expect(html.contains("<h2 id=\"similar-layers\">") && !html.contains("<script"))
    #expect(html.contains("linear CKA of the states of 1\u{202F}234 texts"))
    #expect(html.contains("<th scope=\"row\" dir=\"auto\">layer 1</th>"))
    #expect(!html.contains("layer 2"))
    let cells = [("10", "1.00"), ("5", "0.50"), ("0", "0.04"), ("10", "0.96"), ("0", "-0.10")]
    for (share, text) in cells + [("3", "0.33")] {
      #expect(html.contains("<span class=\"count right share\(share)\">\(text)</span>"))
    }
    for wrong: JSONValue in [
      ["cka": [[1]]], ["models": ["a", "b"], "cka": []],
      ["models": ["a", "b"], "cka": [[1], [1, 2]]], ["models": ["a", "b"], "cka": [[1], ["x"]]],
    ] {
      let file = try scratch.write(JSONWriter(layout: .line).bytes(wrong), as: "wrong.json")
      let error = #expect(throws: FileError.self) { try ReportPage(folders: [file]) }
      #expect(error?.description.contains("inspect --compare --json") == true)
    }
  }

  @Test func aFolderThatIsNoneEndsInASentence() throws {
    let scratch = try ScratchFolder()
    let empty = try scratch.folder()
    #expect(throws: FileError.self) { try ReportPage(folders: [empty]) }
    do {
      _ = try ReportPage(folders: ["\(empty)/nowhere"])
      Issue.record("there is no such folder")
    } catch let error as FileError {
      #expect(error.kind == .missing)
    }
    try run(scratch, "broken")
    try scratch.write("{\"loss\": 1, \"step\": 1}\n{\"loss\": \n{}\n", as: "broken/log.jsonl")
    do {
      _ = try ReportPage(folders: ["\(scratch.path)/broken"])
      Issue.record("the log is broken")
    } catch let error as FileError {
      #expect(error.line == 2)
    }
    // What an interruption cut off is no mistake.
    try scratch.write("{\"loss\": 1, \"step\": 1}\n{\"loss\": ", as: "broken/log.jsonl")
    #expect(try ReportPage(folders: ["\(scratch.path)/broken"]).runs[0].log.count == 1)
  }

  @Test func axesHaveRoundNumbersAroundTheData() {
    let axis = Axis(0.03...0.97)
    #expect(axis.ticks == [0, 0.5, 1])
    #expect(axis.share(0) == 0 && axis.share(1) == 1 && axis.share(0.25) == 0.25)
    #expect(axis.ticks.map(axis.label) == ["0", "0.5", "1"])
    // Labels tell numbers apart that hardly differ, and have no noise in their last digits.
    let close = Axis(5.24175...5.2419)
    #expect(Set(close.ticks.map(close.label)).count == close.ticks.count)
    #expect(Axis(0...0.3).ticks.map(Axis(0...0.3).label) == ["0", "0.1", "0.2", "0.3"])
    let ranges: [ClosedRange<Double>] = [
      2...2, 0...0, -1e300...1e300, 1e17...1e17 + 16,
      0...Double.leastNonzeroMagnitude, -5 ... -4,
    ]
    for range in ranges {
      let axis = Axis(range)
      #expect((1...8).contains(axis.ticks.count), "\(range)")
      #expect((0...1).contains(axis.share(range.lowerBound)), "\(range)")
      #expect((0...1).contains(axis.share(range.upperBound)), "\(range)")
    }
  }

  @Test func noLabelOfAChartIsCutOff() throws {
    // Widths of DejaVu Sans, which is wide, in its own units of 1/2048, at the style sheet's 17 px.
    let widths: [Character: Double] = [".": 651, "-": 739, "+": 1716, "e": 1260]
    func width(_ text: some StringProtocol) -> Double {
      text.reduce(0) { $0 + (widths[$1] ?? 1303) } * 17 / 2048
    }
    let curves: [Chart.Points] = [
      [(7, 4.239_461_23e-05)], [(7, 5.241934)], [(1, 5.24175), (2, 5.2419)],
      [(1, -1e-5), (2, -3e-5)],
      [(1_000_000, 1_234_567), (2_000_000, 1_234_569)], [(0.1, 0.2), (0.100_01, 0.3)], [(1, 0)],
    ]
    for points in curves {
      let chart = Chart(
        title: "t", lines: [.init(name: "a", points: points)], horizontal: "s", vertical: "v")
      for source in [try #require(chart.svg), chart.html(id: "x").source] {
        var ends = 0
        for text in source.split(separator: "<text x=\"").dropFirst() {
          let x = try #require(Double(text.prefix { $0 != "\"" }))
          let label = text.drop { $0 != ">" }.dropFirst().prefix { $0 != "<" }
          if text.contains("text-anchor=\"end\"") {
            ends += 1
            // 12 and half a line are the name of the axis.
            #expect(x - width(label) >= 20, "\(label)")
          } else if text.contains("text-anchor=\"middle\"") {
            #expect(x + width(label) / 2 <= 480, "\(label)")
          }
        }
        #expect(ends > 0)
      }
    }
    // One number says as much as the tables do.
    for (number, label) in [(4.239461e-05, "4.239e-05"), (5.241934, "5.242"), (123_456, "123456")] {
      let axis = Axis(number...number)
      #expect(axis.ticks.map(axis.label) == [label])
    }
  }

  @Test func anEmptyLogAndOneThatIsNotFiniteMakeNoChart() throws {
    let line = Chart.Line(name: "a", points: [(1, .nan), (2, .infinity)])
    #expect(Chart(title: "t", lines: [line]).html(id: "x").source.isEmpty)
    #expect(Chart(title: "t", lines: []).html(id: "x").source.isEmpty)
    // A number that is missing interrupts the line.
    let broken = Chart.Line(name: "a", points: [(1, 1), (2, 2), (3, .nan), (4, 1), (5, 2)])
    let html = Chart(title: "t", lines: [broken]).html(id: "x").source
    let path = html.split(separator: "<path d=\"").last?.split(separator: "\"").first ?? ""
    #expect(path.filter { $0 == "M" }.count == 2 && path.filter { $0 == "L" }.count == 2)
  }

  @Test func aChartCanBeAFileOfItsOwn() throws {
    let lines = [
      Chart.Line(name: "a<b", points: [(1, 0.25), (2, 0.5)]),
      Chart.Line(name: "kd", points: [(1, 0.125), (2, 0.75)]),
      Chart.Line(name: "none", points: [(1, 0.125), (2, 0.25)]),
    ]
    let chart = Chart(title: "cola & more", lines: lines, horizontal: "updates")
    let svg = try #require(chart.svg)
    #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.hasSuffix("</svg>\n"))
    // Every element is closed, and names are text.
    let parts = svg.split(separator: "<").map(String.init)
    let closings = parts.filter { $0.hasPrefix("/") }.count
    #expect(parts.count == 2 * closings)
    #expect(svg.contains("cola &amp; more") && svg.contains(">a&lt;b</text>"))
    #expect(svg.contains(">updates</text>") && !svg.contains(">step</text>"))
    // The colours of the legend are those of the lines.
    for place in 0..<3 {
      #expect(svg.split(separator: "class=\"line c\(place) d\(place)\"").count == 3)
    }
    #expect(chart.html(id: "x").source.contains(">updates</text>"))
    #expect(Chart(title: "t", lines: []).svg == nil)
  }

  @Test func namesAreAsShortAsTheyCanBe() throws {
    let scratch = try ScratchFolder()
    for name in ["a/x/run", "a/y/run"] { try run(scratch, name) }
    let page = try ReportPage(
      folders: ["\(scratch.path)/a/x/run", "\(scratch.path)/./a/y/run/"])
    #expect(page.runs.map(\.name) == ["x/run", "y/run"])
    #expect(try ReportPage(folders: ["\(scratch.path)/a/x/run"]).runs[0].name == "run")
  }
}
