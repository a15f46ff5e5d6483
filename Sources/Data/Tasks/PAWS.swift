extension TaskDescription {
  /// Paraphrase Adversaries from Word Scrambling (Wikipedia, labelled, final): pairs with high word
  /// overlap, for QQP or MRPC models. 49,401 rows to train on, 8,000 to validate, 8,000 to test.
  public static let paws = TaskDescription(
    name: "paws", folder: "paws",
    labels: [Label("not_paraphrase", spelling: "0"), Label("paraphrase", spelling: "1")],
    metrics: [.accuracy, .f1],
    files: [Split: File].glue(texts: ["sentence1", "sentence2"], label: "label")
      .mapValues { file in file.with { $0.labelColumn = "label" } },
    foldings: [
      LabelFolding(of: "qqp", ["not_duplicate": "not_paraphrase", "duplicate": "paraphrase"]),
      LabelFolding(of: "mrpc", ["not_equivalent": "not_paraphrase", "equivalent": "paraphrase"]),
    ])
}
