extension TaskDescription {
  /// Large Movie Review Dataset: whole reviews, positive or negative. SST-2 models have the same
  /// labels. 25,000 rows to train on and 25,000 to test. A held-out part is called `dev.tsv`.
  ///
  /// It is read as TSV (`sentence`, and `label` 0 or 1) and as CSV in three layouts: `text`,
  /// `label` (0 or 1); `review`, `sentiment` (words); no header, class 1 or 2, and text.
  public static let imdb = TaskDescription(
    name: "imdb", folder: "imdb",
    labels: [Label("negative", spelling: "0"), Label("positive", spelling: "1")],
    metrics: [.accuracy],
    files: [.train: tsv("train"), .validation: tsv("dev"), .test: tsv("test")],
    alternatives: [
      .train: csv("train"), .validation: csv("dev") + csv("test") + [tsv("test")],
      .test: csv("test"),
    ])

  private static func tsv(_ part: String) -> File {
    File(name: "\(part).tsv", textColumns: ["sentence"], labelColumn: "label")
  }

  private static func csv(_ part: String) -> [File] {
    let named = File(name: "\(part).csv", textColumns: ["text"], labelColumn: "label")
    let words = File(name: "\(part).csv", textColumns: ["review"], labelColumn: "sentiment")
    let classes = File(name: "\(part).csv", textColumns: [1], labelColumn: 0)
    return [
      named.with { $0.format = .quoted() },
      words.with {
        $0.format = .quoted()
        $0.labelSpellings = ["negative", "positive"]
      },
      classes.with {
        $0.format = .quoted(lineBreak: "\\n")
        $0.labelSpellings = ["1", "2"]
      },
    ]
  }
}
