/// How often each class of the references was predicted as each class. All metrics of classes
/// depend only on this.
public struct ConfusionMatrix: Sendable, Equatable {
  /// The classes in ascending order. Rows and columns are indexed by position in this array.
  public let classes: [Int32]
  /// One row per class of the references, one column per class of the predictions.
  private let cells: [Int]

  /// The matrix of predictions against references, with one element per row each. Rows beyond the
  /// shorter array are ignored.
  ///
  /// - Parameter classes: classes that get a row and a column even if they never occur.
  public init(predictions: [Int32], references: [Int32], classes: [Int32] = []) {
    let counted = CountedRows(
      predictions: predictions, references: references, classes: classes)
    self.init(counted, rows: counted.cells.indices)
  }

  /// The matrix of some rows, each counted as often as it is listed.
  init(_ counted: CountedRows, rows: some Sequence<Int>) {
    var cells = [Int](repeating: 0, count: counted.classes.count * counted.classes.count)
    for row in rows { cells[counted.cells[row]] += 1 }
    classes = counted.classes
    self.cells = cells
  }

  /// Number of rows of the class at position `reference` that were predicted as the class at
  /// position `prediction`.
  public func count(reference: Int, prediction: Int) -> Int {
    cells[reference * classes.count + prediction]
  }

  /// All counts, with one row per class of the references.
  public var rows: [[Int]] {
    classes.indices.map { row in
      classes.indices.map { count(reference: row, prediction: $0) }
    }
  }

  /// Number of rows counted.
  public var total: Int { cells.reduce(0, +) }

  /// Number of rows whose prediction is right.
  public var correct: Int {
    classes.indices.reduce(0) { $0 + count(reference: $1, prediction: $1) }
  }

  /// Number of rows whose reference is the class at a position.
  public func referenced(_ place: Int) -> Int {
    classes.indices.reduce(0) { $0 + count(reference: place, prediction: $1) }
  }

  /// Number of rows predicted as the class at a position.
  public func predicted(_ place: Int) -> Int {
    classes.indices.reduce(0) { $0 + count(reference: $1, prediction: place) }
  }
}

/// Rows with the cell of the confusion matrix in which each counts, so that samples of them cost
/// one look-up per row.
struct CountedRows: Sendable {
  let classes: [Int32]
  let cells: [Int]

  init(predictions: [Int32], references: [Int32], classes: [Int32] = []) {
    let count = min(predictions.count, references.count)
    let known = Set(classes).union(predictions.prefix(count)).union(references.prefix(count))
      .sorted()
    let places = Dictionary(uniqueKeysWithValues: zip(known, known.indices))
    self.classes = known
    cells = (0..<count).map { row in
      places[references[row], default: 0] * known.count + places[predictions[row], default: 0]
    }
  }
}

extension ConfusionMatrix {
  /// Share of right predictions; NaN without rows.
  public var accuracy: Double { Double(correct) / Double(total) }

  /// Harmonic mean of precision and recall of a class; 0 if neither predictions nor references
  /// contain it.
  public func f1(_ label: Int32) -> Double {
    classes.firstIndex(of: label).map(f1(place:)) ?? 0
  }

  /// Mean of F1 over the classes that occur in predictions or references; NaN without rows.
  public var macroF1: Double {
    let places = classes.indices.filter { referenced($0) + predicted($0) > 0 }
    return places.reduce(0) { $0 + f1(place: $1) } / Double(places.count)
  }

  /// Matthews' correlation coefficient; 0 if all predictions or all references are the same.
  public var matthews: Double {
    // All are integers below 2^53, so the sums are exact.
    let count = Double(total)
    var (cross, predictions, references) = (0.0, 0.0, 0.0)
    for place in classes.indices {
      let (p, r) = (Double(predicted(place)), Double(referenced(place)))
      cross += p * r
      predictions += p * p
      references += r * r
    }
    let spreadOfPredictions = count * count - predictions
    let spreadOfReferences = count * count - references
    guard spreadOfPredictions > 0, spreadOfReferences > 0 else { return 0 }
    return (Double(correct) * count - cross)
      / (spreadOfPredictions.squareRoot() * spreadOfReferences.squareRoot())
  }

  private func f1(place: Int) -> Double {
    let sum = referenced(place) + predicted(place)
    return sum == 0 ? 0 : Double(2 * count(reference: place, prediction: place)) / Double(sum)
  }
}
