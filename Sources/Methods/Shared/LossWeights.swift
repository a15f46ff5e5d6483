import Configuration

/// The factors of a method's loss terms (`loss_weights`).
package struct LossWeights: Sendable {
  /// Gold labels on the text, teacher on the text, teacher on the adversarial text.
  package var ce, kd, adversarial: Double

  init(_ section: ConfigSection, ce: Double, kd: Double, adversarial: Double? = nil) throws {
    let weights = try section.sectionOrEmpty("loss_weights", "The factors of the loss terms.")
    self.ce = try weights.number("ce", default: ce, in: 0...1e6, "Weight of the gold labels.")
    self.kd = try weights.number("kd", default: kd, in: 0...1e6, "Weight of the teacher's outputs.")
    self.adversarial =
      if let adversarial {
        try weights.number(
          "adversarial", default: adversarial, in: 0...1e6,
          "Weight of the teacher's outputs on adversarial text.")
      } else { 0 }
    try weights.finish()
  }

  package init(ce: Double, kd: Double, adversarial: Double = 0) {
    self.ce = ce
    self.kd = kd
    self.adversarial = adversarial
  }
}
