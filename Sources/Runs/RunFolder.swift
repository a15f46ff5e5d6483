import Configuration
import Files
import Foundation
import Glibc
import Inference
import Kernels
import StrictJSON
import Trainers

/// The folder that a run writes: model, states, metrics, log and what is needed to repeat it.
package struct RunFolder: Sendable {
  /// The folder.
  package let path: String

  /// Keeps other runs out while this one lasts.
  let lock: FolderLock

  /// Makes the folder ready, locks it, and removes what interrupted writes have left in it.
  ///
  /// - Parameters:
  ///   - overwrite: true allows a folder that is not empty.
  ///   - keepsOld: true leaves what an earlier start of the run has written; false removes it, see
  ///     `clear()`.
  ///   - lock: the lock of the folder if the caller holds it already.
  /// - Throws: `FileError` if the folder is not empty, in use, or cannot be written.
  package init(
    _ path: String, overwrite: Bool, keepsOld: Bool = false, lock: FolderLock? = nil
  ) throws {
    self.path = path
    try Self.check(path, overwrite: overwrite)
    try ByteFile.makeFolder(path)
    self.lock = try lock ?? FolderLock(path)
    for folder in [path] + Self.modelFolders.map({ "\(path)/\($0)" }) {
      for name in Self.names(in: folder) where name.hasPrefix(".") && name.contains(".tmp-") {
        ByteFile.remove("\(folder)/\(name)")
      }
    }
    if !keepsOld { try clear() }
  }

  /// Removes what an earlier run has written, so that no file of it stands beside new ones.
  ///
  /// The order matters if this is interrupted. Without all_results.json the folder is not taken for
  /// a finished run, and without config.json no other file of it is taken for a model. run.json
  /// stays until the new run's takes its place, so that the folder is always known as a run's.
  ///
  /// - Parameter keepsCheckpoints: whether checkpoints stay, because they could not be used and
  ///   nobody asked for their removal.
  /// - Throws: `FileError` if something cannot be removed.
  package func clear(keepsCheckpoints: Bool = false) throws {
    try Self.requireOwn(path, keepsCheckpoints: keepsCheckpoints)
    let skipped = Self.names(in: path).filter { $0.hasPrefix(SkippedUpdate.filePrefix) }
    for name in Self.written + skipped { try discard(name) }
    EventFile.removeAll(in: "\(path)/\(TensorBoardLog.folderName)")
    ModelCard.removeOwn(from: path)
    if !keepsCheckpoints {
      for checkpoint in CheckpointFolder.all(in: path) { checkpoint.remove() }
    }
    try ByteFile.sync(folder: path)
  }

  private func discard(_ name: String) throws {
    let (old, hidden) = ("\(path)/\(name)", "\(path)/.\(name).tmp-\(getpid())")
    guard ByteFile.exists(old) else { return }
    // A folder loses its name first, so that a part of it is never taken for the whole.
    let isFolder = Self.modelFolders.contains(name)
    if isFolder { try ByteFile.rename(old, to: hidden) }
    ByteFile.remove(isFolder ? hidden : old)
    if ByteFile.exists(old) {
      throw FileError.unwritable(old, reason: "it is of an earlier run and cannot be removed")
    }
  }

  /// Everything that a run writes besides checkpoints and the tokenizer's files, in the order in
  /// which it is removed.
  private static let written =
    [
      "all_results.json", "config.json", "model.safetensors", "train_results.json",
      "eval_results.json", ValidationPredictions.fileName, "trainer_state.json",
      PseudoSamples.fileName, AdversaryOutputs.fileName, AppliedTask.fileName,
      TextLengths.fileName, GeneratorEntropies.fileName,
    ] + modelFolders + ["log.jsonl"]

  /// Folders of models within a run's folder.
  private static let modelFolders = ["best", AdversaryOutputs.generatorFolder]

  /// Checks that whatever a new run would remove from a folder was written by a run there.
  ///
  /// - Parameter keepsCheckpoints: whether checkpoints would stay.
  /// - Throws: `FileError` that names what looks like somebody else's: files of a model in a folder
  ///   in which no run has been, a run of its own in `best` or `generator`, or a checkpoint of
  ///   another program.
  package static func requireOwn(_ path: String, keepsCheckpoints: Bool = false) throws {
    func refuse(_ name: String, _ why: String) -> FileError {
      FileError.unwritable(
        path,
        reason: "\(path)/\(name) would be removed, but \(why); move it away or give another "
          + "output_dir")
    }
    let names = names(in: path)
    // A run writes run.json before anything else. Earlier versions removed log.jsonl last.
    if !names.contains("run.json"), !names.contains("log.jsonl"),
      let name = names.first(where: { written.contains($0) })
    {
      throw refuse(name, "there is no run.json of a run that has written it")
    }
    for name in modelFolders where ByteFile.exists("\(path)/\(name)") {
      let content = Self.names(in: "\(path)/\(name)")
      if content.contains("run.json") { throw refuse(name, "it is the folder of another run") }
      if let inner = content.first(where: { isFolder("\(path)/\(name)/\($0)") }) {
        throw refuse("\(name)/\(inner)", "no run has written it")
      }
    }
    if keepsCheckpoints { return }
    for checkpoint in CheckpointFolder.all(in: path) where !checkpoint.hasManifest {
      throw refuse(
        URL(fileURLWithPath: checkpoint.path).lastPathComponent,
        "it has no \(CheckpointFolder.manifestFile), so it is no checkpoint of mate-kd")
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var found = stat()
    return lstat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether a folder is one that no run may write to: that of the whole system, or the user's.
  package static func isTooMuch(_ path: String, home: String?) -> Bool {
    func real(_ path: String) -> String {
      URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }
    return real(path) == "/" || home.map { !$0.isEmpty && real($0) == real(path) } == true
  }

  /// Whether a run replaces or removes what goes by a name in its folder.
  static func replaces(_ name: String) -> Bool {
    written.contains(name) || name == "run.json" || name.hasPrefix("checkpoint-")
      || name.hasPrefix(SkippedUpdate.filePrefix)
  }

  /// Checks that a run which finds no checkpoint here may begin anew and remove what is here: the
  /// beginning of the same run, or nothing that a run writes.
  ///
  /// - Throws: `FileError` or `ConfigError`.
  func requireBeginning(of description: RunDescription, origin: ConfigOrigin) throws {
    if ByteFile.exists("\(path)/run.json") {
      return try ResumePoint.requireSameRun(as: description, in: path, origin: origin)
    }
    let names = Self.names(in: path).filter(Self.replaces)
    // What an earlier version left when it was interrupted while it removed the rest.
    if names == ["log.jsonl"] { return }
    if let name = names.first {
      throw FileError.unwritable(
        path,
        reason: "there is no run to continue, and \(name) would be lost; give another output_dir "
          + "or --overwrite-output-dir")
    }
  }

  private static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// The checks of `init` without touching anything.
  package static func check(_ path: String, overwrite: Bool) throws {
    if isTooMuch(path, home: ProcessInfo.processInfo.environment["HOME"]) {
      throw FileError.unwritable(
        path, reason: "it is the root of the file system or your home folder; give a folder in it")
    }
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
    let content = names(in: path).filter { !FolderLock.isLock($0) }
    guard overwrite || content.isEmpty else {
      let resume = CheckpointFolder.all(in: path).isEmpty ? "" : ", --resume to continue its run"
      throw FileError.unwritable(
        path,
        reason: "the folder is not empty; "
          + "give another output_dir\(resume) or --overwrite-output-dir")
    }
  }

  /// Writes a JSON file, keys sorted as transformers does.
  ///
  /// - Throws: `FileError`, also if the folder is no longer this run's. It is not made again.
  package func write(_ json: JSONValue, to name: String) throws {
    try lock.requireHeld()
    let bytes = JSONWriter(sortedKeys: true).bytes(json) + [0x0A]
    try AtomicFile.write("\(path)/\(name)") { try $0.append(bytes) }
  }

  /// Appends a line to the JSON Lines log.
  ///
  /// - Throws: `FileError`, also if the folder is no longer this run's.
  package func appendLog(_ json: JSONValue) throws {
    try lock.requireHeld()
    try ByteFile.append(JSONWriter(layout: .line).bytes(json) + [0x0A], to: logFile)
  }

  /// Makes the log what it is after the given entries, whatever somebody has put in its place. A
  /// log that is so already stays.
  package func settleLog(_ history: [LogEntry]) throws {
    try lock.requireHeld()
    let writer = JSONWriter(layout: .line)
    let bytes = history.flatMap { (entry) -> [UInt8] in writer.bytes(entry.json) + [0x0A] }
    var found = stat()
    if lstat(logFile, &found) == 0, found.st_mode & S_IFMT != S_IFREG {
      unlink(logFile)
    } else if (try? ByteFile.read(logFile, atMost: bytes.count)) == bytes {
      return
    }
    try AtomicFile.write(logFile) { try $0.append(bytes) }
  }

  private var logFile: String { "\(path)/log.jsonl" }

  /// The number of shards of the run that has begun in a folder; nil if there is none.
  static func shards(in path: String) -> Int? {
    (try? StrictJSON.read("\(path)/run.json"))?["shards"]?.int
  }

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

  /// Whether a folder holds a run that did not come to its end, and nothing that a finished one
  /// left: the same run, started again, goes on with it.
  static func holdsUnfinishedRun(_ path: String) -> Bool {
    ByteFile.exists("\(path)/run.json") && finishedResults(in: path) == nil
      && (!CheckpointFolder.all(in: path).isEmpty || !ByteFile.exists("\(path)/config.json"))
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
    state["evaluations"] = .array(
      summary.evaluations.map { evaluation in
        [
          "step": .int(evaluation.step), "texts": .int(evaluation.texts),
          "distinct_texts": .int(evaluation.distinctTexts),
          "seconds": .double(evaluation.seconds),
        ]
      })
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
