extension TaskDescription {
  /// Questions of SQuAD, each with a sentence: does it contain the answer? 104,743 rows to train
  /// on, 5,463 to validate.
  public static let qnli = TaskDescription(
    name: "qnli", folder: "QNLI",
    labels: [Label("entailment"), Label("not_entailment")],
    metrics: [.accuracy],
    files: .glue(texts: ["question", "sentence"], label: "label"))
}
