extension TaskDescription {
  /// Quora Question Pairs: do both questions ask the same? 363,846 rows to train on, 40,430 to
  /// validate.
  ///
  /// The archive's train.tsv has a few lines more than usable rows (two questions lack their text);
  /// everybody leaves them out. Fields with quotes are CSV-quoted there, and everybody reads them
  /// raw.
  public static let qqp = TaskDescription(
    name: "qqp", folder: "QQP",
    labels: [Label("not_duplicate", spelling: "0"), Label("duplicate", spelling: "1")],
    metrics: [.accuracy, .f1],
    files: [Split: File].glue(texts: ["question1", "question2"], label: "is_duplicate")
      .mapValues { file in file.with { $0.hasBrokenRows = $0.labelColumn != nil } })
}
