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

  /// What of the configuration somebody has asked for; nothing for a record.
  let written: JSONValue

  /// Whether a cell of this configuration may have the result of a record.
  ///
  /// A version may have keys that the record's did not have. As long as nobody asks for them, they
  /// have defaults that do what was done before. A key that only the record has, with a value, is
  /// of a later version, and nobody here knows what it did.
  func accepts(_ record: CellIdentity) -> Bool {
    func agree(_ ours: JSONValue, _ theirs: JSONValue, _ written: JSONValue?) -> Bool {
      guard let own = ours.object, let other = theirs.object else { return ours == theirs }
      let isUnasked = own.members.allSatisfy { member in
        other[member.key] != nil || member.value.isNull || (written?[member.key] ?? .null).isNull
      }
      return isUnasked
        && other.members.allSatisfy { member in
          own[member.key].map { agree($0, member.value, written?[member.key]) }
            ?? member.value.isNull
        }
    }
    return agree(configuration, record.configuration, written)
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
    if method?.generatorUse(configuration.method) == .nothing {
      object["generator"] = nil
    }
    var hash = ContentHash()
    // The assistant's folder says nothing about it, and may not exist yet.
    if let assistant { object["teacher"] = .string(assistant.fingerprint) }
    hash.add(Self.bytes(object))
    var written = configuration.written.object ?? JSONObject()
    if let assistant {
      object["teacher"] = assistant.configuration
      written["teacher"] = assistant.written
    }
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
      precision: configuration.resolved["precision"]?.string ?? "", models: found,
      written: JSONValue(.object(written)))
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
