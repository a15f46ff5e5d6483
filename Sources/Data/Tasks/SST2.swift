extension TaskDescription {
  /// Stanford Sentiment Treebank, sentences and phrases, positive or negative. 67,349 rows to train
  /// on, 872 to validate.
  public static let sst2 = TaskDescription(
    name: "sst-2", folder: "SST-2",
    labels: [Label("negative", spelling: "0"), Label("positive", spelling: "1")],
    metrics: [.accuracy],
    files: .glue(texts: ["sentence"], label: "label"))
}
