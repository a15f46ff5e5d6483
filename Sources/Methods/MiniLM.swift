import Autograd
import Configuration
import Models

/// MiniLM: the last layer's self-attention, as distributions over tokens.
///
/// L = w_att KL(A^T || A^S) + w_val KL(VR^T || VR^S) + w_ce CE + w_kd T^2 D, with the attention
/// probabilities A and the value relations VR = softmax(V V^T / sqrt(d)), averaged over heads and
/// tokens. Source: Wang et al. 2020 (arXiv 2002.10957), eq. 1 to 4, there on pre-training text and
/// without the last two terms; docs/methods/minilm.md lists every difference.
public enum MiniLM {
  static let description = MethodDescription(
    name: "minilm",
    summary: "attention and value relations of the last layer (Wang et al. 2020)",
    takesSeveralLabels: true, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: objective(_:settings:))

  /// The method's constants.
  package struct Settings: Sendable {
    /// w_att (eq. 1).
    package var attention = 1.0
    /// w_val (eq. 3).
    package var values = 1.0
    /// Plain distillation, which the paper lacks. Without it the classifier would learn nothing.
    package var terms = LogitTerms(ce: 0.5, kd: 0.5)

    package init() {}

    package init(_ section: ConfigSection) throws {
      try section.lossWeights { weights in
        attention = try weights.number(
          "attention", default: 1, in: 0...1e6,
          "Weight of the divergence of attention probabilities."
        )
        values = try weights.number(
          "values", default: 1, in: 0...1e6, "Weight of the divergence of value relations.")
        terms = try terms.reading(section, weights: weights)
      }
    }
  }

  package static func objective(
    _ setup: DistillationSetup, settings: Settings
  ) throws -> RelationDistillation {
    try setup.requireLayers(method: "minilm")
    try setup.requireEqualHeads(
      method: "minilm",
      remedy: "give both equally many, or take method minilmv2, which splits them anew")
    return RelationDistillation(
      setup,
      terms: [
        .init(.attention, weight: settings.attention), .init(.values, weight: settings.values),
      ], logitTerms: settings.terms, heads: setup.shapes.student.attentionHeads,
      teacherLayer: setup.shapes.teacher.layers - 1)
  }
}
