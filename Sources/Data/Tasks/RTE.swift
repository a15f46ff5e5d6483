extension TaskDescription {
  /// Recognizing Textual Entailment (RTE 1, 2, 3 and 5): does the second sentence follow from the
  /// first? 2,490 rows to train on, 277 to validate.
  public static let rte = TaskDescription(
    name: "rte", folder: "RTE",
    labels: [Label("entailment"), Label("not_entailment")],
    metrics: [.accuracy],
    files: [
      .train: File(
        name: "train.tsv", header: ["index", "sentence1", "sentence2", "label"],
        textColumns: [1, 2], labelColumn: 3),
      .validation: File(
        name: "dev.tsv", header: ["index", "sentence1", "sentence2", "label"],
        textColumns: [1, 2], labelColumn: 3),
      .test: File(
        name: "test.tsv", header: ["index", "sentence1", "sentence2"],
        textColumns: [1, 2], labelColumn: nil),
    ])
}
