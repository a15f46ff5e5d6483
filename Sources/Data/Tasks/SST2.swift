extension TaskDescription {
  /// Stanford Sentiment Treebank, sentences and phrases, positive or negative.
  public static let sst2 = TaskDescription(
    name: "sst-2", folder: "SST-2",
    labels: [Label("negative", spelling: "0"), Label("positive", spelling: "1")],
    metrics: [.accuracy],
    files: [
      .train: File(
        name: "train.tsv", header: ["sentence", "label"], textColumns: [0], labelColumn: 1),
      .validation: File(
        name: "dev.tsv", header: ["sentence", "label"], textColumns: [0], labelColumn: 1),
      .test: File(
        name: "test.tsv", header: ["index", "sentence"], textColumns: [1], labelColumn: nil),
    ])
}
