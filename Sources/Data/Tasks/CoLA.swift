extension TaskDescription {
  /// Corpus of Linguistic Acceptability: is it a grammatical English sentence? 8,551 rows to train
  /// on, 1,043 to validate.
  ///
  /// train.tsv and dev.tsv have no header: source, label, original mark, sentence. test.tsv has one.
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
