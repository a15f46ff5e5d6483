extension TaskDescription {
  /// Quora Question Pairs: do both questions ask the same? 363,846 rows to train on, 40,430 to
  /// validate.
  ///
  /// train.tsv of the archive has a few more lines than usable rows (two questions lack their
  /// text), which everybody leaves out. Fields with quotes are CSV-quoted there, and everybody
  /// reads them raw.
  public static let qqp = TaskDescription(
    name: "qqp", folder: "QQP",
    labels: [Label("not_duplicate", spelling: "0"), Label("duplicate", spelling: "1")],
    metrics: [.accuracy, .f1],
    files: [Split: File].glue(texts: ["question1", "question2"], label: "is_duplicate")
      .mapValues { file in file.with { $0.hasBrokenRows = $0.labelColumn != nil } })
}
