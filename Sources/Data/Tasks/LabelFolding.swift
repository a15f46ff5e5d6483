extension TaskDescription {
  /// The meaning, in this task, of the labels of a model that was trained for another task.
  public struct LabelFolding: Sendable, Equatable {
    /// The task of the model.
    public var modelTask: String
    /// The model's labels in the order of that task, each with the label of this task that it
    /// means.
    public var meanings: [Meaning]

    /// One label of the model.
    public struct Meaning: Sendable, Equatable {
      /// The model's label.
      public var model: String
      /// The label of the task evaluated.
      public var task: String
    }

    /// A folding from pairs (model's label, task's label).
    public init(of modelTask: String, _ meanings: KeyValuePairs<String, String>) {
      self.modelTask = modelTask
      self.meanings = meanings.map { Meaning(model: $0.key, task: $0.value) }
    }

    /// The labels of an MNLI model, for a task in which only entailment counts.
    static func entailmentOrNot(_ entailed: String, _ other: String) -> LabelFolding {
      LabelFolding(
        of: "mnli", ["entailment": entailed, "neutral": other, "contradiction": other])
    }
  }

  /// For each output of a model, the id of the label of this task that it means; nil if the model's
  /// names belong to no known folding.
  ///
  /// - Parameters:
  ///   - names: the model's label names in the order of its outputs; case does not matter.
  ///   - isNameless: the names mean nothing; a folding with the same number of labels is used in
  ///     its own order.
  public func foldedOutputs(names: [String], isNameless: Bool = false) -> [Int32]? {
    for folding in foldings where folding.meanings.count == names.count {
      let outputs = names.enumerated().compactMap { position, name -> Int32? in
        let meaning =
          isNameless
          ? folding.meanings[position]
          : folding.meanings.first { $0.model.lowercased() == name.lowercased() }
        guard let meaning else { return nil }
        return labels.firstIndex { $0.name == meaning.task }.map(Int32.init)
      }
      if outputs.count == names.count, Set(names).count == names.count { return outputs }
    }
    return nil
  }
}
