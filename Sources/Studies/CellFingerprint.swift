import Configuration
import Data
import Files
import Kernels
import Methods
import Models
import Runs
import StrictJSON

/// What a cell's result depends on.
struct CellIdentity: Sendable {
  /// Stands for all of it: the configuration with every default filled in, and the content of the
  /// models that the run starts from. Data are identified only by their folder.
  let fingerprint: String
  /// The configuration alone, in which models are paths, without `precision`.
  let configuration: JSONValue
  /// `precision`, which may depend on the machine.
  let precision: String
  /// Those models by their paths, each with what stands for its content.
  let models: [String: String]

  /// Whether another configuration says the same in all keys that both have. Another version may
  /// have more keys, whose defaults are what it did before.
  func hasConfiguration(of other: CellIdentity) -> Bool {
    func agree(_ ours: JSONValue, _ theirs: JSONValue) -> Bool {
      guard let members = ours.object?.members, theirs.object != nil else { return ours == theirs }
      return members.allSatisfy { member in
        theirs[member.key].map { agree(member.value, $0) } ?? true
      }
    }
    return agree(configuration, other.configuration)
  }
}

/// Finds out what cells' results depend on.
struct CellFingerprint {
  private let pool: ThreadPool
  /// Models by folder; cells share them.
  private var models: [String: String] = [:]

  init(pool: ThreadPool) { self.pool = pool }

  /// The keys of the configuration that change no result.
  private static let immaterial = [
    "output_dir", "overwrite_output_dir", "threads", "teacher_cache_dir", "diagnostics",
  ]

  private static let immaterialInTrain = [
    "save_strategy", "save_steps", "save_total_limit", "resume_from_checkpoint", "report_to",
  ]

  /// The identity of a configuration whose method has read its section.
  ///
  /// - Parameter assistant: that of the run that makes the teacher; nil for none.
  mutating func callAsFunction(
    _ configuration: DistillConfiguration, assistant: CellIdentity? = nil
  ) -> CellIdentity {
    var object = configuration.resolved.object ?? JSONObject()
    for key in Self.immaterial { object[key] = nil }
    if var train = object["train"]?.object {
      for key in Self.immaterialInTrain { train[key] = nil }
      object["train"] = JSONValue(.object(train))
    }
    let method = MethodRegistry.named(configuration.methodName)
    if method?.needsGenerator(configuration.method) == false {
      object["generator"] = nil
    }
    var hash = ContentHash()
    // The assistant's folder says nothing about it, and may not exist yet.
    if let assistant { object["teacher"] = .string(assistant.fingerprint) }
    hash.add(Self.bytes(object))
    if let assistant { object["teacher"] = assistant.configuration }
    object["precision"] = nil
    let settings = JSONValue(.object(object))
    var found = assistant?.models ?? [:]
    let teachers = object["teacher"]?["ensemble"]?.array ?? [object["teacher"] ?? .null]
    for role in teachers + [object["student"] ?? .null, object["generator"] ?? .null] {
      for key in ["predictions", "validation_predictions"] {
        if let path = role[key]?.string { hash.add(file(path)) }
      }
      for path in role["transfer_predictions"]?.array?.compactMap(\.string) ?? [] {
        hash.add(file(path))
      }
      guard let folder = role["model_name_or_path"]?.string else { continue }
      let content = model(folder)
      hash.add(content.utf8)
      found[folder] = content
    }
    return CellIdentity(
      fingerprint: hash.hexadecimal, configuration: settings,
      precision: configuration.resolved["precision"]?.string ?? "", models: found)
  }

  private static func bytes(_ object: JSONObject) -> [UInt8] {
    JSONWriter(layout: .minimal, sortedKeys: true).bytes(JSONValue(.object(object)))
  }

  /// The content of a file of predictions; nothing if it cannot be read, which the run reports.
  private func file(_ path: String) -> [UInt8] { (try? ByteFile.read(path)) ?? [] }

  /// A hash of the weights, architecture and vocabulary of a model folder. Anything that cannot be
  /// read counts as absent; opening the model will report it.
  private mutating func model(_ named: String) -> String {
    if let known = models[named] { return known }
    let folder = (try? TransformerFolder.path(in: named)) ?? named
    var hash = ContentHash()
    for file in ["config.json", "vocab.txt", "tokenizer.json", "vocab.json", "merges.txt"] {
      guard let content = try? ByteFile.read("\(folder)/\(file)") else { continue }
      hash.add(file.utf8)
      hash.add(content)
    }
    if let checkpoint = try? Checkpoint(folder: folder) {
      for name in checkpoint.names {
        guard let values = try? checkpoint.floats(name), !values.isEmpty else { continue }
        hash.add(name.utf8)
        hash.add(Kernel.hash(Matrix(values, rows: 1, columns: values.count), pool: pool))
      }
    }
    models[named] = hash.hexadecimal
    return hash.hexadecimal
  }
}
