import Autograd
import Configuration
import Foundation
import Kernels
import Models
import Synchronization
import Trainers

/// CILDA's contrastive term between all layers of the teacher and all layers of the student.
///
/// Of every layer the first token's state (or the mean over tokens), all layers beside each other, one
/// linear map a model to a common width: h^T and h^S, a vector a text. Then InfoNCE over the batch by
/// cosines: the text's own vector of the other model against those of the other texts. As all layers go
/// in, there is no mapping of layers. Source: a third party's code of CILDA (docs/methods/cilda.md).
package struct LayerContrast: Sendable {
  /// Whose vectors are told apart by whose.
  package enum Anchor: String, Sendable, CaseIterable {
    /// Each of the teacher's vectors shall recognise the student's.
    case teacher
    /// Each of the student's vectors shall recognise the teacher's.
    case student
    /// The mean of both.
    case symmetric
  }

  /// The constants; the defaults are the third party's.
  package struct Settings: Sendable {
    /// Which states stand for a text.
    package var pooling = Pooling.first
    /// u: the common width.
    package var width = 128
    /// tau_2: divides cosines. At 2 the loss of K texts lies between log K - 1 and log K + 1.
    package var temperature: Float = 2
    package var anchor = Anchor.teacher
    /// Texts of earlier batches whose vectors are further negatives; 0 for none.
    package var bankSize = 0
    /// Whether the term is multiplied by 1 / log(number of candidates), so that it is 1 where all
    /// cosines are equal (`alpha2` of the third party's code).
    package var dividesByLogOfCandidates = false

    package init() {}

    init(_ section: ConfigSection) throws {
      pooling = try section.choice(
        "pooling", default: .first,
        "Which states of a layer stand for a text: the first token's or the mean of all.")
      width = try section.int(
        "projection_dim", default: 128, in: 1...65_536,
        "Common width that both models' states are mapped to.")
      temperature = Float(
        try section.number(
          "contrastive_temperature", default: 2, in: 0.01...1000,
          "What cosines are divided by in the contrastive term."))
      anchor = try section.choice(
        "contrastive_anchor", default: .teacher,
        "Whose vectors shall recognise those of the other model.")
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

  package init(
    _ settings: Settings, teacher: EncoderConfiguration, student: EncoderConfiguration, seed: UInt64
  ) {
    self.settings = settings
    projections = Projections(
      [
        ("teacher", teacher.layers * teacher.hiddenSize, settings.width),
        ("student", student.layers * student.hiddenSize, settings.width),
      ], seed: seed)
    bank = settings.bankSize > 0 ? VectorQueue(settings.bankSize, width: settings.width) : nil
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

  /// The term's mean over the texts of a whole batch, the factor of `dividesByLogOfCandidates` included.
  ///
  /// - Parameters:
  ///   - rows: the texts' rows in the data set; what the bank holds of the same rows does not compete.
  ///   - weight: of the mean, in the gradients.
  func loss(
    teacher: Tensor, student: Tensor, rows: [Int], tape: Tape, weight: Double
  ) -> Double {
    let kept = bank?.contents(tape.pool)
    let candidates = rows.count + (kept?.rows.count ?? 0)
    var factor = 1 / Double(max(1, rows.count))
    // One candidate leaves nothing to tell apart: the term is 0 whatever its factor.
    if settings.dividesByLogOfCandidates, candidates > 1 { factor /= log(Double(candidates)) }
    let anchors = Dictionary(zip(rows, 0...), uniquingKeysWith: { first, _ in first })
    let excluded = (kept?.rows ?? []).enumerated().compactMap { row, text in
      anchors[text].map { (anchor: $0, row: row) }
    }
    func half(_ anchors: Tensor, _ others: Tensor, bank: Matrix?, share: Double) -> Double {
      share * factor
        * tape.contrastive(
          anchors, others, bank: bank, excluded: excluded, temperature: settings.temperature,
          weight: Float(weight * share * factor))
    }
    var sum = 0.0
    let share = settings.anchor == .symmetric ? 0.5 : 1
    if settings.anchor != .student {
      sum += half(teacher, student, bank: kept?.student, share: share)
    }
    if settings.anchor != .teacher {
      sum += half(student, teacher, bank: kept?.teacher, share: share)
    }
    bank?.append(teacher: teacher.value, student: student.value, rows: rows)
    return sum
  }
}

/// The vectors of the last texts, first in first out, each of length 1.
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

  /// A copy of what it holds; nil while it is empty.
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

  /// Takes vectors of any length in, pushing the oldest out.
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
