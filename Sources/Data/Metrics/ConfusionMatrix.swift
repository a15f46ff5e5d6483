/// How often each class of the references was predicted as each class. All metrics of classes
/// depend only on this.
public struct ConfusionMatrix: Sendable, Equatable {
  /// The classes in ascending order. Rows and columns are indexed by position in this array.
  public let classes: [Int32]
  /// Number of rows counted.
  public let total: Int
  /// Number of rows whose prediction is right.
  public let correct: Int
  /// The cells that can be other than 0, and what is in them. A table of all cells would take the
  /// square of the number of classes, of which there may be a million.
  private let cells: [Cell]
  private let counts: [Int]
  /// The sums of rows and of columns.
  private let references, predictions: [Int]

  /// The matrix of predictions against references, with one element per row each. Rows beyond the
  /// shorter array are ignored.
  ///
  /// - Parameter classes: classes that get a row and a column even if they never occur.
  public init(predictions: [Int32], references: [Int32], classes: [Int32] = []) {
    let counted = CountedRows(
      predictions: predictions, references: references, classes: classes)
    self.init(counted, rows: counted.places.indices)
  }

  /// The matrix of some rows, each counted as often as it is listed.
  init(_ counted: CountedRows, rows: some Sequence<Int>) {
    var counts = [Int](repeating: 0, count: counted.cells.count)
    for row in rows { counts[counted.places[row]] += 1 }
    var (total, correct) = (0, 0)
    var references = [Int](repeating: 0, count: counted.classes.count)
    var predictions = references
    for (cell, count) in zip(counted.cells, counts) {
      total += count
      if cell.reference == cell.prediction { correct += count }
      references[cell.reference] += count
      predictions[cell.prediction] += count
    }
    (classes, cells, self.counts) = (counted.classes, counted.cells, counts)
    (self.references, self.predictions) = (references, predictions)
    (self.total, self.correct) = (total, correct)
  }

  /// Number of rows of the class at position `reference` that were predicted as the class at
  /// position `prediction`.
  public func count(reference: Int, prediction: Int) -> Int {
    let wanted = Cell(reference: reference, prediction: prediction)
    // The first cell that is not before it.
    var (low, high) = (0, cells.count)
    while low < high {
      let middle = (low + high) / 2
      if cells[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low < cells.count && cells[low] == wanted ? counts[low] : 0
  }

  /// All counts, with one row per class of the references.
  public var rows: [[Int]] {
    var rows = classes.map { _ in [Int](repeating: 0, count: classes.count) }
    for (cell, count) in zip(cells, counts) { rows[cell.reference][cell.prediction] = count }
    return rows
  }

  /// Number of rows whose reference is the class at a position.
  public func referenced(_ place: Int) -> Int { references[place] }

  /// Number of rows predicted as the class at a position.
  public func predicted(_ place: Int) -> Int { predictions[place] }
}

/// A place in a confusion matrix, by the positions of two classes.
private struct Cell: Hashable, Comparable {
  let reference, prediction: Int

  static func < (left: Cell, right: Cell) -> Bool {
    (left.reference, left.prediction) < (right.reference, right.prediction)
  }
}

/// Rows with the cell of the confusion matrix in which each counts, so that samples of them cost
/// one look-up per row.
struct CountedRows: Sendable {
  let classes: [Int32]
  /// The cells in which rows count, in ascending order.
  fileprivate let cells: [Cell]
  /// For each row, the place of its cell in `cells`.
  let places: [Int]

  init(predictions: [Int32], references: [Int32], classes: [Int32] = []) {
    let count = min(predictions.count, references.count)
    let known = Set(classes).union(predictions.prefix(count)).union(references.prefix(count))
      .sorted()
    let positions = Dictionary(uniqueKeysWithValues: zip(known, known.indices))
    let rows = zip(references, predictions).map {
      Cell(reference: positions[$0, default: 0], prediction: positions[$1, default: 0])
    }
    let cells = Set(rows).sorted()
    let order = Dictionary(uniqueKeysWithValues: zip(cells, cells.indices))
    (self.classes, self.cells) = (known, cells)
    places = rows.map { order[$0, default: 0] }
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
