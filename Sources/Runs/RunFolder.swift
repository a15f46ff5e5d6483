import Files
import Foundation
import Inference
import Kernels
import StrictJSON
import Trainers

/// The folder that a run writes: model, states, metrics, log and what is needed to repeat it.
package struct RunFolder: Sendable {
  /// The folder.
  package let path: String

  /// Keeps other runs out while this one lasts.
  private let lock: FolderLock

  /// Makes the folder ready and locks it.
  ///
  /// - Parameters:
  ///   - overwrite: true allows a folder that is not empty.
  ///   - keepsOld: true leaves what an earlier start of the run has written; false removes the
  ///     results of an earlier run, so that no file of it stands beside new ones.
  /// - Throws: `FileError` if the folder is not empty, in use, or cannot be written.
  package init(_ path: String, overwrite: Bool, keepsOld: Bool = false) throws {
    self.path = path
    try Self.check(path, overwrite: overwrite)
    try ByteFile.makeFolder(path)
    lock = try FolderLock(path)
    CheckpointFolder.removeRemains(in: path)
    guard !keepsOld else { return }
    // Results first, so that a folder that is left half way is not taken for a finished run.
    for old in Self.results + Self.records { ByteFile.remove("\(path)/\(old)") }
    for checkpoint in CheckpointFolder.all(in: path) { ByteFile.remove(checkpoint.path) }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasPrefix(SkippedUpdate.filePrefix) {
      ByteFile.remove("\(path)/\(name)")
    }
  }

  /// Files that tell how a run ended.
  private static let results = [
    "all_results.json", "train_results.json", "eval_results.json", ValidationPredictions.fileName,
    "trainer_state.json", PseudoSamples.fileName,
  ]
  /// What else a run writes, its model included.
  private static let records = [
    "run.json", "log.jsonl", "best", AppliedTask.fileName, "config.json", "model.safetensors",
  ]

  /// Whether a run replaces or removes what goes by a name in its folder.
  static func replaces(_ name: String) -> Bool {
    results.contains(name) || records.contains(name) || name.hasPrefix("checkpoint-")
      || name.hasPrefix(SkippedUpdate.filePrefix)
  }

  /// The checks of `init` without touching anything.
  package static func check(_ path: String, overwrite: Bool) throws {
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
    let content = ((try? files.contentsOfDirectory(atPath: path)) ?? []).filter { $0 != ".lock" }
    guard overwrite || content.isEmpty else {
      let resume = CheckpointFolder.all(in: path).isEmpty ? "" : ", --resume to continue its run"
      throw FileError.unwritable(
        path,
        reason: "the folder is not empty; "
          + "give another output_dir\(resume) or --overwrite-output-dir")
    }
  }

  /// Writes a JSON file, keys sorted as transformers does.
  package func write(_ json: JSONValue, to name: String) throws {
    try JSONWriter(sortedKeys: true).write(json, to: "\(path)/\(name)")
  }

  /// Appends a line to the JSON Lines log.
  package func appendLog(_ json: JSONValue) throws {
    try ByteFile.append(JSONWriter(layout: .line).bytes(json) + [0x0A], to: logFile)
  }

  /// Makes the log what it was after the given entries.
  func rewriteLog(_ history: [LogEntry]) throws {
    let writer = JSONWriter(layout: .line)
    try ByteFile.write(history.flatMap { writer.bytes($0.json) + [0x0A] }, to: logFile)
  }

  private var logFile: String { "\(path)/log.jsonl" }

  /// The results of a run that came to its end in a folder; nil if there is none.
  static func finishedResults(in path: String) -> [(name: String, value: Double)]? {
    guard let json = try? StrictJSON.read("\(path)/all_results.json"),
      json["interrupted"]?.bool != true, let object = json.object,
      ByteFile.exists("\(path)/trainer_state.json")
    else { return nil }
    return object.members.compactMap { member in
      member.value.double.map { (name: member.key, value: $0) }
    }
  }

  /// Says in all_results.json that a run was interrupted.
  func writeInterrupted(_ summary: TrainingSummary) throws {
    try write(
      [
        "interrupted": true, "epoch": .double(summary.epoch),
        "global_step": .int(summary.globalStep), "max_steps": .int(summary.maxSteps),
      ], to: "all_results.json")
  }

  /// HF's trainer_state.json.
  func writeTrainerState(
    _ summary: TrainingSummary, arguments: JSONValue, trainBatchSize: Int, parameters: Int
  ) throws {
    try write(
      trainerState(
        summary, arguments: arguments, trainBatchSize: trainBatchSize, parameters: parameters),
      to: "trainer_state.json")
  }

  private func trainerState(
    _ summary: TrainingSummary, arguments: JSONValue, trainBatchSize: Int, parameters: Int
  ) -> JSONValue {
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
    return JSONValue(.object(state))
  }

  /// What repeats the run.
  func writeRun(_ description: RunDescription) throws {
    try write(description.json, to: "run.json")
  }
}

/// The program's version.
public enum Version {
  /// As in CHANGELOG.md.
  public static let current = "0.1.0"
}
