extension TaskDescription {
  /// AG's News, four topics. The files are quoted CSV without a header: class, title and
  /// description, in which a backslash stands for a line break. Title and description form one
  /// text. 120,000 rows to train on, 7,600 to test. There is no validation split, so runs also
  /// measure on the test split, as the papers do. `train_sample.tsv` and `dev.tsv` (`label`,
  /// `text`) are read if they exist.
  public static let agNews = TaskDescription(
    name: "ag-news", folder: "ag_news",
    labels: ["World", "Sports", "Business", "Sci/Tech"].enumerated()
      .map { Label($1, spelling: "\($0 + 1)") },
    metrics: [.accuracy, .macroF1],
    files: [
      .train: topics("train.csv"), .validation: sample("dev.tsv"), .test: topics("test.csv"),
    ],
    alternatives: [.train: [sample("train_sample.tsv")], .validation: [topics("test.csv")]])

  /// DBPedia's ontology, fourteen classes, in the layout of AG's News, except that line breaks are
  /// written `\n`. 560,000 rows to train on, 70,000 to test; validation as for AG's News.
  public static let dbpedia = TaskDescription(
    name: "dbpedia", folder: "dbpedia",
    labels: [
      "Company", "EducationalInstitution", "Artist", "Athlete", "OfficeHolder",
      "MeanOfTransportation", "Building", "NaturalPlace", "Village", "Animal", "Plant", "Album",
      "Film", "WrittenWork",
    ].enumerated().map { Label($1, spelling: "\($0 + 1)") },
    metrics: [.accuracy, .macroF1],
    files: [
      .train: topics("train.csv", lineBreak: "\\n"), .validation: sample("dev.tsv"),
      .test: topics("test.csv", lineBreak: "\\n"),
    ],
    alternatives: [.validation: [topics("test.csv", lineBreak: "\\n")]])

  private static func topics(_ name: String, lineBreak: String = "\\") -> File {
    File(name: name, textColumns: [1, 2], labelColumn: 0).with {
      $0.format = .quoted(lineBreak: lineBreak)
      $0.joinsTexts = true
    }
  }

  private static func sample(_ name: String) -> File {
    File(name: name, textColumns: ["text"], labelColumn: "label")
  }
}
