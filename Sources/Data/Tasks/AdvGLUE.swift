extension TaskDescription {
  /// Adversarial GLUE: six parts of one `dev.json`, an object with one array per task, for models
  /// of the tasks from which they were made. Labels are the ids of Hugging Face's data sets.
  public static let advGLUE: [TaskDescription] = [
    advGLUE(sst2, key: "sst2", texts: ["sentence"]),
    advGLUE(qqp, key: "qqp", texts: ["question1", "question2"]),
    advGLUE(mnli, key: "mnli", texts: ["premise", "hypothesis"]),
    advGLUE(mnliMismatched, key: "mnli-mm", texts: ["premise", "hypothesis"]),
    advGLUE(qnli, key: "qnli", texts: ["question", "sentence"]),
    advGLUE(rte, key: "rte", texts: ["sentence1", "sentence2"]),
  ]

  private static func advGLUE(
    _ task: TaskDescription, key: String, texts: [String]
  ) -> TaskDescription {
    let file = File(name: "dev.json", textColumns: texts.map(Column.named), labelColumn: "label")
      .with { file in
        file.format = .jsonArray(key: key)
        file.labelSpellings = task.labels.indices.map(String.init)
      }
    return TaskDescription(
      name: "advglue-\(task.name)", folder: "advglue", labels: task.labels, metrics: task.metrics,
      files: [.validation: file], foldings: task.foldings)
  }
}
