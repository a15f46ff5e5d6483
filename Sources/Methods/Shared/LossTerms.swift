import Trainers

/// Adds up the weighted terms of a loss over a shard.
///
/// A loss of the tape returns its plain sum over the shard's texts, and its weight reaches the
/// gradient alone. Here each term is put in once: its weight goes into the gradient, into the
/// logged `loss`, and, with the number of texts, makes means over the batch of both.
///
/// ```swift
/// try step.forEachShard { shard, tape in
///   let student = setup.student.logitsAndStates(shard.tokens, tape: tape, training: true)
///   let teacher = setup.teacher.logitsAndStates(shard.tokens, tape: tape, training: false)
///   var loss = LossTerms(step)
///   loss.add(
///     terms, student: student.logits, teacher: teacher.logits, of: shard, on: tape, setup: setup)
///   loss.add("state_loss", weight: states) {
///     tape.meanSquaredError(
///       map.apply(0, to: student.states.last, tape: tape), teacher.states.last,
///       offsets: shard.tokens.offsets, weight: $0)
///   }
///   tape.backward()
///   return loss.scalars
/// }
/// ```
public struct LossTerms {
  /// The shard's share of `loss` and of what each named term is without its weight.
  public var scalars: Scalars
  private let count: Double
  private let share: Double

  /// A loss without terms.
  ///
  /// - Parameters:
  ///   - count: what all sums are divided by; nil takes the batch's texts.
  ///   - scalars: what stands before `loss` in the log.
  public init(_ step: StepContext, count: Int? = nil, after scalars: Scalars = Scalars()) {
    self.scalars = scalars
    self.scalars["loss"] += 0
    self.count = Double(count ?? step.count)
    share = step.share / self.count
  }

  /// Adds weight x scale x sum / count to the loss, and scale x sum / count to the scalar `name`.
  ///
  /// - Parameters:
  ///   - name: under which the term is logged; nil for not at all.
  ///   - weight: of the term in the loss.
  ///   - scale: a factor that is part of the term, such as 1 / the number of layers.
  ///   - term: puts a loss on the tape with the weight that it is given; returns its plain sum.
  /// - Returns: scale x sum.
  @discardableResult
  public mutating func add(
    _ name: String?, weight: Double = 1, scale: Double = 1, _ term: (_ weight: Float) -> Double
  ) -> Double {
    let sum = scale * term(Float(weight * scale * share))
    scalars["loss"] += weight * sum / count
    if let name { scalars[name] += sum / count }
    return sum
  }
}
