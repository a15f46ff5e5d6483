import Configuration

/// The factors of a method's loss terms (`loss_weights`).
package struct LossWeights: Sendable {
  /// Gold labels on the text, teacher on the text, teacher on the adversarial text.
  package var ce, kd, adversarial: Double

  init(_ section: ConfigSection, ce: Double, kd: Double, adversarial: Double? = nil) throws {
    self = try section.lossWeights { weights in
      LossWeights(
        ce: try weights.number("ce", default: ce, in: 0...1e6, "Weight of the gold labels."),
        kd: try weights.number(
          "kd", default: kd, in: 0...1e6, "Weight of the teacher's outputs."),
        adversarial: try adversarial.map {
          try weights.number(
            "adversarial", default: $0, in: 0...1e6,
            "Weight of the teacher's outputs on adversarial text.")
        } ?? 0)
    }
  }

  package init(ce: Double, kd: Double, adversarial: Double = 0) {
    self.ce = ce
    self.kd = kd
    self.adversarial = adversarial
  }
}

extension ConfigSection {
  /// Reads a method's section `loss_weights` to its end. Weights that are all 0 are refused where
  /// they are those of everything that is learnt (the teacher's outputs are among it): the student
  /// would stay what it is, and its score would look like one of the method's.
  func lossWeights<Value>(_ read: (_ weights: ConfigSection) throws -> Value) throws -> Value {
    let weights = try sectionOrEmpty("loss_weights", "The factors of the loss terms.")
    let value = try read(weights)
    try weights.finish()
    let all = weights.resolved.object?.members ?? []
    guard !all.contains(where: { $0.key == "kd" }) || all.contains(where: { $0.value.double != 0 })
    else {
      throw fail(
        "loss_weights",
        "\(name("loss_weights")): all weights are 0, so that nothing would be learnt; give one of "
          + "\(all.map(\.key).joined(separator: ", ")) a value above 0.")
    }
    return value
  }
}
