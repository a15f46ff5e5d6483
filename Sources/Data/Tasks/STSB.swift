extension TaskDescription {
  /// Semantic Textual Similarity Benchmark: a score from 0 (unrelated) to 5 (the same). 5,749 rows
  /// to train on, 1,500 to validate.
  public static let stsb = TaskDescription(
    name: "sts-b", folder: "STS-B", labels: [], scoreRange: 0...5, metrics: [.pearson, .spearman],
    files: .glue(texts: ["sentence1", "sentence2"], label: "score"))
}
