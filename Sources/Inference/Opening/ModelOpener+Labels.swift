import Data
import Models

extension ModelOpener {
  /// The task's labels, in the form in which a model's outputs must have them.
  package static func labels(of task: TaskDescription) -> LabelSet {
    switch task.targets {
    case .scores: LabelSet(names: ["score"], problem: .regression)
    case .labelSets: LabelSet(names: task.labelNames, problem: .severalLabels)
    case .classes, .spans: LabelSet(names: task.labelNames)
    }
  }

  /// Puts a fine-tuned model's outputs into the order of the task, by label name.
  ///
  /// - Returns: a notice for the user if the model has no label names, otherwise nil.
  /// - Throws: `MismatchError` if the names differ.
  package static func align(
    _ opened: OpenedModel<SequenceClassifier>, with task: TaskDescription
  ) throws -> (model: OpenedModel<SequenceClassifier>, notice: String?) {
    let wanted = labels(of: task)
    let found = opened.model.labels
    let place = "\(opened.role) (\(opened.tokenizerSource))"
    guard found.isRegression == wanted.isRegression, found.count == wanted.count else {
      throw MismatchError(
        .labels,
        "\(place) has \(found.count) output\(found.count == 1 ? "" : "s") "
          + "\(listed(found.names)), but "
          + "task \(task.name) has \(wanted.count) \(listed(wanted.names)); give a model "
          + "fine-tuned on \(task.name)"
          + task.foldings.map { " or \($0.modelTask)" }.joined()
      )
    }
    guard found.problem == wanted.problem else {
      throw MismatchError(
        .labels,
        "\(place) has outputs for \(found.problem.rawValue), but task \(task.name) is "
          + "\(wanted.problem.rawValue); give a model fine-tuned on \(task.name), or correct "
          + "problem_type in its config.json")
    }
    if wanted.isRegression || found.names == wanted.names { return (opened, nil) }
    if found.isNameless {
      return (
        replacing(opened, opened.model.renamed(wanted)), labelNotice(place, found, wanted: wanted)
      )
    }
    let spellings = task.labels.map(\.spelling)
    guard let match = LabelMatch(found.names, wanted.names, spellings: spellings) else {
      throw MismatchError(
        .labels,
        "\(place) has the labels \(listed(found.names)), but task \(task.name) has "
          + "\(listed(wanted.names)); give a model fine-tuned on \(task.name), or correct id2label "
          + "in its config.json")
    }
    return (
      replacing(opened, opened.model.reordered(match.order, labels: wanted)),
      match.notice(place, found.names, wanted.names)
    )
  }

  /// Does what `align` does. For a model of another task that can be measured on this one, finds
  /// the class that each of its outputs stands for.
  ///
  /// - Returns: `outputs` is nil if the model's outputs are the task's labels in order.
  /// - Throws: the errors of `align`.
  package static func alignOrFold(
    _ opened: OpenedModel<SequenceClassifier>, with task: TaskDescription
  ) throws -> (model: OpenedModel<SequenceClassifier>, outputs: [Int32]?, notice: String?) {
    let found = opened.model.labels
    let isSameSet =
      found.count == task.labels.count
      && (found.isNameless
        || LabelMatch(found.names, task.labelNames, spellings: task.labels.map(\.spelling)) != nil)
    guard !found.isRegression, !isSameSet,
      let outputs = task.foldedOutputs(names: found.names, isNameless: found.isNameless)
    else {
      let (model, notice) = try align(opened, with: task)
      return (model, nil, notice)
    }
    let meanings = zip(found.names, outputs).map { "\($0) as \(task.labelNames[Int($1)])" }
    return (
      opened, outputs,
      "\(opened.role) (\(opened.tokenizerSource)) has other labels than task \(task.name); "
        + "\(meanings.joined(separator: ", ")) count"
    )
  }

  private static func replacing(
    _ opened: OpenedModel<SequenceClassifier>, _ model: SequenceClassifier
  ) -> OpenedModel<SequenceClassifier> {
    OpenedModel(
      model: model, tokenizer: opened.tokenizer, tokenizerSource: opened.tokenizerSource,
      report: opened.report, role: opened.role)
  }

  package static func permutation(from found: [String], to wanted: [String]) -> [Int]? {
    LabelMatch(found, wanted)?.order
  }
}
