extension TaskDescription {
  /// Heuristic Analysis for NLI Systems: inferences that look entailed because of word overlap, for
  /// MNLI models. Both neutral and contradiction count as non-entailment. 30,000 rows to validate,
  /// a thousand for each of 30 subcases. As in the paper, accuracy is also reported by heuristic
  /// and subcase.
  public static let hans = TaskDescription(
    name: "hans", folder: "hans",
    labels: [Label("entailment"), Label("non-entailment")], metrics: [.accuracy],
    files: [
      .train: hans("heuristics_train_set.txt"),
      .validation: hans("heuristics_evaluation_set.txt"),
    ],
    foldings: [.entailmentOrNot("entailment", "non-entailment")])

  private static func hans(_ name: String) -> File {
    File(name: name, textColumns: ["sentence1", "sentence2"], labelColumn: "gold_label")
      .with { $0.groupColumns = ["heuristic", "subcase"] }
  }
}
