import Configuration
import Data
import Kernels
import Runs
import StrictJSON

/// What `mate-kd sweep` reads: a configuration of `distill`, and the keys whose values it searches.
public struct SweepConfiguration: Sendable {
  /// How values are chosen.
  public enum Strategy: String, Sendable, CaseIterable {
    /// Every combination of the lists.
    case grid
    /// Values drawn at random.
    case random
    /// Values drawn at random; all are trained shortly, and the better ones again for longer.
    case halving
  }

  /// `output_dir`: the sweep's folder.
  public let outputDir: String
  /// `strategy`
  public let strategy: Strategy
  /// `samples`: the number of combinations that are drawn.
  public let samples: Int
  /// `seed` of the draws and of the rows that are held out.
  public let seed: Int
  /// `seeds` of the runs; a combination's score is the mean over them.
  public let seeds: [Int]
  /// `metric` that decides; nil for the task's first.
  public let metric: String?
  /// `validation_split`: the share of the training rows that is held out to choose by.
  public let validationSplit: Double
  /// `factor`: with halving, one of so many combinations goes on.
  public let factor: Int
  /// `min_steps`: with halving, the fewest updates of a run.
  public let minSteps: Int
  /// `keep_models`: whether the weights of all runs are kept.
  public let keepModels: Bool
  /// `parameters`: the keys and their values.
  public let parameters: [SweepParameter]
  /// `base`: the configuration that is changed.
  let base: JSONValue
  let root: ConfigSection

  /// Reads everything; the configurations of the runs are checked when they are made.
  /// - Throws: `ConfigError`.
  public init(reading root: ConfigSection) throws {
    self.root = root
    root.ignore("$schema", "Allowed but ignored; editors use it to find the schema.")
    for key in ["task", "teacher", "student", "generator", "method", "train", "threads"] {
      try root.refuse(key, "what all runs share stands in the section base.")
    }
    outputDir = try root.string("output_dir", "The sweep's folder.")
    strategy = try root.choice(
      "strategy", default: .grid,
      "Every combination (`grid`), combinations drawn at random (`random`), or drawn ones of which "
        + "the better go on with more updates (`halving`).")
    samples = try root.int(
      "samples", default: 12, in: 1...10_000, "How many combinations are drawn; not with `grid`.")
    seed = try root.int(
      "seed", default: 42, in: 0..., "The seed of the draws and of the rows that are held out.")
    seeds = try root.intArray(
      "seeds", default: [42], in: .atLeast(0),
      "The seeds of the runs; a combination's score is the mean over them.")
    metric = try root.optionalString(
      "metric", "The metric that decides; by default the task's first.")
    validationSplit = try root.number(
      "validation_split", default: 0.1, in: .above(0, upTo: 0.9),
      "The share of the training rows that is held out to choose by.")
    factor = try root.int(
      "factor", default: 3, in: 2...100,
      "With `halving`: one of so many combinations goes on, with so many times the updates.")
    minSteps = try root.int(
      "min_steps", default: 1, in: 1..., "With `halving`: the fewest updates of a run.")
    keepModels = try root.bool(
      "keep_models", default: false, "Whether the weights of all runs are kept.")
    _ = try root.section("base", "What all runs share: a configuration of `distill`.")
    base = root.value(of: "base") ?? [:]
    root.record("base", base)
    parameters = try Self.parameters(root)
    try root.finish()
    try check()
  }

  /// Reads a file.
  /// - Throws: `ConfigError`.
  public static func load(
    path: String, overrides: [ConfigOverride] = []
  ) throws -> SweepConfiguration {
    try SweepConfiguration(reading: ConfigDocument.read(path, overrides: overrides).root)
  }

  /// The configuration with all its defaults.
  public var resolved: JSONValue { root.resolved }

  /// `base.train.max_steps`, which halving divides.
  var maxSteps: Int? { base["train"]?["max_steps"]?.int.flatMap { $0 > 0 ? $0 : nil } }

  private func check() throws {
    if seeds.isEmpty { throw root.fail("seeds", "seeds must name a seed.") }
    if let twice = seeds.first(where: { seed in seeds.count { $0 == seed } > 1 }) {
      throw root.fail("seeds", "seeds names \(twice) twice.")
    }
    guard base["method"]?.object != nil else {
      throw root.fail(
        "base", "base.method is missing; an object with the method's name is required here.")
    }
    for (path, hint) in Self.ownKeys {
      let keys = path.split(separator: ".").map(String.init)
      let parent = keys.dropLast().reduce(Optional(base)) { $0?[$1] }
      if let member = parent?.object?.member(keys.last ?? "") {
        throw root.document.error(
          path: "base.\(path)", at: member.keyPosition, "unknown key \"\(path)\" in base; \(hint)")
      }
    }
    switch strategy {
    case .grid:
      if let parameter = parameters.first(where: { $0.list == nil }) {
        throw root.fail(
          "strategy",
          "\(parameter.path) has a range, of which a grid has no combinations; give values, or "
            + "\"strategy\": \"random\".")
      }
    case .random: break
    case .halving:
      guard let most = maxSteps else {
        throw root.fail(
          "base", "halving divides base.train.max_steps, which is missing; give it a number.")
      }
      guard minSteps <= most else {
        throw root.fail(
          "min_steps", "min_steps is \(minSteps), but base.train.max_steps is only \(most).")
      }
      if parameters.contains(where: { $0.path == "train" }) {
        throw root.fail(
          "parameters",
          "halving itself sets how long the runs of a round are, so it cannot search train as a "
            + "whole; search its keys.")
      }
      for key in ["max_steps", "num_train_epochs", "warmup_steps"] {
        guard parameters.contains(where: { $0.path == "train.\(key)" }) else { continue }
        throw root.fail(
          "parameters",
          "halving itself sets how long the runs of a round are, so it cannot search train.\(key)"
            + (key == "warmup_steps" ? "; search train.warmup_ratio." : "."))
      }
      if let warmup = base["train"]?["warmup_steps"]?.int, warmup > 0 {
        throw root.fail(
          "base",
          "base.train.warmup_steps does not get shorter with the runs of a round; halving needs "
            + "warmup_ratio in its place.")
      }
    }
  }

  /// The keys that the sweep itself sets, with what to write instead.
  private static let ownKeys = [
    ("output_dir", "the sweep gives every run its own."),
    ("overwrite_output_dir", "the sweep gives every run its own."),
    ("seed", "write seeds at the top level."),
    ("task.validation_split", "write validation_split at the top level."),
    ("task.draw_seed", "write seed at the top level."),
    ("train.resume_from_checkpoint", "every run goes on by itself."),
  ]

  /// Keys that must be the same in all runs, or their scores could not be compared.
  private static let fixedKeys =
    ownKeys.map(\.0) + ["task.name", "task.data_dir", "task", "train.max_eval_samples", "base"]

  /// More keys than this are a mistake: no configuration has as many.
  private static let mostParameters = 200

  private static func parameters(_ root: ConfigSection) throws -> [SweepParameter] {
    _ = try root.section(
      "parameters",
      "The keys to search, each by its path in `base` with `{\"values\": [...]}` or "
        + "`{\"range\": [LEAST, GREATEST]}`; a range also takes `\"scale\": \"log\"` and "
        + "`\"integer\": true`.")
    let value = root.value(of: "parameters") ?? [:]
    let members = (value.object?.members ?? []).filter { !$0.value.isNull }
    if members.isEmpty { throw root.fail("parameters", "parameters must name at least one key.") }
    guard members.count <= mostParameters else {
      throw root.fail(
        "parameters",
        "parameters names \(members.count) keys, and no sweep can have more than "
          + "\(mostParameters).")
    }
    root.record("parameters", value)
    return try members.map { member in
      let keys = member.key.split(separator: ".", omittingEmptySubsequences: false)
      if fixedKeys.contains(member.key) || keys.contains(where: \.isEmpty) {
        throw root.document.error(
          path: "parameters.\(member.key)", at: member.keyPosition,
          "\"\(member.key)\" is no key that a sweep can search: it must be the path of a key in "
            + "base that leaves rows, folders and seeds as they are.")
      }
      // Which of the two would win is not said anywhere.
      if let whole = members.first(where: { member.key.hasPrefix("\($0.key).") }) {
        throw root.document.error(
          path: "parameters.\(member.key)", at: member.keyPosition,
          "\(member.key) is a part of \(whole.key), which is searched, too; search one of them.")
      }
      return try SweepParameter(
        path: member.key, values: SweepValues(member, root.document).values)
    }
  }
}

/// Reads the values of one key.
private struct SweepValues {
  let values: SweepParameter.Values

  init(_ member: JSONObject.Member, _ document: ConfigDocument) throws {
    let path = "parameters.\(member.key)"
    func wrong(_ key: String, _ expected: String) -> ConfigError {
      let value = member.value[key] ?? member.value
      let name = key.isEmpty ? path : "\(path).\(key)"
      return document.error(
        path: name, at: value.position, "\(name) must be \(expected), found \(value.shown).")
    }
    guard let object = member.value.object else {
      throw wrong("", "an object with values or range")
    }
    let known = ["values", "range", "scale", "integer"]
    if let other = object.members.first(where: { !known.contains($0.key) }) {
      throw document.error(
        path: "\(path).\(other.key)", at: other.keyPosition,
        "unknown key \"\(other.key)\" in \(path); "
          + EditDistance.suggestion(for: other.key, among: known))
    }
    if object["values"] != nil {
      guard let list = object["values"]?.array, !list.isEmpty else {
        throw wrong("values", "an array that is not empty")
      }
      guard object.count == 1 else {
        throw document.error(
          path: path, at: member.value.position,
          "\(path) has values, beside which there can be no other key.")
      }
      values = .list(list)
      return
    }
    guard let ends = object["range"]?.array, ends.count == 2, let low = ends[0].double,
      let high = ends[1].double, low < high, (high - low).isFinite
    else {
      let value = object["range"] ?? member.value
      throw document.error(
        path: "\(path).range", at: value.position,
        "\(path).range must be an array of two different numbers, the smaller one first, such as "
          + "[1, 4]; found \(JSONWriter(layout: .line).string(value).prefix(60)).")
    }
    let scale = object["scale"]?.string ?? "linear"
    guard object["scale"] == nil || ["linear", "log"].contains(object["scale"]?.string) else {
      throw wrong("scale", "\"linear\" or \"log\"")
    }
    guard object["integer"] == nil || object["integer"]?.bool != nil else {
      throw wrong("integer", "true or false")
    }
    if scale == "log", low <= 0 { throw wrong("range", "above 0 with \"scale\": \"log\"") }
    let isInteger = object["integer"]?.bool == true
    // Beyond this, doubles are not whole numbers one by one.
    if isInteger, ends.contains(where: { $0.int == nil }) || max(abs(low), abs(high)) > 0x1p52 {
      throw wrong("range", "two integers of at most 52 bits with \"integer\": true")
    }
    values = .range(low...high, isLogarithmic: scale == "log", isInteger: isInteger)
  }
}
