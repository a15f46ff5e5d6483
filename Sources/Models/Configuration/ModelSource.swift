import Configuration

/// A section such as `model` or `student`: where a model's weights come from.
///
/// Exactly one of `modelNameOrPath`, `fromTeacherLayers` and `config` is given.
public struct ModelSource: Sendable {
  /// `model_name_or_path`: a Hugging Face folder.
  public var modelNameOrPath: String?
  /// `layers`: with `model_name_or_path`, the layers of that checkpoint to keep, from 0.
  public var layers: [Int]?
  /// `label_order`: with `model_name_or_path`, the task's labels in the order of the outputs of a
  /// classifier whose `config.json` has no names for them.
  public var labelOrder: [String]?
  /// `from_teacher_layers`: a student made of these layers of the teacher, from 0.
  public var fromTeacherLayers: [Int]?
  /// `config`: the shape of a fresh model.
  public var config: ModelShape?
  /// `vocab`: with `config`, a vocabulary file or a model folder to take the vocabulary from; nil
  /// means the teacher's.
  public var vocab: String?
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// What a model is for, which decides what its section may say.
  package enum Role {
    /// `model` and `teacher`: nothing else is there to take layers or a vocabulary from.
    case alone
    /// `generator`: may take the teacher's vocabulary.
    case besideTeacher
    /// `student`: may take the teacher's vocabulary and layers.
    case student
  }

  /// A source made by the program.
  public init(
    modelNameOrPath: String? = nil, layers: [Int]? = nil, labelOrder: [String]? = nil,
    fromTeacherLayers: [Int]? = nil, config: ModelShape? = nil, vocab: String? = nil,
    origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.modelNameOrPath = modelNameOrPath
    self.layers = layers
    self.labelOrder = labelOrder
    self.fromTeacherLayers = fromTeacherLayers
    self.config = config
    self.vocab = vocab
    self.origin = origin
  }

  /// Reads the section to its end.
  /// - Throws: `ConfigError`.
  package init(reading section: ConfigSection, as role: Role) throws {
    origin = ConfigOrigin(section)
    if section.has("model_name_or_path") {
      modelNameOrPath = try Self.modelFolder(section)
    } else {
      _ = try section.optionalString("model_name_or_path")
    }
    layers = try Self.layers(section, "layers")
    if role == .besideTeacher {
      try section.refuse("label_order", "a masked language model has no labels.")
    } else {
      labelOrder = try section.optionalStrings("label_order")
    }
    if role == .student {
      fromTeacherLayers = try Self.layers(section, "from_teacher_layers")
    } else {
      try section.refuse(
        "from_teacher_layers", "only the student of distill can be made from teacher layers.")
    }
    config = try section.optionalSection("config").map(ModelShape.init(reading:))
    vocab = try section.optionalPath("vocab")
    try section.finish()
    try checkCombination(section, role)
  }

  private func checkCombination(_ section: ConfigSection, _ role: Role) throws {
    var sources = ["model_name_or_path", "config"]
    if role == .student { sources.insert("from_teacher_layers", at: 1) }
    let given = sources.filter(section.has)
    if given.isEmpty {
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
    if labelOrder != nil, modelNameOrPath == nil {
      throw section.fail(
        "label_order",
        "\(section.name("label_order")) names the outputs of model_name_or_path, which is absent.")
    }
    if vocab != nil, config == nil {
      throw section.fail(
        "vocab", "\(section.name("vocab")) belongs to a fresh model; a checkpoint has its own.")
    }
    if role == .alone, config != nil, vocab == nil {
      throw section.fail(
        "\(section.name("vocab")) is missing; a fresh model needs a vocab.txt or a model folder "
          + "to take the vocabulary from.")
    }
  }

  private static func modelFolder(_ section: ConfigSection) throws -> String {
    let path = try section.string("model_name_or_path")
    if section.document.checksPaths, PathCheck.kind(of: path) != .folder {
      throw section.fail(
        "model_name_or_path",
        "\(section.name("model_name_or_path")): there is no folder \"\(path)\""
          + "\(PathCheck.where(path)); models are local folders, nothing is downloaded.")
    }
    return path
  }

  private static func layers(_ section: ConfigSection, _ key: String) throws -> [Int]? {
    guard let layers = try section.optionalIntArray(key, in: .atLeast(0)) else { return nil }
    if layers.isEmpty { throw section.fail(key, "\(section.name(key)) must name a layer.") }
    return layers
  }
}
