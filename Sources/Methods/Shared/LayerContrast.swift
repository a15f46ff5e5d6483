import Autograd
import Configuration
import Glibc
import Kernels
import Models
import StrictJSON
import Synchronization
import Trainers

/// CILDA's contrastive term between all layers of the teacher and all layers of the student.
///
/// The first token's states of all layers (or the means over tokens) stand side by side. One linear
/// map per model brings them to a common width, which gives one vector per text, h^T and h^S. The
/// loss is InfoNCE over the batch by cosines: a text's own vector of the other model against those
/// of the other texts. All layers take part, so none has to be mapped to another. Source: a third
/// party's code of CILDA (docs/methods/cilda.md).
package struct LayerContrast: Sendable {
  /// Whose vectors are told apart by whose.
  package enum Anchor: String, Sendable, CaseIterable {
    /// Each of the teacher's vectors has to recognise the student's.
    case teacher
    /// Each of the student's vectors has to recognise the teacher's.
    case student
    /// The mean of both.
    case symmetric
  }

  /// The constants; the defaults are the third party's.
  package struct Settings: Sendable {
    /// Which states represent a text.
    package var pooling = Pooling.first
    /// u: the common width.
    package var width = 128
    /// tau_2: divides cosines. At 2 the loss of K texts lies between log K - 1 and log K + 1.
    package var temperature: Float = 2
    package var anchor = Anchor.teacher
    /// Whether the mean of the batch's states is taken away first. Cosines of raw states are near 1
    /// for any two texts, so all that a small temperature tells apart is the deviation from it.
    package var centersStates = false
    /// Texts of earlier batches whose vectors are additional negatives; 0 for none.
    package var bankSize = 0
    /// Whether the term is multiplied by 1 / log(number of candidates), so that it is 1 where all
    /// cosines are equal (`alpha2` of the third party's code).
    package var dividesByLogOfCandidates = false
    /// Where the student's map begins.
    package var projectionStart = ProjectionStart.random

    package init() {}

    init(_ section: ConfigSection) throws {
      pooling = try Pooling(section, default: .first)
      width = try Projections.width(section)
      projectionStart = try ProjectionStart(section)
      temperature = Float(
        try section.number(
          "contrastive_temperature", default: 2, in: 0.01...1000,
          "What cosines are divided by in the contrastive term."))
      anchor = try section.choice(
        "contrastive_anchor", default: .teacher,
        "Whose vectors shall recognise those of the other model.")
      centersStates = try section.bool(
        "center_states", default: false,
        "Whether the mean over the batch is taken from each model's states in the contrastive term."
      )
      bankSize = try section.int(
        "memory_bank_size", default: 0, in: 0...10_000_000,
        "Texts of earlier batches whose vectors are further negatives; 0 for none.")
      dividesByLogOfCandidates = try section.bool(
        "divide_by_log_candidates", default: false,
        "Whether the term is divided by the logarithm of the number of candidates.")
    }
  }

  /// The two maps.
  package let projections: Projections
  /// Vectors of earlier texts; nil for none.
  package let bank: VectorQueue?
  private let settings: Settings

  package init(_ settings: Settings, _ setup: DistillationSetup) throws {
    self.settings = settings
    let (teacher, student) = setup.shapes
    projections = Projections(
      [
        ("teacher", teacher.layers * teacher.hiddenSize, settings.width),
        ("student", student.layers * student.hiddenSize, settings.width),
      ], seed: setup.seed)
    bank = settings.bankSize > 0 ? VectorQueue(settings.bankSize, width: settings.width) : nil
    try setup.fit(projections, settings.projectionStart) { teacher, student, tokens, tape in
      [
        MappedRows(
          map: 1, inputs: tape.pooled(student, of: tokens, by: settings.pooling),
          targets: teacherVectors(teacher, of: tokens, tape: tape))
      ]
    }
  }

  /// h^T of some texts, not yet of length 1.
  func teacherVectors(_ states: Encoder.Output, of tokens: PackedTokens, tape: Tape) -> Tensor {
    let pooled = tape.pooled(states, of: tokens, by: settings.pooling)
    return projections.apply(0, to: pooled, tape: tape)
  }

  /// h^S of some texts, not yet of length 1.
  func studentVectors(_ states: Encoder.Output, of tokens: PackedTokens, tape: Tape) -> Tensor {
    let pooled = tape.pooled(states, of: tokens, by: settings.pooling)
    return projections.apply(1, to: pooled, tape: tape)
  }

  /// Adds the term to the loss of a whole batch.
  ///
  /// - Parameters:
  ///   - rows: the texts' rows in the data set. What the bank holds of the same rows does not
  ///     compete.
  ///   - remembers: whether the bank takes the vectors.
  func add(
    _ name: String, weight: Double, to loss: inout LossTerms, teacher: Tensor, student: Tensor,
    rows: [Int], remembers: Bool = true, tape: Tape
  ) {
    // Maps are linear, so this takes the mean from the states that they read.
    let teacher = settings.centersStates ? tape.centeredRows(teacher) : teacher
    let student = settings.centersStates ? tape.centeredRows(student) : student
    let kept = bank?.contents(tape.pool)
    let candidates = rows.count + (kept?.rows.count ?? 0)
    var scale = settings.anchor == .symmetric ? 0.5 : 1
    // With a single candidate the term is 0 whatever its factor is.
    if settings.dividesByLogOfCandidates, candidates > 1 { scale /= log(Double(candidates)) }
    let anchors = Dictionary(zip(rows, 0...), uniquingKeysWith: { first, _ in first })
    let excluded = (kept?.rows ?? []).enumerated().compactMap { row, text in
      anchors[text].map { (anchor: $0, row: row) }
    }
    func add(_ anchors: Tensor, _ others: Tensor, bank: Matrix?) {
      loss.add(name, weight: weight, scale: scale) {
        tape.contrastive(
          anchors, others, bank: bank, excluded: excluded, temperature: settings.temperature,
          weight: $0)
      }
    }
    if settings.anchor != .student { add(teacher, student, bank: kept?.student) }
    if settings.anchor != .teacher { add(student, teacher, bank: kept?.teacher) }
    if remembers { bank?.append(teacher: teacher.value, student: student.value, rows: rows) }
  }
}

extension Tape {
  /// x minus the mean of its rows.
  package func centeredRows(_ x: Tensor) -> Tensor {
    let mean = meanRows(x, offsets: [0, x.rows])
    return sum(x, scaled(gatherRows(mean, Array(repeating: 0, count: x.rows)), by: -1))
  }
}

/// The vectors of the most recent texts, first in, first out, each of length 1.
package final class VectorQueue: Sendable {
  private struct State {
    /// Rows of the data set; the oldest is at `next` once the queue is full.
    var rows: [Int] = []
    var next = 0
  }
  private let teacher, student: Matrix
  private let state = Mutex(State())

  /// A queue without content.
  package init(_ size: Int, width: Int) {
    teacher = Matrix(zeros: size, width)
    student = Matrix(zeros: size, width)
  }

  /// A copy of the content; nil while the queue is empty.
  package func contents(_ pool: BufferPool) -> (teacher: Matrix, student: Matrix, rows: [Int])? {
    state.withLock { state in
      guard !state.rows.isEmpty else { return nil }
      let held = 0..<state.rows.count
      let copies = [teacher, student].map { matrix in
        let copy = pool.matrix(held.count, matrix.columns)
        copy.copy(from: matrix.rows(held))
        return copy
      }
      return (copies[0], copies[1], state.rows)
    }
  }

  /// Adds vectors of any length and drops the oldest.
  package func append(teacher: Matrix, student: Matrix, rows: [Int]) {
    state.withLock { state in
      for (text, row) in rows.enumerated() {
        let place = state.next
        for (new, kept) in [(teacher, self.teacher), (student, self.student)] {
          _ = Kernel.normalizeRows(
            new.rows(text..<text + 1), into: kept.rows(place..<place + 1))
        }
        if place < state.rows.count { state.rows[place] = row } else { state.rows.append(row) }
        state.next = (place + 1) % self.teacher.rows
      }
    }
  }
}

extension VectorQueue: StatePart {
  package var stateName: String { "vector_queue" }

  package func record() -> StateRecord {
    state.withLock { state in
      StateRecord(
        values: JSONObject([
          ("rows", .array(state.rows.map(JSONValue.int))), ("next", .int(state.next)),
        ]),
        arrays: ["teacher": .init(copying: teacher), "student": .init(copying: student)])
    }
  }

  package func restore(_ record: StateRecord) throws {
    let rows = try record.ints("rows")
    let next = try record.int("next")
    let shape = [teacher.rows, teacher.columns]
    let (t, s) = (
      try record.floats("teacher", shape: shape), try record.floats("student", shape: shape)
    )
    let isFull = rows.count == teacher.rows
    guard rows.count <= teacher.rows, (0..<teacher.rows).contains(next),
      isFull || next == rows.count, rows.allSatisfy({ $0 >= 0 })
    else { throw StateError("the queue has \(rows.count) rows and its next place is \(next)") }
    guard t.isFinite, s.isFinite else { throw StateError("a vector of the queue is not finite") }
    state.withLock { state in
      t.copy(to: teacher)
      s.copy(to: student)
      state.rows = rows
      state.next = next
    }
  }
}
