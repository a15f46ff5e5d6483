/// What a model should say about the rows of a data set.
///
/// A new kind of target is a case here. The compiler then names the switches that must know it;
/// CONTRIBUTING.md lists the code that reads only one kind.
///
/// ```swift
/// let targets = Targets.classes([0, 1, 1])
/// assert(targets.count == 3)
/// assert(targets.selecting([2, 0]) == .classes([1, 0]))
/// assert(targets.scores.isEmpty)
/// ```
public enum Targets: Sendable, Equatable {
  /// Nothing is known.
  case none
  /// One class for each row; `noClass` for a row whose class is unknown.
  case classes([Int32])
  /// Any number of `labels` labels for each row: 1 for each label that it has and 0 for each other
  /// one, row by row. A row of -1 has unknown labels.
  case labelSets([Float], labels: Int)
  /// One score for each row; NaN for a row whose score is unknown.
  case scores([Float])
  /// The place of the answer in each row.
  case spans([TokenSpan])

  /// The kinds of targets that a task can have.
  public enum Kind: Sendable {
    /// See the cases of the same names.
    case classes, labelSets, scores, spans
  }

  /// The class of a row about which nothing is known, beside rows that have one.
  public static let noClass: Int32 = -1

  /// The rows about which something is known; nil if that is all of them.
  public var knownRows: [Int]? {
    func known<Value>(_ values: [Value], _ isUnknown: (Value) -> Bool) -> [Int]? {
      values.contains(where: isUnknown)
        ? values.indices.filter { !isUnknown(values[$0]) } : nil
    }
    switch self {
    case .none, .spans: return nil
    case .classes(let classes): return known(classes) { $0 == Self.noClass }
    case .scores(let scores): return known(scores) { $0.isNaN }
    case .labelSets(let sets, let labels):
      guard labels > 0 else { return nil }
      return known(stride(from: 0, to: sets.count, by: labels).map { sets[$0] }) { $0 < 0 }
    }
  }

  /// The targets of some rows, in the order given.
  public func selecting(_ rows: some Collection<Int>) -> Targets {
    switch self {
    case .none: .none
    case .classes(let classes): .classes(rows.map { classes[$0] })
    case .labelSets(let sets, let labels):
      .labelSets(
        rows.flatMap { sets[$0 * labels..<($0 + 1) * labels] }, labels: labels)
    case .scores(let scores): .scores(rows.map { scores[$0] })
    case .spans(let spans): .spans(rows.map { spans[$0] })
    }
  }

  /// Number of rows; nil if nothing is known about them.
  public var count: Int? {
    switch self {
    case .none: nil
    case .classes(let classes): classes.count
    case .labelSets(let sets, let labels): labels == 0 ? 0 : sets.count / labels
    case .scores(let scores): scores.count
    case .spans(let spans): spans.count
    }
  }

  /// The class of each row; empty for other targets.
  public var classes: [Int32] { if case .classes(let classes) = self { classes } else { [] } }

  /// The score of each row; empty for other targets.
  public var scores: [Float] { if case .scores(let scores) = self { scores } else { [] } }

  /// The sets of labels, see `labelSets(_:labels:)`; empty for other targets.
  public var labelSets: [Float] { if case .labelSets(let sets, _) = self { sets } else { [] } }

  /// The place of the answer in each row; empty for other targets.
  public var spans: [TokenSpan] { if case .spans(let spans) = self { spans } else { [] } }

  func add(to hash: inout ContentHash) {
    switch self {
    case .none: break
    case .classes(let classes): for label in classes { hash.add(label) }
    case .labelSets(let sets, _):
      for value in sets { hash.add(byte: value == 0 ? 0 : value < 0 ? 2 : 1) }
    case .scores(let scores): for score in scores { hash.add(score.bitPattern) }
    case .spans(let spans):
      for span in spans {
        hash.add(span.start)
        hash.add(span.end)
      }
    }
  }
}

extension Targets {
  /// The targets of texts; `none` unless every text has one of the same kind.
  package init(_ text: TextDataset) {
    let width = text.task?.targets == .labelSets ? text.task?.labels.count ?? 0 : 0
    var (classes, scores, sets): ([Int32], [Float], [Float]) = ([], [], [])
    for row in 0..<text.count {
      switch text.label(row) {
      case .class(let label): classes.append(label)
      case .classes(let labels): sets += Self.set(of: labels, among: width)
      case .score(let score): scores.append(score)
      case .none: break
      }
    }
    if width > 0, sets.count == text.count * width {
      self = .labelSets(sets, labels: width)
    } else if text.count > 0, classes.count == text.count {
      self = .classes(classes)
    } else if text.count > 0, scores.count == text.count {
      self = .scores(scores)
    } else {
      self = .none
    }
  }

  /// The targets of texts some of which may have no label.
  package init(partlyOf text: TextDataset) {
    let kind = text.task?.targets ?? .classes
    let labels = text.task?.labels.count ?? 0
    let rows = 0..<text.count
    switch kind {
    case .classes, .spans:
      self = .classes(
        rows.map { if case .class(let label) = text.label($0) { label } else { Self.noClass } })
    case .scores:
      self = .scores(
        rows.map { if case .score(let score) = text.label($0) { score } else { .nan } })
    case .labelSets:
      let sets = rows.flatMap { row -> [Float] in
        guard case .classes(let found) = text.label(row) else {
          return Array(repeating: -1, count: labels)
        }
        return Self.set(of: found, among: labels)
      }
      self = .labelSets(sets, labels: labels)
    }
  }

  /// 1 for each label that a row has, and 0 for each other one.
  private static func set(of labels: [Int32], among count: Int) -> [Float] {
    var set = [Float](repeating: 0, count: count)
    for label in labels where set.indices.contains(Int(label)) { set[Int(label)] = 1 }
    return set
  }
}
