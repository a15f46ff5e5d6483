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
    return result + [labelNotice].compactMap { $0 }
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

  /// An opener. The seed names the draws of new weights.
  package init(seed: UInt64) { self.seed = seed }

  package func classifier(
    _ source: ModelSource, role: String, labels: LabelSet?,
    teacher: OpenedModel<SequenceClassifier>? = nil
  ) throws -> OpenedModel<SequenceClassifier> {
    if let labels,
      let model = try fresh(
        source, role: role, teacher: teacher, teacherSource: teacher?.tokenizerSource,
        { SequenceClassifier($0, labels: labels) })
    {
      return model
    }
    let path = source.modelNameOrPath ?? ""
    let folder = try ModelFolder(path)
    let found = try Self.labels(of: folder, order: source.labelOrder) {
      source.origin.error("label_order", $0 + ".")
    }
    let (model, report) = try checkpoint(
      folder, found: found, labels: labels, layers: source.layers)
    return try Self.checkVocabulary(
      OpenedModel(
        model: model, tokenizer: try TokenizerLoader.load(folder: path), tokenizerSource: path,
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
    let (model, report) = try ModelFolder(path).maskedLanguageModel(
      layers: source.layers, seed: seed)
    return try Self.checkVocabulary(
      OpenedModel(
        model: model, tokenizer: try TokenizerLoader.load(folder: path), tokenizerSource: path,
        report: report, role: role))
  }

  package func spanClassifier(
    _ source: ModelSource, role: String, teacher: OpenedModel<SpanClassifier>? = nil
  ) throws -> OpenedModel<SpanClassifier> {
    if let model = try fresh(
      source, role: role, teacher: teacher, teacherSource: teacher?.tokenizerSource,
      SpanClassifier.init)
    {
      return model
    }
    let path = source.modelNameOrPath ?? ""
    let (model, report) = try ModelFolder(path).spanClassifier(layers: source.layers, seed: seed)
    return try Self.checkVocabulary(
      OpenedModel(
        model: model, tokenizer: try TokenizerLoader.load(folder: path), tokenizerSource: path,
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
    return (try TokenizerLoader.load(folder: folder), folder)
  }

  /// The task's labels, in the form in which a model's outputs must have them.
  package static func labels(of task: TaskDescription) -> LabelSet {
    task.isRegression
      ? LabelSet(names: ["score"], isRegression: true)
      : LabelSet(names: task.labelNames, isMultiLabel: task.isMultiLabel)
  }

  /// Puts a fine-tuned model's outputs into the order of the task, by label name.
  ///
  /// - Returns: a notice for the user if the model has no label names, otherwise nil.
  /// - Throws: `MismatchError` if the names differ.
  package static func align(
    _ opened: OpenedModel<SequenceClassifier>, with task: TaskDescription
  ) throws -> (model: OpenedModel<SequenceClassifier>, notice: String?) {
    let wanted = labels(of: task)
    let found = opened.model.labels
    let place = "\(opened.role) (\(opened.tokenizerSource))"
    guard found.isRegression == wanted.isRegression, found.count == wanted.count else {
      throw MismatchError(
        .labels,
        "\(place) has \(found.count) output\(found.count == 1 ? "" : "s") \(listed(found.names)), but "
          + "task \(task.name) has \(wanted.count) \(listed(wanted.names)); give a model "
          + "fine-tuned on \(task.name)"
          + task.foldings.map { " or \($0.modelTask)" }.joined()
      )
    }
    guard found.isMultiLabel == wanted.isMultiLabel else {
      throw MismatchError(
        .labels,
        "\(place) has outputs for \(found.problemType), but task \(task.name) is "
          + "\(wanted.problemType); give a model fine-tuned on \(task.name), or correct "
          + "problem_type in its config.json")
    }
    if wanted.isRegression || found.names == wanted.names { return (opened, nil) }
    if found.isNameless {
      return (
        replacing(opened, opened.model.renamed(wanted)), labelNotice(place, found, wanted: wanted)
      )
    }
    guard let order = permutation(from: found.names, to: wanted.names) else {
      throw MismatchError(
        .labels,
        "\(place) has the labels \(listed(found.names)), but task \(task.name) has "
          + "\(listed(wanted.names)); give a model fine-tuned on \(task.name), or correct id2label "
          + "in its config.json")
    }
    return (replacing(opened, opened.model.reordered(order, labels: wanted)), nil)
  }

  /// Does what `align` does. For a model of another task that can be measured on this one, finds
  /// the class that each of its outputs stands for.
  ///
  /// - Returns: `outputs` is nil if the model's outputs are the task's labels in order.
  /// - Throws: the errors of `align`.
  package static func alignOrFold(
    _ opened: OpenedModel<SequenceClassifier>, with task: TaskDescription
  ) throws -> (model: OpenedModel<SequenceClassifier>, outputs: [Int32]?, notice: String?) {
    let found = opened.model.labels
    let isSameSet =
      found.count == task.labels.count
      && (found.isNameless || permutation(from: found.names, to: task.labelNames) != nil)
    guard !found.isRegression, !isSameSet,
      let outputs = task.foldedOutputs(names: found.names, isNameless: found.isNameless)
    else {
      let (model, notice) = try align(opened, with: task)
      return (model, nil, notice)
    }
    let meanings = zip(found.names, outputs).map { "\($0) as \(task.labelNames[Int($1)])" }
    return (
      opened, outputs,
      "\(opened.role) (\(opened.tokenizerSource)) has other labels than task \(task.name); "
        + "\(meanings.joined(separator: ", ")) count"
    )
  }

  private static func replacing(
    _ opened: OpenedModel<SequenceClassifier>, _ model: SequenceClassifier
  ) -> OpenedModel<SequenceClassifier> {
    OpenedModel(
      model: model, tokenizer: opened.tokenizer, tokenizerSource: opened.tokenizerSource,
      report: opened.report, role: opened.role)
  }

  /// Names as messages list them, cut where nobody would read on.
  static func listed(_ names: [String]) -> String {
    let most = 12
    return names.count <= most
      ? "\(names)" : "\(Array(names.prefix(most))) and \(names.count - most) more"
  }

  package static func permutation(from found: [String], to wanted: [String]) -> [Int]? {
    let order = wanted.compactMap { name in
      found.firstIndex { $0.lowercased() == name.lowercased() }
    }
    return Set(order).count == wanted.count ? order : nil
  }
}
