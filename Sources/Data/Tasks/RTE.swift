extension TaskDescription {
  /// Recognizing Textual Entailment (RTE 1, 2, 3 and 5): does the second sentence follow from the
  /// first? 2,490 rows to train on, 277 to validate.
  public static let rte = TaskDescription(
    name: "rte", folder: "RTE",
    labels: [Label("entailment"), Label("not_entailment")],
    metrics: [.accuracy],
    files: .glue(texts: ["sentence1", "sentence2"], label: "label"),
    foldings: [.entailmentOrNot("entailment", "not_entailment")])
}
