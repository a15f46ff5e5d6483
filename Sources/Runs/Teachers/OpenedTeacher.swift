import Configuration
import Data
import Inference
import Methods
import Models

/// What a student learns from, opened: one or several members, each a model or predictions.
struct OpenedTeacher<Head: TaskHead> {
  /// A member.
  struct Member {
    /// What answers.
    enum Kind {
      case model(OpenedModel<Head>)
      case predictions(PredictionsSource)
    }

    let kind: Kind
    /// Its name in plans and messages: `teacher`, or `teacher 2`.
    let role: String
    let weight: Double
    /// A model's texts are cut to so many tokens.
    let length: Int
    /// Whether a model reads the tokens that the student reads.
    var readsStudentTokens = true

    var model: OpenedModel<Head>? { if case .model(let model) = kind { model } else { nil } }
  }

  var members: [Member] = []
  let average: LogitAverage
  /// Sentences that the user should see.
  private(set) var notices: [String] = []

  /// Opens the models.
  ///
  /// - Parameter length: `max_seq_length` of the student.
  /// - Throws: errors of their folders.
  init(
    _ source: TeacherSource, task: TaskDescription, length: Int, opener: ModelOpener
  ) throws {
    if case .ensemble(_, let average) = source.kind {
      self.average = average
    } else {
      average = .logits
    }
    for (place, member) in source.members.enumerated() {
      let role = source.members.count == 1 ? "teacher" : "teacher \(place + 1)"
      let kind: Member.Kind
      switch member.source.kind {
      case .model(let folder):
        let (model, found) = try Head.openTeacher(folder, role: role, task: task, opener: opener)
        notices += found
        kind = .model(model)
      case .predictions(let predictions): kind = .predictions(predictions)
      case .ensemble:
        throw source.origin.error("ensemble", "an ensemble cannot contain another.")
      }
      members.append(
        Member(
          kind: kind, role: role, weight: member.weight,
          length: member.source.maxSeqLength ?? length))
    }
  }

  /// The model, if the teacher is a single one.
  var model: OpenedModel<Head>? { members.count == 1 ? members[0].model : nil }

  /// The model, if it is a single one that reads the student's tokens.
  var sharedModel: OpenedModel<Head>? {
    members.count == 1 && members[0].readsStudentTokens ? members[0].model : nil
  }

  /// How the model reads texts that are made of the student's tokens, as text.
  ///
  /// - Parameters:
  ///   - tokenizer: the student's.
  ///   - answers: of the same teacher to the training rows.
  /// - Throws: `MismatchError` if the teacher is not one model, or if its texts cannot be decoded.
  func decodedTexts(
    of tokenizer: any Tokenizer, task: TaskDescription, rows: TokenizedDataset,
    answers: TeacherAnswers
  ) throws -> DecodedTexts? {
    guard let model else { return nil }
    return try DecodedTexts(
      tokenizer: tokenizer, isPair: task.isPair, teacherTokenizer: model.tokenizer,
      maximumLength: members[0].length, rows: answers.models.first?.texts ?? rows)
  }

  /// Where the answers come from, for messages.
  var place: String {
    members.map { member in
      switch member.kind {
      case .model(let model): model.tokenizerSource
      case .predictions(let source): source.path
      }
    }.joined(separator: ", ")
  }

  /// Finds out which models read the student's tokens, and checks that the others may read their
  /// own.
  ///
  /// - Parameter use: what the method asks of its teacher.
  /// - Throws: `MismatchError` if the method or the task needs models that share a vocabulary.
  mutating func meet(
    _ student: OpenedModel<Head>, method: MethodDescription, use: TeacherUse, task: TaskDescription,
    length: Int
  ) throws {
    for place in members.indices {
      guard let model = members[place].model else { continue }
      let role = members[place].role
      var difference: String?
      do {
        try ModelOpener.checkVocabularies(
          (role, model.tokenizer), ("student", student.tokenizer),
          segments: model.model.hasSegments && student.model.hasSegments)
        if members[place].length != length {
          difference =
            "the \(role) reads texts of up to \(members[place].length) tokens "
            + "(\(role).max_seq_length) and the student of up to \(length)"
        }
      } catch let error as MismatchError where error.subject == .vocabulary {
        difference = "\(error)"
      }
      guard let difference else { continue }
      try Self.refuse(difference, method: method, use: use, task: task)
      members[place].readsStudentTokens = false
      notices.append(
        "the \(role) (\(model.tokenizerSource)) and the student (\(student.tokenizerSource)) do "
          + "not read the same tokens; each reads the texts as its own tokenizer cuts them")
    }
  }

  private static func refuse(
    _ difference: String, method: MethodDescription, use: TeacherUse, task: TaskDescription
  ) throws {
    let advice =
      "; take a student with the teacher's vocabulary (student.from_teacher_layers, or "
      + "student.config without vocab)"
    if task.questions != nil {
      throw MismatchError(
        .vocabulary,
        "\(difference), but answers are places in a text, which both must cut alike\(advice)")
    }
    if use == .model {
      let decoded =
        method.canReadDecodedTexts
        ? ", or method.teacher_input \"decoded_text\", with which the teacher reads text" : ""
      throw MismatchError(
        .vocabulary,
        "\(difference), but method \(method.name) compares models token by token or makes texts of "
          + "tokens, which both must read alike\(advice)\(decoded), or one of the methods that "
          + "meet only in logits: \(MethodRegistry.names { $0.teacherUse == .logits })")
    }
  }

  /// Checks before any file is opened that a method can do with the kind of teacher and of texts
  /// that a configuration names.
  ///
  /// - Throws: `ConfigError`.
  static func check(
    _ method: MethodDescription, _ c: DistillConfiguration, task: TaskDescription
  ) throws {
    if c.teacher.model == nil {
      guard task.questions == nil else {
        throw c.teacher.origin.error(
          "task \(task.name) has questions, whose teacher must be one model.")
      }
      guard method.teacherUse != .model else {
        throw c.teacher.origin.error(
          "method \(method.name) asks its teacher for more than logits on the training texts, "
            + "so it must be one model; give one, or take one of "
            + "\(MethodRegistry.names { $0.teacherUse != .model }).")
      }
    }
    guard let transfer = c.transfer else { return }
    guard task.questions == nil, method.unlabelledTexts != .none else {
      throw transfer.origin.error(
        task.questions != nil
          ? "task \(task.name) has questions, which need answers to learn from."
          : "method \(method.name) learns nothing from texts without labels; take one of "
            + "\(MethodRegistry.names { $0.unlabelledTexts != .none }).")
    }
    guard transfer.alone else { return }
    guard method.unlabelledTexts == .alone else {
      throw transfer.origin.error(
        "alone",
        "some updates of method \(method.name) learn from labels alone; keep the labelled rows, or "
          + "take one of \(MethodRegistry.names { $0.unlabelledTexts == .alone }).")
    }
    for (isSet, key) in [
      (c.task.samplesPerClass != nil, "task.samples_per_class"),
      (c.train.maxTrainSamples != nil, "train.max_train_samples"),
    ] where isSet {
      throw transfer.origin.error(
        "alone", "transfer.alone leaves out the labelled rows that \(key) draws; keep one of them.")
    }
  }
}

extension MethodRegistry {
  /// The names of some methods, for messages.
  static func names(_ isMeant: (MethodDescription) -> Bool) -> String {
    all.filter(isMeant).map(\.name).joined(separator: ", ")
  }
}
