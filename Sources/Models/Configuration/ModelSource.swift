import Configuration

/// A section such as `model` or `student`: where a model's weights come from.
///
/// Exactly one of `modelNameOrPath`, `fromTeacherLayers`, `fromTeacher` and `config` is given.
public struct ModelSource: Sendable {
  /// `model_name_or_path`: a folder in Hugging Face's layout; for a model of the Hub, that of its
  /// snapshot in the local cache.
  public var modelNameOrPath: String?
  /// `layers`: with `model_name_or_path`, the layers of that checkpoint to keep, from 0.
  public var layers: [Int]?
  /// `label_order`: with `model_name_or_path`, the task's labels in the order of the outputs of a
  /// classifier whose `config.json` has no names for them.
  public var labelOrder: [String]?
  /// `allow_new_weights`: whether all weights may be random because the checkpoint has nothing of
  /// the model's encoder.
  public var allowsNewWeights = false
  /// `from_teacher_layers`: a student made of these layers of the teacher, from 0.
  public var fromTeacherLayers: [Int]?
  /// `from_teacher`: a student that is a part of the teacher.
  public var fromTeacher: TeacherCut?
  /// `config`: the architecture of a fresh model, but for the size of its vocabulary.
  public var config: EncoderConfiguration?
  /// `vocab`: with `config`, a vocabulary file or a model folder to take the vocabulary from; nil
  /// means the teacher's.
  public var vocab: String?
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// What a model is for, which decides what its section may say.
  package enum Role {
    /// `model`: nothing else is there to take layers or a vocabulary from.
    case alone
    /// `teacher`: the same, and it need not be a model.
    case teacher
    /// `generator`: may take the teacher's vocabulary.
    case besideTeacher
    /// `student`: may take the teacher's vocabulary and layers.
    case student

    /// Whether a fresh model must name its vocabulary.
    var needsVocabulary: Bool { self == .alone || self == .teacher }

    /// Whose vocabulary a fresh model takes over, as the end of a sentence.
    fileprivate var usualVocabulary: String {
      switch self {
      case .alone, .teacher: "; required then."
      case .besideTeacher:
        "; by default the teacher's, or the student's if the teacher reads decoded texts."
      case .student: "; by default the teacher's."
      }
    }
  }

  /// A source made by the program.
  public init(
    modelNameOrPath: String? = nil, layers: [Int]? = nil, labelOrder: [String]? = nil,
    fromTeacherLayers: [Int]? = nil, fromTeacher: TeacherCut? = nil,
    config: EncoderConfiguration? = nil, vocab: String? = nil, origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.modelNameOrPath = modelNameOrPath
    self.layers = layers
    self.labelOrder = labelOrder
    self.fromTeacherLayers = fromTeacherLayers
    self.fromTeacher = fromTeacher
    self.config = config
    self.vocab = vocab
    self.origin = origin
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  package init(reading section: ConfigSection, as role: Role) throws {
    origin = ConfigOrigin(section)
    modelNameOrPath = try Self.modelFolder(section)
    layers = try Self.layers(
      section, "layers",
      "With `model_name_or_path`: the layers of that checkpoint to keep, from 0; by default all.")
    if role == .besideTeacher {
      try section.refuse("label_order", "a masked language model has no labels.")
    } else {
      labelOrder = try section.optionalStrings(
        "label_order",
        "With `model_name_or_path`: the task's labels in the order of a classifier's outputs, if "
          + "its `config.json` has no names for them; by default the task's order.")
    }
    if role == .student {
      fromTeacherLayers = try Self.layers(
        section, "from_teacher_layers",
        "The student is made of these layers of the teacher, from 0, and its embeddings and head.")
      fromTeacher = try section.optionalSection(
        "from_teacher", "The student is a narrower part of the teacher."
      ).map(TeacherCut.init(reading:))
    } else {
      try section.refuse(
        "from_teacher_layers", "only the student of distill can be made from teacher layers.")
      try section.refuse("from_teacher", "only the student of distill can be cut from a teacher.")
    }
    allowsNewWeights = try section.bool(
      "allow_new_weights", default: false,
      "With `model_name_or_path`: true trains from random weights where the checkpoint has nothing "
        + "of the model's encoder, which is an error otherwise.")
    config = try section.optionalSection("config", "The shape of a fresh model.")
      .map(EncoderConfiguration.init(reading:))
    vocab = try section.optionalPath(
      "vocab",
      "With `config`: a `vocab.txt`, `vocab.json`, `tokenizer.json` or a model folder"
        + role.usualVocabulary)
    try section.finish()
    try checkCombination(section, role)
  }

  private func checkCombination(_ section: ConfigSection, _ role: Role) throws {
    var sources = ["model_name_or_path", "config"]
    if role == .student {
      sources.insert(contentsOf: ["from_teacher_layers", "from_teacher"], at: 1)
    }
    let given = sources.filter(section.has)
    if given.isEmpty {
      if role == .teacher { sources += ["predictions", "ensemble"] }
      throw section.fail(
        "\(section.path) says nothing of its weights; give one of "
          + "\(sources.joined(separator: ", ")).")
    }
    if given.count > 1 {
      throw section.fail(
        given[1],
        "\(section.path) has both \(given[0]) and \(given[1]); keep one of them.")
    }
    if layers != nil, modelNameOrPath == nil {
      throw section.fail(
        "layers", "\(section.name("layers")) picks layers of model_name_or_path, which is absent.")
    }
    if allowsNewWeights, modelNameOrPath == nil {
      throw section.fail(
        "allow_new_weights",
        "\(section.name("allow_new_weights")) is about the checkpoint of model_name_or_path, which "
          + "is absent; config always gives new weights.")
    }
    if labelOrder != nil, modelNameOrPath == nil {
      throw section.fail(
        "label_order",
        "\(section.name("label_order")) names the outputs of model_name_or_path, which is absent.")
    }
    if vocab != nil, config == nil {
      throw section.fail(
        "vocab", "\(section.name("vocab")) belongs to a fresh model; a checkpoint has its own.")
    }
    if role.needsVocabulary, config != nil, vocab == nil {
      throw section.fail(
        "\(section.name("vocab")) is missing; a fresh model needs a vocab.txt or a model folder "
          + "to take the vocabulary from.")
    }
  }

  /// A local folder, or else the snapshot of a model in Hugging Face's cache. What is recorded is
  /// the folder, which names the commit.
  private static func modelFolder(_ section: ConfigSection) throws -> String? {
    let key = "model_name_or_path"
    let found = try section.optionalString(
      key,
      "A folder in Hugging Face's layout, or the name of a model on the Hub that lies in the local "
        + "cache; nothing is downloaded.")
    guard let name = found else { return nil }
    let path = try section.located(key, name)
    guard section.document.checksPaths, PathCheck.kind(of: path) != .folder else { return path }
    let problem =
      "\(section.name(key)): there is no folder \"\(path)\"\(section.lookedFor(key, path))"
    let cache = HubCache()
    guard HubCache.isModelName(name) else {
      throw section.fail(key, "\(problem); models are local folders, nothing is downloaded.")
    }
    guard let snapshot = cache.snapshot(of: name) else {
      throw section.fail(
        key,
        "\(problem), and Hugging Face's cache, \(cache.folder), has no model of that name; if it "
          + "is the output of another run, make that first; if it is a model on the Hub, get it "
          + "by: hf download \(name)")
    }
    section.record(key, .string(snapshot))
    return snapshot
  }

  static func layers(
    _ section: ConfigSection, _ key: String, _ meaning: String
  ) throws -> [Int]? {
    guard let layers = try section.optionalIntArray(key, in: .atLeast(0), meaning) else {
      return nil
    }
    if layers.isEmpty { throw section.fail(key, "\(section.name(key)) must name a layer.") }
    guard layers.count <= SizeLimits.layers.upperBound else {
      throw section.fail(
        key,
        "\(section.name(key)) must name at most \(SizeLimits.layers.upperBound) layers, found "
          + "\(layers.count).")
    }
    return layers
  }
}
