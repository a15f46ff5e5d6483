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
  /// One class for each row.
  case classes([Int32])
  /// Any number of `labels` labels for each row: 1 for each label that it has and 0 for each other
  /// one, row by row.
  case labelSets([Float], labels: Int)
  /// One score for each row.
  case scores([Float])
  /// The place of the answer in each row.
  case spans([TokenSpan])

  /// The kinds of targets that a task can have.
  public enum Kind: Sendable {
    /// See the cases of the same names.
    case classes, labelSets, scores, spans
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
    case .labelSets(let sets, _): for value in sets { hash.add(byte: value == 0 ? 0 : 1) }
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
  init(_ text: TextDataset) {
    let width = text.task?.targets == .labelSets ? text.task?.labels.count ?? 0 : 0
    var (classes, scores, sets): ([Int32], [Float], [Float]) = ([], [], [])
    for row in 0..<text.count {
      switch text.label(row) {
      case .class(let label): classes.append(label)
      case .classes(let labels):
        sets += (0..<width).map { labels.contains(Int32($0)) ? 1 : 0 }
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
}
