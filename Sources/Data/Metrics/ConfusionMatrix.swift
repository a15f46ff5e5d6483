/// How often each class of the references was predicted as each class: all that metrics of classes
/// depend on.
public struct ConfusionMatrix: Sendable, Equatable {
  /// The classes in ascending order; rows and columns go by their places here.
  public let classes: [Int32]
  /// A row for each class of the references, a column for each class of the predictions.
  private let cells: [Int]

  /// The matrix of predictions against references, one element a row each; rows beyond the shorter
  /// array are not counted.
  ///
  /// - Parameter classes: classes that get a row and a column even if they never occur.
  public init(predictions: [Int32], references: [Int32], classes: [Int32] = []) {
    let counted = CountedRows(
      predictions: predictions, references: references, classes: classes)
    self.init(counted, rows: counted.cells.indices)
  }

  /// The matrix of some rows, each as often as it is named.
  init(_ counted: CountedRows, rows: some Sequence<Int>) {
    var cells = [Int](repeating: 0, count: counted.classes.count * counted.classes.count)
    for row in rows { cells[counted.cells[row]] += 1 }
    classes = counted.classes
    self.cells = cells
  }

  /// Rows of the class at place `reference` that were predicted as the one at place `prediction`.
  public func count(reference: Int, prediction: Int) -> Int {
    cells[reference * classes.count + prediction]
  }

  /// All counts, a row for each class of the references.
  public var rows: [[Int]] {
    classes.indices.map { row in
      classes.indices.map { count(reference: row, prediction: $0) }
    }
  }

  /// Rows counted.
  public var total: Int { cells.reduce(0, +) }

  /// Rows whose prediction is right.
  public var correct: Int {
    classes.indices.reduce(0) { $0 + count(reference: $1, prediction: $1) }
  }

  /// Rows of the class at a place.
  public func referenced(_ place: Int) -> Int {
    classes.indices.reduce(0) { $0 + count(reference: place, prediction: $1) }
  }

  /// Rows predicted to be of the class at a place.
  public func predicted(_ place: Int) -> Int {
    classes.indices.reduce(0) { $0 + count(reference: $1, prediction: place) }
  }
}

/// Rows with the cell of the confusion matrix that each counts in, so that samples of them cost one
/// look-up a row.
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

  /// Harmonic mean of precision and recall of a class; 0 when neither predictions nor references
  /// hold it.
  public func f1(_ label: Int32) -> Double {
    classes.firstIndex(of: label).map(f1(place:)) ?? 0
  }

  /// Mean of F1 over the classes that predictions or references hold; NaN without rows.
  public var macroF1: Double {
    let places = classes.indices.filter { referenced($0) + predicted($0) > 0 }
    return places.reduce(0) { $0 + f1(place: $1) } / Double(places.count)
  }

  /// Matthews' correlation coefficient; 0 when predictions or references are all the same.
  public var matthews: Double {
    // Integers below 2^53 throughout, so the sums are exact.
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
