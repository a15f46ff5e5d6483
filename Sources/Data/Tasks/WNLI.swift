extension TaskDescription {
  /// Winograd schemas as entailment: the pronoun of the first text is replaced in the second. 635
  /// rows to train on, 71 to validate, most of them made to mislead: the majority class has 56.3 %.
  public static let wnli = TaskDescription(
    name: "wnli", folder: "WNLI",
    labels: [Label("not_entailment", spelling: "0"), Label("entailment", spelling: "1")],
    metrics: [.accuracy],
    files: .glue(texts: ["sentence1", "sentence2"], label: "label"),
    foldings: [.entailmentOrNot("entailment", "not_entailment")])
}
