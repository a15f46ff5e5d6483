import Files
import Foundation
import Inference
import Kernels
import StrictJSON
import Trainers

/// The folder that a run writes: model, states, metrics, log and what is needed to repeat it.
public struct RunFolder: Sendable {
  /// The folder.
  public let path: String

  /// Makes the folder ready.
  ///
  /// - Parameter overwrite: true allows a folder that is not empty.
  /// - Throws: `FileError` if the folder is not empty or cannot be written.
  public init(_ path: String, overwrite: Bool) throws {
    self.path = path
    try Self.check(path, overwrite: overwrite)
    try ByteFile.makeFolder(path)
    // Found out now rather than after hours of training.
    let probe = "\(path)/.write-test"
    guard FileManager.default.createFile(atPath: probe, contents: Data()) else {
      throw FileError.unwritable(path, reason: "the folder is not writable")
    }
    try? FileManager.default.removeItem(atPath: probe)
    // What an earlier run left would mix with this one's.
    for old in ["log.jsonl", "best", AppliedTask.fileName] {
      try? FileManager.default.removeItem(atPath: "\(path)/\(old)")
    }
  }

  /// The checks of `init` without touching anything.
  public static func check(_ path: String, overwrite: Bool) throws {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: path, isDirectory: &isFolder) else {
      var parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
      while parent != "/", !files.fileExists(atPath: parent) {
        parent = URL(fileURLWithPath: parent).deletingLastPathComponent().path
      }
      guard files.isWritableFile(atPath: parent) else {
        throw FileError.unwritable(path, reason: "\(parent) is not writable")
      }
      return
    }
    guard isFolder.boolValue else {
      throw FileError.unwritable(path, reason: "it is a file, not a folder")
    }
    guard files.isWritableFile(atPath: path) else {
      throw FileError.unwritable(path, reason: "the folder is not writable")
    }
    let content = (try? files.contentsOfDirectory(atPath: path)) ?? []
    guard overwrite || content.isEmpty else {
      throw FileError.unwritable(
        path,
        reason: "the folder is not empty; give another output_dir or --overwrite-output-dir")
    }
  }

  /// Writes a JSON file, keys sorted as transformers does.
  public func write(_ json: JSONValue, to name: String) throws {
    try JSONWriter(sortedKeys: true).write(json, to: "\(path)/\(name)")
  }

  /// Appends a line to the JSON Lines log.
  public func appendLog(_ json: JSONValue) throws {
    let file = "\(path)/log.jsonl"
    if !FileManager.default.fileExists(atPath: file) {
      _ = FileManager.default.createFile(atPath: file, contents: nil)
    }
    guard let handle = FileHandle(forWritingAtPath: file) else {
      throw FileError.unwritable(file, reason: "the log cannot be opened")
    }
    defer { try? handle.close() }
    do {
      try handle.seekToEnd()
      try handle.write(contentsOf: Data((JSONWriter(layout: .line).string(json) + "\n").utf8))
    } catch {
      throw FileError.unwritable(file, reason: error.localizedDescription)
    }
  }

  /// HF's trainer_state.json.
  public func writeTrainerState(
    _ summary: TrainingSummary, arguments: JSONValue, trainBatchSize: Int, parameters: Int
  ) throws {
    var state = JSONObject()
    state["best_global_step"] = summary.bestStep.map { .int($0) } ?? .null
    state["best_metric"] = summary.bestMetric.map { .double($0) } ?? .null
    state["best_model_checkpoint"] = summary.bestStep == nil ? .null : .string("\(path)/best")
    state["epoch"] = .double(summary.epoch)
    state["global_step"] = .int(summary.globalStep)
    state["is_hyper_param_search"] = false
    state["is_local_process_zero"] = true
    state["is_world_process_zero"] = true
    state["log_history"] = .array(summary.history.map(\.json))
    for key in ["logging_steps", "eval_steps", "num_train_epochs"] {
      if let value = arguments[key] { state[key] = value }
    }
    state["max_steps"] = .int(summary.maxSteps)
    state["num_input_tokens_seen"] = .int(summary.tokens)
    state["stateful_callbacks"] = .object([])
    // transformers' estimate: 6 operations per weight and token.
    state["total_flos"] = .double(6 * Double(parameters) * Double(summary.tokens))
    state["train_batch_size"] = .int(trainBatchSize)
    state["trial_name"] = .null
    state["trial_params"] = .null
    try write(JSONValue(.object(state)), to: "trainer_state.json")
  }

  /// What repeats the run: resolved configuration, versions, data and vocabulary hashes.
  public func writeRun(
    command: String, configuration: JSONValue, shards: Int, hashes: [(String, String)]
  ) throws {
    let run: JSONValue = .object([
      ("command", .string(command)),
      ("config", configuration),
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
      // The configuration may say 0, but results depend on the number in use.
      ("shards", .int(shards)),
    ])
    try write(run, to: "run.json")
  }
}

/// The program's version.
public enum Version {
  /// As in CHANGELOG.md.
  public static let current = "0.1.0"
}
