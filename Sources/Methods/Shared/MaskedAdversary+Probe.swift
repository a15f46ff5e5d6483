import Autograd
import Kernels
import Models
import Trainers

/// A training text x beside its adversarial text x', with what both models say of them.
package struct AdversarialExample: Sendable {
  /// The row of x in the data set.
  package let row: Int
  /// The tokens of x and of x'.
  package let tokens, adversarialTokens: [Int32]
  /// What the teacher read for x', if it reads decoded texts: a text, or the two of a pair.
  package let adversarialTexts: [String]?
  /// The places that were masked.
  package let masked: [Int]
  /// Logits on x and on x'.
  package let teacher, student, adversarialTeacher, adversarialStudent: [Float]
}

/// A method with an adversary, which a run keeps.
package protocol AdversarialMethod: Objective {
  /// The adversary.
  var adversary: MaskedAdversary { get }
}

extension MaskedAdversary {
  /// A distance of the student's logits from the teacher's, summed over texts.
  typealias Distance = @Sendable (_ student: Tensor, _ teacher: Tensor, _ tape: Tape) -> Double

  /// Numbers for every evaluation: how far the generator is from where it began, and on the probe
  /// texts, if the run asks for them, the share of x' that the teacher labels otherwise than x, the
  /// distances of the models on x' and on x, and, if there is a generator, its own loss on the words
  /// of x' and on those of x that were masked, in nats per word.
  ///
  /// - Parameter distance: of outputs; nil for the divergence that the adversary raises.
  func diagnostics(distance: Distance? = nil) throws -> [(name: String, value: Double)] {
    var found: [(name: String, value: Double)] = []
    if let drift { found.append(("generator_drift", drift)) }
    guard let probe, probe.isDetailed else { return found }
    let own: Distance = { divergence($0, $1, on: $2, weight: 0) }
    let (examples, sums) = try read(probe, distance: distance ?? own)
    let masked = max(1, sums["masked"])
    let texts = Double(max(1, examples.count))
    if !isRegression {
      let flips = examples.count { answer($0.teacher) != answer($0.adversarialTeacher) }
      found.append(("probe_label_flips", Double(flips) / texts))
    }
    found += [
      ("probe_divergence", sums["divergence"] / texts),
      ("probe_clean_divergence", sums["clean_divergence"] / texts),
    ]
    guard generator != nil else { return found }
    return found + [
      ("probe_generator_loss", sums["generator_loss"] / masked),
      ("probe_masked_word_loss", sums["masked_word_loss"] / masked),
    ]
  }

  /// The probe texts with x' as the generator fills them now; empty if the run has none.
  package func examples() throws -> [AdversarialExample] {
    guard let probe else { return [] }
    return try read(probe, distance: nil).examples
  }

  /// The entropy of the generator's words at each masked place of the probe texts, in nats; empty
  /// outside of runs. Places and masks are always the same, so that the numbers of two evaluations
  /// differ only by what the generator has learnt.
  package func entropies() throws -> [Double] {
    guard let probe else { return [] }
    let step = probe.step()
    let found = ResultSlots<[Double]>(count: step.count)
    _ = try step.forEachShard { shard, tape in
      let rows = masks(shard, step: step).rows
      if !rows.isEmpty, let place = shard.places.first {
        found[place] = Kernel.entropies(
          ofRowsOf: logits(shard, rows, on: tape, training: false).value)
      }
      return Scalars()
    }
    return (0..<step.count).flatMap { found[$0] ?? [] }
  }

  /// What a model says: its class, or its labels.
  private func answer(_ logits: [Float]) -> [Int] {
    logits.count > 1 && !hasSeveralLabels
      ? [logits.indices.max { (logits[$0], $1) < (logits[$1], $0) } ?? 0]
      : logits.indices.filter { logits[$0] > 0 }
  }

  /// Runs all models on the probe texts without dropout.
  private func read(
    _ probe: ProbeTexts, distance: Distance?
  ) throws -> (examples: [AdversarialExample], sums: Scalars) {
    let step = probe.step()
    let examples = ResultSlots<AdversarialExample>(count: step.count)
    let sums = try step.forEachShard { shard, tape in
      let masks = masks(shard, step: step)
      var scalars = Scalars()
      var adversarial = shard.tokens
      if !masks.rows.isEmpty {
        let read = { logits(shard, masks.rows, on: tape, training: false) }
        let likely = generator == nil ? nil : read()
        let words = fill.words(at: masks, of: shard, on: tape) { likely ?? read() }
        adversarial = shard.tokens.replacing(masks.rows, with: words)
        if distance != nil, let likely {
          scalars["masked"] = Double(words.count)
          scalars["generator_loss"] = tape.crossEntropy(likely, labels: words, weight: 0)
          scalars["masked_word_loss"] = tape.crossEntropy(
            likely, labels: masks.rows.map { shard.tokens.ids[$0] }, weight: 0)
        }
      }
      let (clean, hostile) = (
        answers(nil, of: shard, on: tape), answers(adversarial, of: shard, on: tape)
      )
      if let distance {
        scalars["clean_divergence"] = distance(clean.student, clean.teacher, tape)
        scalars["divergence"] = distance(hostile.student, hostile.teacher, tape)
      }
      for (text, place) in shard.places.enumerated() {
        let tokens = shard.tokens.range(text)
        func row(_ tensor: Tensor) -> [Float] { tensor.value.rows(text..<text + 1).values }
        examples[place] = AdversarialExample(
          row: shard.rows[text], tokens: Array(shard.tokens.ids[tokens]),
          adversarialTokens: Array(adversarial.ids[tokens]),
          adversarialTexts: teacherTexts(
            adversarial.ids[tokens], isSpecial: shard.isSpecial[tokens]),
          masked: masks.rows.filter(tokens.contains).map { $0 - tokens.lowerBound },
          teacher: row(clean.teacher), student: row(clean.student),
          adversarialTeacher: row(hostile.teacher), adversarialStudent: row(hostile.student))
      }
      return scalars
    }
    return ((0..<step.count).compactMap { examples[$0] }, sums)
  }
}
