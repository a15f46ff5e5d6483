extension TaskDescription {
  /// Corpus of Linguistic Acceptability: is a sentence grammatical English? 8,551 rows to train on,
  /// 1,043 to validate.
  ///
  /// train.tsv and dev.tsv have no header; their fields are source, label, original mark and
  /// sentence. test.tsv has a header.
  public static let cola = TaskDescription(
    name: "cola", folder: "CoLA",
    labels: [Label("unacceptable", spelling: "0"), Label("acceptable", spelling: "1")],
    metrics: [.matthews],
    files: [
      .train: File(name: "train.tsv", textColumns: [3], labelColumn: 1),
      .validation: File(name: "dev.tsv", textColumns: [3], labelColumn: 1),
      .test: File(name: "test.tsv", textColumns: ["sentence"], labelColumn: nil),
    ])
}
