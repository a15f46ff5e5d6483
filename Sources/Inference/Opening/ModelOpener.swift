import Configuration
import Data
import Foundation
import Models

/// A model of a run: its weights, its tokenizer, and what its checkpoint lacked.
package struct OpenedModel<M: Model> {
  /// The model.
  package let model: M
  /// Its tokenizer.
  package let tokenizer: any Tokenizer
  /// The folder that the tokenizer's files are copied from.
  package let tokenizerSource: String
  /// Weights that the checkpoint lacked or did not need; nil for fresh models.
  package let report: LoadReport?
  /// The section of the configuration, such as `teacher`, for messages.
  package let role: String
  /// A sentence for the user if the model has no label names and the task's were used.
  package var labelNotice: String?

  /// An opened model, or one made up for tests.
  package init(
    model: M, tokenizer: any Tokenizer, tokenizerSource: String, report: LoadReport?, role: String,
    labelNotice: String? = nil
  ) {
    self.model = model
    self.tokenizer = tokenizer
    self.tokenizerSource = tokenizerSource
    self.report = report
    self.role = role
    self.labelNotice = labelNotice
  }
}

extension OpenedModel {
  /// Sentences about weights that the checkpoint lacked or did not need, and about labels.
  package var notices: [String] {
    var result: [String] = []
    if let report, !report.initialized.isEmpty {
      result.append("\(role): newly initialised: \(report.initialized.joined(separator: ", "))")
    }
    if let report, !report.unused.isEmpty {
      result.append(
        "\(role): unused weights of the checkpoint: \(report.unused.joined(separator: ", "))")
    }
    return result + [labelNotice, ModelOpener.markerNotice(role, tokenizer)].compactMap { $0 }
  }

  /// - Throws: `MismatchError` if the checkpoint lacks some of the model's weights.
  package func requireWholeCheckpoint() throws {
    guard let missing = report?.initialized, !missing.isEmpty else { return }
    throw MismatchError(
      .training,
      "the \(role) (\(tokenizerSource)) is not fine-tuned: its checkpoint lacks "
        + "\(missing.joined(separator: ", ")); mate-kd teacher-finetune makes a teacher")
  }
}

/// Opens the models that a configuration names, and checks that they fit each other and the task.
package struct ModelOpener {
  package let seed: UInt64
  /// Whether texts may spell special tokens; nil leaves it to the tokenizers.
  package let specialTokensInText: Bool?

  /// An opener. The seed names the draws of new weights.
  package init(seed: UInt64, specialTokensInText: Bool? = nil) {
    self.seed = seed
    self.specialTokensInText = specialTokensInText
  }

  /// The tokenizer of a folder.
  package func tokenizer(_ folder: String) throws -> any Tokenizer {
    try TokenizerLoader.load(folder: folder, parseSpecialTokens: specialTokensInText)
  }

  /// The folder of a checkpoint.
  private static func folder(_ source: ModelSource) throws -> ModelFolder {
    var folder = try ModelFolder(source.modelNameOrPath ?? "")
    folder.allowsNewWeights = source.allowsNewWeights
    return folder
  }

  package func classifier(
    _ source: ModelSource, role: String, labels: LabelSet?,
    teacher: OpenedModel<SequenceClassifier>? = nil, texts: StudentTexts? = nil
  ) throws -> OpenedModel<SequenceClassifier> {
    if let labels,
      let model = try cut(
        source, role: role, teacher: teacher, texts: texts,
        { SequenceClassifier($0, labels: labels) })
    {
      return model
    }
    if let labels,
      let model = try fresh(
        source, role: role, teacher: teacher, teacherSource: teacher?.tokenizerSource,
        { SequenceClassifier($0, labels: labels) })
    {
      return model
    }
    let path = source.modelNameOrPath ?? ""
    let folder = try Self.folder(source)
    let found = try Self.labels(of: folder, order: source.labelOrder) {
      source.origin.error("label_order", $0 + ".")
    }
    let (model, report) = try checkpoint(
      folder, found: found, labels: labels, layers: source.layers)
    return try Self.checkVocabulary(
      OpenedModel(
        model: model, tokenizer: try tokenizer(path), tokenizerSource: path,
        report: report, role: role,
        labelNotice: Self.labelNotice("\(role) (\(path))", found, wanted: labels)
          .flatMap { Set(report.initialized).isDisjoint(with: model.outputNames) ? $0 : nil }))
  }

  /// A checkpoint with the wanted labels, or with its own. A head that has the same labels in
  /// another order is reordered. One that was trained for other labels would mean nothing, so it is
  /// newly initialised.
  ///
  /// - Parameter found: what the checkpoint's outputs stand for.
  private func checkpoint(
    _ folder: ModelFolder, found: LabelSet?, labels: LabelSet?, layers: [Int]?
  ) throws -> (SequenceClassifier, LoadReport) {
    guard let labels else {
      let (model, report) = try folder.classifier(layers: layers, seed: seed)
      return (found.map { model.renamed($0) } ?? model, report)
    }
    guard let found, !found.isNameless,
      found.count == labels.count, found.names != labels.names, !labels.isRegression
    else { return try folder.classifier(labels: labels, layers: layers, seed: seed) }
    var (model, report) = try folder.classifier(layers: layers, seed: seed)
    if let order = Self.permutation(from: found.names, to: labels.names) {
      return (model.reordered(order, labels: labels), report)
    }
    model = model.renamed(labels)
    let head = Set(model.outputNames)
    model.initialize(head, seed: seed)
    report.initialized = Array(Set(report.initialized).union(head)).sorted()
    return (model, report)
  }

  package func maskedLanguageModel(
    _ source: ModelSource, role: String, teacherSource: String? = nil
  ) throws -> OpenedModel<MaskedLanguageModel> {
    if let model = try fresh(
      source, role: role, teacher: nil, teacherSource: teacherSource, MaskedLanguageModel.init)
    {
      return model
    }
    let path = source.modelNameOrPath ?? ""
    let (model, report) = try Self.folder(source).maskedLanguageModel(
      layers: source.layers, seed: seed)
    return try Self.checkVocabulary(
      OpenedModel(
        model: model, tokenizer: try tokenizer(path), tokenizerSource: path,
        report: report, role: role))
  }

  package func spanClassifier(
    _ source: ModelSource, role: String, teacher: OpenedModel<SpanClassifier>? = nil,
    texts: StudentTexts? = nil
  ) throws -> OpenedModel<SpanClassifier> {
    if let model = try cut(
      source, role: role, teacher: teacher, texts: texts, SpanClassifier.init)
    {
      return model
    }
    if let model = try fresh(
      source, role: role, teacher: teacher, teacherSource: teacher?.tokenizerSource,
      SpanClassifier.init)
    {
      return model
    }
    let path = source.modelNameOrPath ?? ""
    let (model, report) = try Self.folder(source).spanClassifier(layers: source.layers, seed: seed)
    let tokenizer = try tokenizer(path)
    guard !tokenizer.template.keepsEnd else {
      throw MismatchError(
        .length,
        "\(role) (\(path)) has \"truncation_side\": \"left\" in its tokenizer's files, but texts "
          + "with questions are cut into windows from their beginning; set it to \"right\"")
    }
    return try Self.checkVocabulary(
      OpenedModel(
        model: model, tokenizer: tokenizer, tokenizerSource: path,
        report: report, role: role))
  }

  /// A model made from some of the teacher's layers or with a given shape; nil if the section names
  /// a checkpoint.
  private func fresh<M: Model>(
    _ source: ModelSource, role: String, teacher: OpenedModel<M>?, teacherSource: String?,
    _ make: (EncoderConfiguration) -> M
  ) throws -> OpenedModel<M>? {
    if let layers = source.fromTeacherLayers, let teacher {
      var configuration = teacher.model.encoder.configuration
      if let wrong = layers.first(where: { $0 >= configuration.layers }) {
        throw source.origin.error(
          "from_teacher_layers",
          "layer \(wrong) was asked for, but the teacher has layers 0 to "
            + "\(configuration.layers - 1)."
        )
      }
      configuration.layers = layers.count
      let model = make(configuration)
      let missing = model.copyWeights(from: teacher.model, layers: layers)
      model.initialize(Set(missing), seed: seed)
      return OpenedModel(
        model: model, tokenizer: teacher.tokenizer, tokenizerSource: teacher.tokenizerSource,
        report: LoadReport(initialized: missing), role: role)
    }
    guard var shape = source.config else { return nil }
    let vocabulary = try vocabulary(source, teacherSource: teacherSource)
    shape.vocabularySize = vocabulary.tokenizer.vocabularySize
    shape.padTokenID = Int(vocabulary.tokenizer.specialTokens.pad)
    let model = make(shape)
    model.initialize(seed: seed)
    return try Self.checkVocabulary(
      OpenedModel(
        model: model, tokenizer: vocabulary.tokenizer, tokenizerSource: vocabulary.source,
        report: nil, role: role))
  }

  private func vocabulary(
    _ source: ModelSource, teacherSource: String?
  ) throws -> (tokenizer: any Tokenizer, source: String) {
    let path = source.vocab ?? teacherSource ?? ""
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let file = URL(fileURLWithPath: path)
    let names = ["vocab.txt", "vocab.json", "tokenizer.json"]
    guard isFolder.boolValue || names.contains(file.lastPathComponent) else {
      throw source.origin.error(
        "vocab",
        "give a vocab.txt, vocab.json, tokenizer.json or a model folder; \"\(path)\" is none of "
          + "them.")
    }
    // Settings such as do_lower_case are stored next to the vocabulary.
    let folder = isFolder.boolValue ? path : file.deletingLastPathComponent().path
    return (try self.tokenizer(folder), folder)
  }

  /// Names as messages list them, cut where nobody would read on.
  static func listed(_ names: [String]) -> String {
    let most = 12
    return names.count <= most
      ? "\(names)" : "\(Array(names.prefix(most))) and \(names.count - most) more"
  }
}
