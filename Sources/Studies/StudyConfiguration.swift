import Configuration
import Runs
import StrictJSON

/// What `mate-kd compare` reads: a configuration of `distill`, and what changes in it from cell to
/// cell in a study of tasks x methods x seeds.
public struct StudyConfiguration: Sendable {
  /// A task of the study.
  public struct Task: Sendable {
    /// Its name in tables and folders.
    public let name: String
    /// `metric` in the table; nil means the task's first metric.
    public let metric: String?
    /// What the task changes in `base`.
    public let settings: JSONValue
    /// `methods`: what the task changes in one of the methods, such as a mask rate.
    public let settingsByMethod: [String: JSONValue]
    /// For errors about the task.
    public let origin: ConfigOrigin
  }

  /// A method of the study.
  public struct Method: Sendable {
    /// Its name in tables and folders.
    public let name: String
    /// What the method changes in `base`.
    public let settings: JSONValue
    /// `assistant`: what to change for distilling a model between teacher and student first, which
    /// then teaches the student; nil for none.
    public let assistant: JSONValue?
    /// `grid`: values that are tried on held-out rows before the method's cells are run; nil for
    /// none.
    public let grid: StudyGrid?
  }

  /// `output_dir`: the study's folder.
  public let outputDir: String
  /// `records`: the folder where small files about finished cells are kept; nil for none.
  public let records: String?
  /// `seeds` of the cells.
  public let seeds: [Int]
  /// `draw_seeds`: the draws of the training rows that every method and seed is run on; empty for
  /// the one of each cell's own configuration.
  public let drawSeeds: [Int]
  /// `contrasts`: pairs of methods, of which the first is supposed to be better.
  public let contrasts: [(better: String, other: String)]
  /// `reference`: the method that the others are compared with.
  public let reference: String
  /// `selection.validation_split`: the share of the training rows on which grids are decided.
  public let selectionSplit: Double
  /// `selection.seeds`: the seeds of the runs that decide.
  public let selectionSeeds: [Int]
  /// `keep_models`: whether the cells' weights are kept after they have been measured.
  public let keepModels: Bool
  /// `allow_different_updates`: whether the methods of a task may differ in the number of updates.
  public let allowDifferentUpdates: Bool
  /// `bootstrap.resamples`: the number of samples of the validation rows for intervals; 0 for none.
  public let bootstrapResamples: Int
  /// `bootstrap.seed`: the seed of those samples.
  public let bootstrapSeed: UInt64
  /// `tasks`, in the order of the file.
  public let tasks: [Task]
  /// `methods`, in the order of the file.
  public let methods: [Method]
  /// Whether the cells check that the files and folders they name exist.
  private let checksPaths: Bool
  private let base: JSONValue
  private let root: ConfigSection

  /// Reads everything; the cells' own configurations are checked when they are made.
  /// - Throws: `ConfigError`.
  public init(reading root: ConfigSection) throws {
    self.root = root
    checksPaths = root.document.checksPaths
    try root.readFileKeys(choosesPaths: false)
    for key in ["task", "teacher", "student", "generator", "method", "train", "seed", "threads"] {
      try root.refuse(key, "what all cells share stands in the section base.")
    }
    outputDir = try root.outputPath("output_dir", "The study's folder.")
    records = try root.optionalOutputPath(
      "records",
      "A folder, such as one of a repository, where a small file about every finished cell is "
        + "kept; cells found there are not run again. By default none.")
    seeds = try root.intArray(
      "seeds", default: [1, 2, 3], in: .atLeast(0), "The seeds of the cells.")
    drawSeeds = try root.intArray(
      "draw_seeds", default: [], in: .atLeast(0),
      "Draws of the training rows (`task.draw_seed`), each with every method and seed; by default "
        + "the one of the configuration.")
    keepModels = try root.bool(
      "keep_models", default: true,
      "Whether the cells' weights are kept after they have been measured.")
    allowDifferentUpdates = try root.bool(
      "allow_different_updates", default: false,
      "Whether the methods of a task may differ in the number of updates.")
    let bootstrap = try root.sectionOrEmpty(
      "bootstrap", "Samples of the validation rows, for intervals.")
    bootstrapResamples = try bootstrap.int(
      "resamples", default: 1000, in: 0...1_000_000, "How many samples are drawn; 0 for none.")
    bootstrapSeed = UInt64(
      try bootstrap.int("seed", default: 42, in: 0..., "The seed of the samples."))
    try bootstrap.finish()
    let selection = try root.sectionOrEmpty(
      "selection", "How the grids of methods are decided.")
    selectionSplit = try selection.number(
      "validation_split", default: 0.1, in: .between(0.001, 0.9),
      "The share of the training rows that is held out for the decision.")
    selectionSeeds = try selection.intArray(
      "seeds", default: [1], in: .atLeast(0), "The seeds of the runs that decide.")
    try selection.finish()
    base = try Self.base(root)
    methods = try Self.entries(
      "methods", of: root,
      "What each method changes in `base`, by the method's name in tables and folders."
    ).map { try Self.method($0, root) }
    let names = methods.map(\.name)
    tasks = try Self.entries(
      "tasks", of: root,
      "What each task changes in `base`, by the task's name in tables and folders."
    ).map { try Self.task($0, methods: names, root) }
    if root.has("reference") || names.contains("kd") {
      reference = try root.string(
        "reference", default: "kd",
        "The method that the others are compared with; required where none is called `kd`.")
    } else {
      throw root.fail(
        "reference is missing; name the method that the others are compared with: "
          + "\(names.joined(separator: ", ")).")
    }
    contrasts = try Self.contrasts(root, methods: names)
    try root.finish()
    guard names.contains(reference) else {
      throw root.unknownName("reference", reference, among: names)
    }
    if seeds.isEmpty { throw root.fail("seeds", "seeds must name a seed.") }
    // First: to look for one that is named twice takes the square of their number.
    try checkCount()
    for (key, values) in [("seeds", seeds), ("draw_seeds", drawSeeds)] {
      if let twice = values.first(where: { seed in values.count { $0 == seed } > 1 }) {
        throw root.fail(key, "\(key) names \(twice) twice.")
      }
    }
  }

  /// More cells than this are a mistake in the configuration.
  package static let mostCells = 10_000

  /// Counts the cells before any of them is made.
  private func checkCount() throws {
    let perMethod = Double(seeds.count) * Double(max(1, drawSeeds.count))
    let deciding = methods.reduce(0) {
      $0 + Double($1.grid?.points.count ?? 0) * Double(selectionSeeds.count)
    }
    let count = Double(tasks.count) * (Double(methods.count) * perMethod + deciding)
    guard count <= Double(Self.mostCells) else {
      throw root.fail(
        "seeds",
        "the study has \(count < 1e15 ? "\(Int(count))" : "too many") cells, and no study can have "
          + "more than \(Self.mostCells); name fewer tasks, methods, seeds or points of grids.")
    }
  }

  /// Reads a file.
  /// - Throws: `ConfigError`.
  public static func load(
    path: String, overrides: [ConfigOverride] = [], checksPaths: Bool = true
  ) throws -> StudyConfiguration {
    try StudyConfiguration(
      reading: ConfigDocument.read(path, overrides: overrides, checksPaths: checksPaths).root)
  }

  /// The configuration of a cell: `base`, changed by the task, by the method, by the task for that
  /// method, and finally by `own`. Each change is a JSON Merge Patch (`null` removes a key).
  ///
  /// - Parameters:
  ///   - own: the cell's own keys, such as the output folder and the seed.
  ///   - teacherCache: `teacher_cache_dir` where the configuration names none.
  ///   - checksPaths: whether its files and folders must exist; nil means as in this configuration.
  /// - Throws: `ConfigError`.
  public func cell(
    _ task: Task, _ method: Method, own: JSONValue, teacherCache: String? = nil,
    checksPaths: Bool? = nil
  ) throws -> DistillConfiguration {
    var text = base.merged(with: task.settings).merged(with: method.settings)
    if let settings = task.settingsByMethod[method.name] { text = text.merged(with: settings) }
    text = text.merged(with: own)
    // The cells share the study's cache unless the configuration names another.
    if let teacherCache, text["teacher_cache_dir"]?.isNull ?? true {
      text = text.merged(with: ["teacher_cache_dir": .string(teacherCache)])
    }
    let taskKeys = ["tasks", task.name]
    let methodKeys = ["methods", method.name]
    let document = try ConfigDocument(
      text, partsOf: root.document,
      at: [
        taskKeys + methodKeys, methodKeys, taskKeys, ["base"], methodKeys + ["assistant"],
      ],
      checksPaths: checksPaths ?? self.checksPaths)
    return try DistillConfiguration(reading: document.root)
  }

  /// The configuration with all its defaults.
  public var resolved: JSONValue { root.resolved }
}

extension StudyConfiguration {
  /// Reads pairs of methods, written `A > B`.
  private static func contrasts(
    _ root: ConfigSection, methods: [String]
  ) throws -> [(better: String, other: String)] {
    let texts =
      try root.optionalStrings(
        "contrasts",
        "Hypotheses \"A > B\", that method A is better than method B: each gets a one-sided paired "
          + "t test with Holm's correction for all of them.") ?? []
    return try texts.map { text in
      // Names have no spaces.
      let names = text.split(separator: ">").map { String($0.filter { !$0.isWhitespace }) }
      guard names.count == 2, names[0] != names[1] else {
        throw root.fail(
          "contrasts", "contrasts: \"\(text)\" is not of the form \"A > B\" with two methods.")
      }
      for name in names where !methods.contains(name) {
        throw root.unknownName("contrasts", name, among: methods)
      }
      return (names[0], names[1])
    }
  }

  /// The keys that the runner sets in each cell.
  private static let runnersKeys = ["output_dir", "overwrite_output_dir", "seed"]

  private static func base(_ root: ConfigSection) throws -> JSONValue {
    _ = try root.section("base", "What all cells share: a configuration of `distill`.")
    let value = root.value(of: "base") ?? [:]
    try refuse(
      runnersKeys + ["method"], in: value, path: "base", root,
      "the study gives every cell its own.")
    try refuse(
      ["paths"], in: value, path: "base", root,
      "the paths of a study are relative to the working directory.")
    root.record("base", value)
    return value
  }

  /// The members of an object of objects. Those that are null count as absent.
  private static func entries(
    _ key: String, of root: ConfigSection, _ meaning: String
  ) throws -> [JSONObject.Member] {
    _ = try root.section(key, meaning)
    let value = root.value(of: key) ?? [:]
    let members = (value.object?.members ?? []).filter { !$0.value.isNull }
    if members.isEmpty { throw root.fail(key, "\(key) must name at least one.") }
    for member in members {
      let path = "\(key).\(member.key)"
      // Names become folders.
      let allowed = member.key.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || "-_.".utf8.contains($0)
      }
      if !allowed || member.key.isEmpty || member.key.hasPrefix(".") {
        throw root.document.error(
          path: path, at: member.keyPosition,
          "the name \"\(member.key)\" in \(key) becomes the name of a folder; use letters, digits, "
            + "'-', '_' and '.', which it must not begin with.")
      }
      guard member.value.object != nil else {
        throw root.document.error(
          path: path, at: member.value.position,
          "\(path) must be an object, found \(member.value.shown).")
      }
    }
    root.record(key, value)
    return members
  }

  private static func method(_ member: JSONObject.Member, _ root: ConfigSection) throws -> Method {
    let path = "methods.\(member.key)"
    try refuse(
      runnersKeys, in: member.value, path: path, root, "the study gives every cell its own.")
    guard member.value["method"]?.object != nil else {
      throw root.document.error(
        path: path, at: member.value.position,
        "\(path).method is missing; an object with the method's name is required here.")
    }
    let assistant = member.value["assistant"]
    if let assistant {
      guard assistant.object != nil else {
        throw root.document.error(
          path: path, at: assistant.position,
          "\(path).assistant must be an object, found \(assistant.shown).")
      }
      try refuse(
        runnersKeys + ["teacher", "task"], in: assistant, path: "\(path).assistant", root,
        "an assistant has those of its student.")
    }
    var grid: StudyGrid?
    if let value = member.value["grid"] {
      do { grid = try StudyGrid(value) } catch {
        throw root.document.error(
          path: path, at: value.position,
          "\(path).grid" + (error.problem.hasPrefix(".") ? "" : " ") + error.problem)
      }
    }
    return Method(
      name: member.key,
      settings: member.value.merged(with: ["assistant": .null, "grid": .null]),
      assistant: assistant, grid: grid)
  }

  private static func task(
    _ member: JSONObject.Member, methods: [String], _ root: ConfigSection
  ) throws -> Task {
    let path = "tasks.\(member.key)"
    try refuse(
      runnersKeys, in: member.value, path: path, root, "the study gives every cell its own.")
    try refuse(
      ["method"], in: member.value, path: path, root,
      "what a task changes in a method stands in \(path).methods, by the method's name.")
    var byMethod: [String: JSONValue] = [:]
    if let changes = member.value["methods"] {
      guard let object = changes.object else {
        throw root.document.error(
          path: path, at: changes.position,
          "\(path).methods must be an object, found \(changes.shown).")
      }
      for change in object.members {
        guard methods.contains(change.key) else {
          throw root.document.error(
            path: path, at: change.keyPosition,
            "unknown method \"\(change.key)\" in \(path).methods; "
              + EditDistance.suggestion(for: change.key, among: methods))
        }
        guard change.value.object != nil else {
          throw root.document.error(
            path: path, at: change.value.position,
            "\(path).methods.\(change.key) must be an object, found \(change.value.shown).")
        }
        try refuse(
          runnersKeys, in: change.value, path: "\(path).methods.\(change.key)", root,
          "the study gives every cell its own.")
        byMethod[change.key] = change.value
      }
    }
    let metric = member.value["metric"]
    if let metric, metric.string == nil {
      throw root.document.error(
        path: path, at: metric.position,
        "\(path).metric must be a string, found \(metric.shown).")
    }
    let section = ConfigSection(member.value, path: path, document: root.document)
    return Task(
      name: member.key, metric: metric?.string,
      settings: member.value.merged(with: ["metric": .null, "methods": .null]),
      settingsByMethod: byMethod, origin: ConfigOrigin(section))
  }

  private static func refuse(
    _ keys: [String], in value: JSONValue, path: String, _ root: ConfigSection, _ hint: String
  ) throws {
    for key in keys {
      guard let member = value.object?.member(key) else { continue }
      throw root.document.error(
        path: "\(path).\(key)", at: member.keyPosition, "unknown key \"\(key)\" in \(path); \(hint)"
      )
    }
  }
}
