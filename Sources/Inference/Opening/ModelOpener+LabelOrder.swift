import Configuration
import Data
import Models

extension ModelOpener {
  /// What the outputs of a checkpoint stand for: its own label names or, if it has none, the names
  /// that the user lists in the order of the outputs.
  ///
  /// - Parameters:
  ///   - order: `label_order`; nil if it is not given.
  ///   - error: makes an error from a sentence, without its full stop, on why the order cannot be
  ///     used.
  package static func labels(
    of folder: ModelFolder, order: [String]?, error: (String) -> any Error
  ) throws -> LabelSet? {
    let found = folder.configuration.labels
    guard let order else { return found }
    guard let found, !found.isRegression else {
      throw error("label_order is for classifiers, but \(folder.path) is not one")
    }
    guard order.count == found.count else {
      throw error(
        "label_order has \(order.count) names, but \(folder.path) has \(found.count) outputs")
    }
    let numbers = found.names.indices.map(String.init)
    if found.isNameless || Set(found.names) == Set(numbers) {
      return LabelSet(names: order, problem: found.problem)
    }
    guard found.names.map({ $0.lowercased() }) == order.map({ $0.lowercased() }) else {
      throw error(
        "\(folder.path) has label names of its own, \(listed(found.names)); label_order is for "
          + "checkpoints without any (LABEL_0, LABEL_1 and so on)")
    }
    return found
  }

  /// Checks `label_order` against the labels of the task.
  ///
  /// - Throws: `ConfigError`.
  package static func checkLabelOrder(of source: ModelSource, for task: TaskDescription) throws {
    guard let order = source.labelOrder else { return }
    guard task.questions == nil else {
      throw source.origin.error(
        "label_order", "task \(task.name) has no labels; leave label_order out.")
    }
    guard !task.isRegression else {
      throw source.origin.error(
        "label_order", "task \(task.name) has scores and no labels; leave label_order out.")
    }
    guard order.count == task.labels.count, permutation(from: order, to: task.labelNames) != nil
    else {
      throw source.origin.error(
        "label_order",
        "label_order must hold every label of task \(task.name) once, "
          + "\(listed(task.labelNames)), in "
          + "the order of the model's outputs, found \(listed(order)).")
    }
  }

  /// A sentence about outputs without names that are taken in the task's order; nil for other
  /// models.
  package static func labelNotice(_ model: String, _ found: LabelSet?, wanted: LabelSet?) -> String?
  {
    guard let found, let wanted, found.isNameless, !wanted.isRegression,
      found.count == wanted.count, found.names != wanted.names
    else { return nil }
    return
      "\(model) has no label names; its outputs are taken in the task's order "
      + "\(listed(wanted.names)); give its label_order if that is another one"
  }
}
