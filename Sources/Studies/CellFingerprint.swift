import Data
import Files
import Kernels
import Methods
import Models
import Runs
import StrictJSON

/// Identifies everything that a cell's result depends on: its configuration with every default
/// filled in, and the content of the models that it starts from. Data are identified only by their
/// folder.
struct CellFingerprint {
  private let pool: ThreadPool
  /// Models by folder; cells share them.
  private var models: [String: String] = [:]

  init(pool: ThreadPool) { self.pool = pool }

  /// The keys of the configuration that change no result.
  private static let immaterial = [
    "output_dir", "overwrite_output_dir", "threads", "teacher_cache_dir",
  ]

  private static let immaterialInTrain = [
    "save_strategy", "save_steps", "save_total_limit", "resume_from_checkpoint", "report_to",
  ]

  /// The fingerprint of a configuration whose method has read its section.
  ///
  /// - Parameter assistant: the fingerprint of the run that makes the teacher; nil for none.
  mutating func callAsFunction(_ configuration: DistillConfiguration, assistant: String? = nil)
    -> String
  {
    var object = configuration.resolved.object ?? JSONObject()
    for key in Self.immaterial { object[key] = nil }
    if var train = object["train"]?.object {
      for key in Self.immaterialInTrain { train[key] = nil }
      object["train"] = JSONValue(.object(train))
    }
    if MethodRegistry.named(configuration.methodName)?.needsGenerator == false {
      object["generator"] = nil
    }
    var hash = ContentHash()
    if let assistant {
      // The assistant's folder says nothing about it, and may not exist yet.
      object["teacher"] = .string(assistant)
    }
    hash.add(JSONWriter(layout: .minimal, sortedKeys: true).bytes(JSONValue(.object(object))))
    for role in ["teacher", "student", "generator"] {
      guard let folder = object[role]?["model_name_or_path"]?.string else { continue }
      hash.add(model(folder).utf8)
    }
    return hash.hexadecimal
  }

  /// A hash of the weights, architecture and vocabulary of a model folder. Anything that cannot be
  /// read counts as absent; opening the model will report it.
  private mutating func model(_ folder: String) -> String {
    if let known = models[folder] { return known }
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
    models[folder] = hash.hexadecimal
    return hash.hexadecimal
  }
}
