import Configuration
import Inference
import Methods
import Models

extension ModelOpener {
  /// An opener with the settings of a run.
  init(_ common: CommonConfiguration) {
    self.init(seed: common.seed, specialTokensInText: common.specialTokensInText)
  }

  /// Checks, before any file is opened, that a run has the generator that its method needs.
  /// - Throws: `ConfigError`.
  static func checkGenerator(of method: MethodDescription, _ c: DistillConfiguration) throws {
    guard method.generatorUse(c.method) == .needed, c.generator == nil else { return }
    throw c.method.fail(
      "name",
      "method \(method.name) needs a section \"generator\" with a masked language model; "
        + "mate-kd pretrain makes one"
        + (method.generatorUseVaries
          ? "; mate-kd methods \(method.name) tells which keys do without one" : ""))
  }

  /// The masked language model for a method that uses one; nil for the others, and without one.
  ///
  /// - Parameter reader: the model whose vocabulary it shares or, if it is fresh, takes over: the
  ///   teacher, or the student of a teacher that reads decoded texts.
  /// - Throws: errors of its folder, and `MismatchError` if it writes words that the teacher or the
  ///   student does not have.
  func generator<M: Model>(
    of method: MethodDescription, _ c: DistillConfiguration, beside reader: OpenedModel<M>?,
    student: OpenedModel<M>, notices: inout [String]
  ) throws -> OpenedModel<MaskedLanguageModel>? {
    guard let source = c.generator else { return nil }
    guard method.generatorUse(c.method) != .nothing else {
      notices.append("method \(method.name) uses no generator; the section is ignored")
      return nil
    }
    guard let reader else {
      throw MismatchError(
        .method, "method \(method.name) needs a teacher that is one model with its student's tokens"
      )
    }
    let model = try maskedLanguageModel(
      source, role: "generator", teacherSource: reader.tokenizerSource)
    notices += model.notices
    try Self.checkVocabularies(
      (reader.role, reader.tokenizer), ("generator", model.tokenizer),
      segments: reader.model.hasSegments && model.model.hasSegments)
    try Self.checkEmbeddings(of: model, fit: reader)
    try Self.checkEmbeddings(of: model, fit: student)
    return model
  }
}
