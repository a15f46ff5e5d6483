import Autograd
import Configuration
import Models

/// MiniLMv2: relations among queries, among keys and among values of one layer, in any number of
/// relation heads.
///
/// L = a_1 KL(QQ^T || QQ^S) + a_2 KL(KK^T || KK^S) + a_3 KL(VV^T || VV^S) + w_ce CE + w_kd T^2 D.
/// All heads' queries (keys, values) are put side by side and split again into A_r relation heads;
/// QQ = softmax(Q Q^T / sqrt(d_r)) in each, averaged over relation heads and tokens. Source: Wang
/// et al. 2021 (arXiv 2012.15828), eq. 1 to 5, there on pre-training text and without the last two
/// terms; docs/methods/minilmv2.md lists every difference.
public enum MiniLMv2 {
  static let description = MethodDescription(
    name: "minilmv2",
    summary: "query, key and value relations of one layer (Wang et al. 2021)",
    takesSeveralLabels: true, unlabelledTexts: .alone,
    settings: Settings.init(_:), objective: objective(_:settings:))

  /// The method's constants.
  package struct Settings: Sendable {
    /// A_r; nil takes the teacher's attention heads.
    package var relationHeads: Int?
    /// The teacher's layer, counted from 0; nil for the last one. Large teachers teach best from an
    /// upper-middle one (section 3.3).
    package var teacherLayer: Int?
    /// a_1, a_2 and a_3 (eq. 1).
    package var queries = 1.0
    package var keys = 1.0
    package var values = 1.0
    /// Plain distillation, which the paper lacks. Without it the classifier would learn nothing.
    package var terms = LogitTerms(ce: 0.5, kd: 0.5)

    package init() {}

    package init(_ section: ConfigSection) throws {
      relationHeads = try section.optionalInt(
        "relation_heads", in: .atLeast(1),
        "Heads that relations are split into; by default the teacher's attention heads.")
      teacherLayer = try section.optionalInt(
        "teacher_layer", in: .atLeast(0), "The teacher's layer, from 0; by default the last one.")
      try section.lossWeights { weights in
        queries = try weights.number(
          "queries", default: 1, in: 0...1e6, "Weight of the divergence of query relations.")
        keys = try weights.number(
          "keys", default: 1, in: 0...1e6, "Weight of the divergence of key relations.")
        values = try weights.number(
          "values", default: 1, in: 0...1e6, "Weight of the divergence of value relations.")
        terms = try terms.reading(section, weights: weights)
      }
    }
  }

  package static func objective(
    _ setup: DistillationSetup, settings: Settings
  ) throws -> RelationDistillation {
    try setup.requireLayers(method: "minilmv2")
    let (teacher, student) = setup.shapes
    let heads = settings.relationHeads ?? teacher.attentionHeads
    guard teacher.hiddenSize % heads == 0, student.hiddenSize % heads == 0 else {
      throw MismatchError(
        .method,
        "method.relation_heads is \(heads)"
          + (settings.relationHeads == nil ? " (the teacher's)" : "")
          + ", which has to divide the widths of teacher and student, "
          + "\(teacher.hiddenSize) and \(student.hiddenSize); give a common divisor")
    }
    let layer = settings.teacherLayer ?? teacher.layers - 1
    guard layer < teacher.layers else {
      throw MismatchError(
        .method,
        "method.teacher_layer is \(layer), but the teacher has layers 0 to \(teacher.layers - 1)")
    }
    return RelationDistillation(
      setup,
      terms: [
        .init(.queries, weight: settings.queries), .init(.keys, weight: settings.keys),
        .init(.values, weight: settings.values),
      ], logitTerms: settings.terms, heads: heads, teacherLayer: layer)
  }
}
