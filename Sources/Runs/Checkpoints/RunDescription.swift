import Data
import Kernels
import StrictJSON

/// What a run is a run of: enough to repeat it, and to tell whether a state belongs to it.
package struct RunDescription: Sendable {
  /// As run.json and checkpoints have it.
  let json: JSONValue

  /// A description that was read, or anything in its place.
  package init(json: JSONValue) { self.json = json }

  /// A run that is about to start.
  ///
  /// - Parameter hashes: hashes of the content of data and vocabulary, by name.
  init(_ setup: RunSetup, hashes: [(String, String)]) {
    json = .object([
      ("command", .string(setup.command)),
      ("config", setup.resolved()),
      ("data_hashes", .object(hashes.map { ($0.0, .string($0.1)) })),
      (
        "versions",
        .object([
          ("mate_kd", .string(Version.current)),
          ("openblas", .string(OpenBLAS.configuration)),
          ("openblas_core", .string(OpenBLAS.coreName)),
          ("vector_instructions", .string(Processor.builtFor)),
        ])
      ),
      ("processors", .int(ThreadPool.availableProcessors)),
      // The configuration may say 0, but results depend on the actual number.
      ("shards", .int(setup.shards)),
    ])
  }

  /// The name and a hash of a model's architecture as it was read: what config.json says beside the
  /// weights, such as the activation and the number of heads.
  static func architecture(of model: RunModel) -> (String, String) {
    var hash = ContentHash()
    hash.add("\(model.model.encoder.configuration)".utf8)
    return ("\(model.role)\(architectureSuffix)", hash.hexadecimal)
  }

  private static let architectureSuffix = " architecture"

  /// Whether descriptions of earlier versions have no such key. It cannot be compared then.
  private static func isNew(_ key: String) -> Bool {
    key == "data_hashes.tokenizer files"
      || key.hasPrefix("data_hashes.") && key.hasSuffix(architectureSuffix)
  }

  /// Keys that change no bit of the training, so a run may continue with other values.
  private static let harmless: Set<String> = [
    "config.output_dir", "config.overwrite_output_dir", "config.threads", "config.shards",
    "config.teacher_cache_dir", "config.allow_weak_teacher", "config.$schema", "config.diagnostics",
    "config.train.save_strategy", "config.train.save_steps", "config.train.save_total_limit",
    "config.train.resume_from_checkpoint", "config.train.nonfinite_patience",
    "config.train.report_to", "processors",
  ]

  /// A difference between two descriptions.
  package struct Difference {
    let key: String
    let old, new: String
    /// Whether this is still the same run, although results may differ in their last bits.
    let isHarmless: Bool
  }

  /// The differences, key by key, from the run that a checkpoint belongs to.
  package func differences(from old: RunDescription) -> [Difference] {
    Self.compare(old.json, json, path: "").filter { key, old, _ in
      !(old == Self.absent && Self.isNew(key))
    }.map { key, old, new in
      Difference(
        key: key.hasPrefix("config.") ? String(key.dropFirst("config.".count)) : key, old: old,
        new: new, isHarmless: Self.harmless.contains(key) || key.hasPrefix("versions."))
    }
  }

  private static let absent = "absent"

  private static func compare(
    _ old: JSONValue?, _ new: JSONValue?, path: String
  ) -> [(key: String, old: String, new: String)] {
    if let a = old?.object, let b = new?.object {
      let keys = a.members.map(\.key) + b.members.map(\.key).filter { a[$0] == nil }
      return keys.flatMap {
        compare(a[$0], b[$0], path: path.isEmpty ? $0 : "\(path).\($0)")
      }
    }
    if let a = old?.array, let b = new?.array, a.count == b.count,
      zip(a, b).allSatisfy({ compare($0, $1, path: "").isEmpty })
    {
      return []
    }
    if old == new { return [] }
    func text(_ value: JSONValue?) -> String {
      value.map { JSONWriter(layout: .line).string($0) } ?? absent
    }
    return text(old) == text(new) ? [] : [(path, text(old), text(new))]
  }
}
