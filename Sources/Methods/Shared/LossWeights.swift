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
  /// Reads a method's section `loss_weights` to its end.
  func lossWeights<Value>(_ read: (_ weights: ConfigSection) throws -> Value) throws -> Value {
    let weights = try sectionOrEmpty("loss_weights", "The factors of the loss terms.")
    let value = try read(weights)
    try weights.finish()
    return value
  }
}
