import Configuration
import Data
import Files
import Kernels
import Runs
import StrictJSON

/// A search for the best values of some keys. Every combination is a method of a study, so that its
/// runs are cells: they can be interrupted and go on.
///
/// The runs are measured on rows held out of the training data, never on the task's validation
/// rows. Those remain for measuring the best configuration, which is written without the held-out
/// share.
public struct Sweep: Sendable {
  /// A round of runs that are equally long.
  public struct Round: Sendable {
    /// Its place, from 0.
    public let number: Int
    /// Updates of each run; nil for what the configuration says.
    public let steps: Int?
    /// How many of the combinations go on after it; nil after the last round.
    public let survivors: Int?
  }

  /// The configuration that was read.
  public let configuration: SweepConfiguration
  /// The combinations, in order.
  public let trials: [SweepTrial]
  /// The rounds; one unless the strategy is halving.
  public let rounds: [Round]

  /// More combinations than this are a mistake in the configuration.
  static let mostTrials = 10_000

  /// A sweep whose combinations have all been chosen and checked.
  ///
  /// - Throws: `ConfigError` for the first thing in any run's configuration that cannot be used.
  public init(_ configuration: SweepConfiguration) throws {
    self.configuration = configuration
    trials =
      configuration.strategy == .grid
      ? try Self.grid(configuration) : Self.drawn(configuration)
    rounds = Self.rounds(configuration, trials: trials.count)
    _ = try study(of: trials, in: rounds[0])
  }

  /// The study of a round.
  ///
  /// - Throws: `ConfigError`.
  public func study(of trials: [SweepTrial], in round: Round) throws -> Study {
    let c = configuration
    var base = c.base.merged(with: heldOut).merged(with: ["method": .null])
    if c.base["teacher_cache_dir"] == nil {
      base = base.merged(with: ["teacher_cache_dir": .string("\(c.outputDir)/teacher-cache")])
    }
    if let steps = round.steps { base = base.merged(with: ["train": ["max_steps": .int(steps)]]) }
    let methods = trials.map { trial -> (String, JSONValue) in
      let changes = trial.changes
      let method = (c.base["method"] ?? .null).merged(with: changes["method"] ?? [:])
      return (trial.name, changes.followed(by: .object([("method", method)])))
    }
    let text: JSONValue = .object([
      ("output_dir", .string("\(c.outputDir)/round-\(round.number)")),
      ("seeds", .array(c.seeds.map { .int($0) })), ("reference", .string(trials[0].name)),
      ("allow_different_updates", true), ("keep_models", .bool(c.keepModels)),
      ("bootstrap", ["resamples": 0]), ("base", base),
      ("tasks", .object([(Self.task, c.metric.map { ["metric": .string($0)] } ?? [:])])),
      ("methods", .object(methods)),
    ])
    let document = try ConfigDocument(
      text, file: c.root.document.file, checksPaths: c.root.document.checksPaths)
    return try Study(StudyConfiguration(reading: document.root)) { name in
      trials.first { $0.name == name }.flatMap(variedValues)
    }
  }

  /// A trial's values of the keys that trials differ in, for a message; nil if they differ in none.
  private func variedValues(_ trial: SweepTrial) -> String? {
    let varied = trial.values.indices.filter { place in
      trials.contains { $0.values[place].value != trials[0].values[place].value }
    }
    guard !varied.isEmpty else { return nil }
    let texts = trial.valueTexts
    return varied.map { "\(trial.values[$0].path) \(texts[$0])" }.joined(separator: ", ")
  }

  /// The name of the only task in the studies.
  static let task = "trials"

  /// The configuration of a combination, ready to run: it learns from all training rows and is
  /// measured on the validation rows, which no run of the sweep has seen. Where the data have none,
  /// the same rows as in the sweep are held out.
  ///
  /// - Throws: `ConfigError`.
  public func configuration(of trial: SweepTrial) throws -> JSONValue {
    let c = configuration
    var own: JSONValue = [
      "output_dir": .string("\(c.outputDir)/best"), "seed": .int(c.seeds[0]),
    ]
    own = own.merged(with: c.base).merged(with: trial.changes)
    let document = try ConfigDocument(own, file: c.root.document.file, checksPaths: false)
    let task = try DistillConfiguration(reading: document.root).task
    let hasValidation = try DatasetReader.hasFile(
      task: task.taskDescription(), split: .validation, directory: task.dataDir)
    return hasValidation ? own : own.merged(with: heldOut)
  }

  /// What of the section `task` says which rows are held out.
  private var heldOut: JSONValue {
    [
      "task": [
        "validation_split": .double(configuration.validationSplit),
        "draw_seed": .int(configuration.seed),
      ]
    ]
  }

  // MARK: Combinations

  private static func grid(_ c: SweepConfiguration) throws -> [SweepTrial] {
    var combinations: [[(path: String, value: JSONValue)]] = [[]]
    for parameter in c.parameters {
      let list = parameter.list ?? []
      guard combinations.count * list.count <= mostTrials else {
        throw c.root.fail(
          "parameters",
          "the grid has more than \(mostTrials) combinations; try \"strategy\": \"random\".")
      }
      combinations = combinations.flatMap { combination in
        list.map { combination + [(parameter.path, $0)] }
      }
    }
    return distinct(combinations.map { SweepTrial($0) })
  }

  /// Combination number i depends only on the seed and i, so more samples keep those there are.
  private static func drawn(_ c: SweepConfiguration) -> [SweepTrial] {
    var trials: [SweepTrial] = []
    // A small space has fewer combinations than were asked for.
    for draw in 0..<c.samples * 100 where trials.count < c.samples {
      let trial = SweepTrial(
        c.parameters.enumerated().map { place, parameter in
          var random = RandomStream(
            seed: UInt64(c.seed), purpose: .synthesis, step: draw, site: .part(place))
          return (parameter.path, parameter.draw(&random))
        })
      if !trials.contains(where: { $0.name == trial.name }) { trials.append(trial) }
    }
    return trials
  }

  private static func distinct(_ trials: [SweepTrial]) -> [SweepTrial] {
    var seen: Set<String> = []
    return trials.filter { seen.insert($0.name).inserted }
  }

  /// Each round has `factor` times the updates of the one before it, and ends with those that the
  /// configuration names.
  private static func rounds(_ c: SweepConfiguration, trials: Int) -> [Round] {
    guard c.strategy == .halving, let most = c.maxSteps else {
      return [Round(number: 0, steps: nil, survivors: nil)]
    }
    var steps = [most]
    var left = trials
    while left > 1, let shortest = steps.first, shortest / c.factor >= max(1, c.minSteps) {
      steps.insert(shortest / c.factor, at: 0)
      left = (left + c.factor - 1) / c.factor
    }
    var count = trials
    return steps.enumerated().map { place, updates in
      count = max(1, (count + c.factor - 1) / c.factor)
      return Round(
        number: place, steps: updates, survivors: place == steps.count - 1 ? nil : count)
    }
  }
}

extension SweepTrial {
  /// Eight hexadecimal digits that tell combinations apart.
  static func digest(_ values: [(path: String, value: JSONValue)]) -> String {
    var hash = ContentHash()
    let text: JSONValue = .object(values.map { ($0.path, $0.value) })
    hash.add(JSONWriter(layout: .minimal, sortedKeys: true).bytes(text))
    return String(hash.hexadecimal.prefix(8))
  }
}
