import Data

/// How the names of a model's outputs were recognised as the labels of a task.
package struct LabelMatch: Equatable {
  /// How much there was to interpret.
  package enum Kind: Sendable {
    /// The names are those of the labels; case does not matter.
    case name
    /// They are what the task's files write.
    case spelling
    /// They are the ids of the labels: 0, 1, 2 and so on in the task's order.
    case number
    /// They are other names for the labels.
    case synonym
  }

  /// For each label of the task the output that stands for it.
  package let order: [Int]
  /// How the names were recognised.
  package let kind: Kind

  /// Matches names with labels. Every name must mean one label, and every label must be meant once.
  ///
  /// - Parameters:
  ///   - found: the names, in the order of the outputs.
  ///   - wanted: the task's labels.
  ///   - spellings: how the task's files write them, in the same order.
  package init?(_ found: [String], _ wanted: [String], spellings: [String] = []) {
    guard found.count == wanted.count else { return nil }
    let numbers = wanted.indices.map(String.init)
    let ways: [(Kind, [String], (String, String) -> Bool)] = [
      (.name, wanted, { $0.lowercased() == $1.lowercased() }), (.spelling, spellings, ==),
      (.number, numbers, ==), (.synonym, wanted, LabelSynonyms.mean),
    ]
    for (kind, names, means) in ways where names.count == wanted.count {
      let order = names.map { name in found.indices.filter { means(found[$0], name) } }
      guard order.allSatisfy({ $0.count == 1 }), Set(order.joined()).count == wanted.count else {
        continue
      }
      self.order = order.map { $0[0] }
      self.kind = kind
      return
    }
    return nil
  }

  /// A sentence about names that had to be interpreted; nil if they are those of the task.
  package func notice(_ place: String, _ found: [String], _ wanted: [String]) -> String? {
    let how: String
    switch kind {
    case .name: return nil
    case .spelling: how = "as the task's files write them"
    case .number: how = "by their numbers in the task's order"
    case .synonym: how = "by their usual meaning"
    }
    let meanings = zip(order, wanted).map { "\(found[$0]) as \($1)" }.joined(separator: ", ")
    return "\(place): its label names are taken \(how): \(meanings)"
  }
}
