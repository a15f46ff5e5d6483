extension TaskDescription {
  /// Microsoft Research Paraphrase Corpus: news sentences that mean the same or do not. 3,668 rows
  /// to train on, 408 to validate.
  ///
  /// If GLUE's files are missing, Microsoft's own `msr_paraphrase_train.txt` (4,076 rows, GLUE's
  /// train and validation together) and `msr_paraphrase_test.txt` (with labels) are read. Like
  /// GLUE's files, they begin with a byte order mark.
  public static let mrpc: TaskDescription = {
    let original = File(
      name: "msr_paraphrase_train.txt", textColumns: ["#1 String", "#2 String"],
      labelColumn: "Quality")
    return TaskDescription(
      name: "mrpc", folder: "MRPC",
      labels: [Label("not_equivalent", spelling: "0"), Label("equivalent", spelling: "1")],
      metrics: [.accuracy, .f1],
      files: .glue(texts: ["#1 String", "#2 String"], label: "Quality"),
      alternatives: [
        .train: [original], .test: [original.with { $0.name = "msr_paraphrase_test.txt" }],
      ])
  }()
}
