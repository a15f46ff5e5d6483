import Data
import Foundation
import StrictJSON

/// What a model card says, taken from a run's description and results.
struct ModelCardFacts {
  /// A metric of the model.
  struct Metric {
    /// Its name in the results, without `eval_`.
    let name: String
    /// The name that the Hub knows it by.
    let id: String
    /// The model's value.
    let value: Double
    /// The teacher's value on the same rows; nil if there is none.
    let teacher: Double?
  }

  /// The subcommand.
  let command: String
  /// The model's name: that of its folder.
  let name: String
  /// The task's name; nil for a masked language model.
  let task: String?
  /// The method's name; nil for runs without one.
  let method: String?
  /// The task's data on the Hub; nil for data of one's own.
  let dataset: HubDataset?
  /// The rows that the metrics were measured on.
  let split: String
  /// How many rows those were; nil if the results do not say.
  let rows: Int?
  /// The metrics in the order of the results, without the loss.
  let metrics: [Metric]
  /// Names and values for the list of origins.
  let origins: [(name: String, value: String)]
  /// The model that the weights come from; nil for a new one.
  let baseModel: String?

  init(_ run: JSONValue, folder: String, results: [(name: String, value: Double)]) {
    let config = run["config"] ?? .null
    let command = run["command"]?.string ?? ""
    self.command = command
    name = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
    task = config["task"]?["name"]?.string
    method = config["method"]?["name"]?.string
    dataset = task.flatMap { HubDataset(task: $0) }
    split = config["task"]?["validation_split"]?.double == nil ? "validation" : "train"
    rows = results.first { $0.name == "eval_samples" }.flatMap { Int(exactly: $0.value) }
    // The last ones begin the names of what methods measure of themselves.
    let notMetrics = [
      "loss", "runtime", "samples", "probe_", "generator_", "teacher_", "reconstruction_",
    ]
    metrics = results.compactMap { name, value in
      guard name.hasPrefix("eval_"), value.isFinite else { return nil }
      let plain = String(name.dropFirst("eval_".count))
      if notMetrics.contains(where: { plain.hasPrefix($0) }) { return nil }
      let teacher = results.first { $0.name == "teacher_\(plain)" }?.value
      return Metric(
        name: plain, id: Self.hubMetric(plain), value: value,
        teacher: teacher.flatMap { $0.isFinite ? $0 : nil })
    }
    baseModel = Self.baseModel(command: command, config)
    origins = Self.origins(run, config)
  }

  /// `language` of the head: that of the tasks that mate-kd knows, all of them English.
  var language: String? {
    task.flatMap { try? TaskRegistry.named($0) } == nil ? nil : "en"
  }

  /// `pipeline_tag` of the head.
  var pipeline: String {
    guard let task else { return "fill-mask" }
    return (try? TaskRegistry.named(task))?.questions == nil
      ? "text-classification" : "question-answering"
  }

  /// `tags` of the head.
  var tags: [String] {
    ["mate-kd"] + (command == "distill" ? ["knowledge-distillation"] : [])
      + [method].compactMap { $0 }.filter { $0 != "mate-kd" }
  }

  /// `metrics` of the head.
  var metricIDs: [String] {
    metrics.reduce(into: []) { found, metric in
      if !found.contains(metric.id) { found.append(metric.id) }
    }
  }

  /// The Hub's name of a metric, which the name here begins with.
  private static func hubMetric(_ name: String) -> String {
    let names = [
      ("matthews_correlation", "matthews_correlation"), ("spearmanr", "spearmanr"),
      ("pearson", "pearsonr"), ("exact", "exact_match"), ("f1", "f1"), ("accuracy", "accuracy"),
    ]
    return names.first { name.hasPrefix($0.0) }?.1
      ?? String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  /// A name that the Hub accepts for the model whose weights the run began with.
  private static func baseModel(command: String, _ config: JSONValue) -> String? {
    let role = command == "distill" ? "student" : "model"
    let layers = config[role]?["from_teacher_layers"]?.array
    let source = layers == nil ? config[role] : config["teacher"]
    guard let path = source?["model_name_or_path"]?.string else { return nil }
    let parts = path.split(separator: "/").map(String.init)
    // A snapshot in the Hub's cache lies in models--OWNER--NAME/snapshots/COMMIT.
    if let cached = parts.last(where: { $0.hasPrefix("models--") }) {
      return String(cached.dropFirst("models--".count)).replacing("--", with: "/")
    }
    guard let name = parts.last(where: { $0 != "." && $0 != ".." }) else { return nil }
    let isName = name.allSatisfy { character in
      character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
    }
    return isName ? name : nil
  }

  private static func origins(
    _ run: JSONValue, _ config: JSONValue
  ) -> [(name: String, value: String)] {
    // A card may be published, so the folders of this machine stay out of it.
    func shown(_ path: String) -> String {
      path.hasPrefix("/") ? URL(fileURLWithPath: path).lastPathComponent : path
    }
    func path(_ role: String) -> String? {
      config[role]?["model_name_or_path"]?.string.map(shown)
    }
    let line = JSONWriter(layout: .line)
    let found: [(String, String?)] = [
      ("method", config["method"]?["name"]?.string), ("teacher", path("teacher")),
      ("student's weights", path("student")),
      (
        "student's layers of the teacher",
        config["student"]?["from_teacher_layers"].flatMap { $0.isNull ? nil : line.string($0) }
      ),
      ("generator", path("generator")), ("model", path("model")),
      ("data", config["task"]?["data_dir"]?.string.map(shown)),
      (
        "texts",
        config["corpus"]?["files"]?.array.map { files in
          files.compactMap(\.string).map(shown).joined(separator: ", ")
        }
      ),
      ("learning rate", config["train"]?["learning_rate"].map { line.string($0) }),
      ("seed", config["seed"].map { line.string($0) }),
      ("mate-kd", run["versions"]?["mate_kd"]?.string),
    ]
    return found.compactMap { name, value in value.map { (name, $0) } }
  }
}
