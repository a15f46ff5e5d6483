import Files
import Foundation
import Inference
import Runs
import StrictJSON

/// One run of a study: a task, a method, perhaps a draw of the training rows, and a seed.
public struct StudyCell: Sendable {
  /// The name of its task in the study.
  public let task: String
  /// The name of its method in the study.
  public let method: String
  /// The number of the point of its method's grid that it tries; nil for a cell of the tables.
  public let point: String?
  /// The seed of its draw of the training rows; nil if the study has no such axis.
  public let draw: Int?
  /// Its seed.
  public let seed: Int
  /// The run in the cell's folder.
  let main: CellRun
  /// The run that makes its teacher beforehand; nil for none.
  let assistant: CellRun?
  /// The file of the study's `records` that is, or will be, about it; nil without such a folder.
  let kept: String?

  /// Its name in messages, and its folder within the study's folder.
  public var name: String {
    Self.name(task: task, method: method, point: point, draw: draw, seed: seed)
  }

  static func name(task: String, method: String, point: String?, draw: Int?, seed: Int) -> String {
    "\(task)/\(method)/" + (point.map { "grid-\($0)/" } ?? "")
      + (draw.map { "draw-\($0)/" } ?? "") + "seed-\(seed)"
  }

  /// The folder that it writes.
  public var folder: String { main.folder }

  /// Identifies everything that its result depends on.
  package var fingerprint: String { main.fingerprint }

  /// What exists of a cell.
  public enum State: Sendable, Equatable {
    /// Nothing yet.
    case new
    /// A run that was not completed.
    case unfinished
    /// A run that ended with an error, and the error.
    case failed(String)
    /// A run with another configuration or other models.
    case outdated
    /// A run that does not have to be repeated.
    case finished(CellRecord)
  }

  /// What exists of it, in its folder or in the study's `records`. Reads files.
  public var state: State {
    let state = main.state
    if case .finished = state { return state }
    return keptCell.map { .finished($0.record) } ?? state
  }

  /// Keeps all other processes from making the cell; nil if one of them does already.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  func claim() throws -> FolderLock? {
    try ByteFile.makeFolder(folder)
    return try FolderLock.ifFree(folder)
  }

  /// The process that makes the cell or, if it `isAbandoned`, did so until it was killed; nil for
  /// none.
  package var maker: FolderLock.State? { FolderLock.state(of: folder) }

  /// The record of a finished cell, or nil.
  public var record: CellRecord? {
    if case .finished(let record) = state { record } else { nil }
  }
}

/// A run of a cell, and how to tell whether it has been made.
struct CellRun: Sendable {
  /// Its output folder.
  let folder: String
  /// Identifies everything that its result depends on.
  let identity: CellIdentity
  /// Reads its configuration. It is read anew each time because the sections of a configuration can
  /// be read only once.
  let configuration: @Sendable () throws -> DistillConfiguration

  /// Identifies everything that its result depends on.
  var fingerprint: String { identity.fingerprint }

  var state: StudyCell.State {
    let files = FileManager.default
    do {
      if let problem = try ByteFile.readIfThere(
        "\(folder)/\(Self.problemFile)", atMost: Self.longestNote)
      {
        return .failed(String(decoding: problem, as: UTF8.self))
      }
    } catch { return .failed("\(error)") }
    guard files.fileExists(atPath: "\(folder)/run.json") else { return .new }
    guard files.fileExists(atPath: "\(folder)/all_results.json"),
      let record = try? CellRecord(folder: folder)
    else { return .unfinished }
    return record.fingerprint == fingerprint ? .finished(record) : .outdated
  }

  /// The file that records the error that ended the run.
  private static let problemFile = "error.txt"

  /// The most bytes of a file with a sentence or a fingerprint in it.
  private static let longestNote = 1 << 20

  /// When the run ended with an error; nil if it did not.
  var failed: Date? {
    let found = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(Self.problemFile)")
    return found?[.modificationDate] as? Date
  }

  /// Records the error that ended the run. If even that fails, the state merely says less.
  func remember(_ error: any Error) {
    try? StudyFolder(folder).write("\(error)", to: Self.problemFile)
  }

  /// The fingerprint of the run that was begun here.
  private static let beginningFile = "begun.txt"

  /// Makes the folder ready for a run: what an interrupted run of the same fingerprint has left
  /// stays, so that it goes on; what another one has left goes.
  ///
  /// - Throws: `FileError` of kind `unwritable`.
  func begin() throws {
    let file = "\(folder)/\(Self.beginningFile)"
    let begun = (try? ByteFile.read(file, atMost: Self.longestNote)).map {
      String(decoding: $0, as: UTF8.self)
    }
    if begun != fingerprint { clear() }
    forget()
    try ByteFile.write(fingerprint.utf8, to: file)
  }

  /// Removes everything but the lock, which the caller holds.
  private func clear() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where !FolderLock.isLock(name) { ByteFile.remove("\(folder)/\(name)") }
  }

  /// Takes away what tells a finished run, so that a broken one is not taken for it.
  func forget() {
    for file in [
      Self.problemFile, CellRecord.fileName, "all_results.json", "eval_results.json",
      "train_results.json", ValidationPredictions.fileName,
    ] {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(file)")
    }
  }

  /// Whether the weights are there.
  var hasModel: Bool { FileManager.default.fileExists(atPath: "\(folder)/model.safetensors") }

  /// Removes the weights.
  func discardModel() {
    for name in ["model.safetensors", "best", "generator"] { ByteFile.remove("\(folder)/\(name)") }
  }

  /// Removes what a finished run no longer needs to go on from.
  func discardCheckpoints() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.hasPrefix("checkpoint-") { ByteFile.remove("\(folder)/\(name)") }
  }
}

/// The file `cell.json`, written when a cell is complete. It holds what the files of the cell's run
/// do not say.
public struct CellRecord: Sendable, Equatable {
  static let fileName = "cell.json"

  /// Identifies the configuration and the models that the run began with.
  public let fingerprint: String
  /// Updates of the student.
  public let updates: Int
  /// Seconds from opening the models to writing the last file, an assistant's run included. Of a
  /// run that was interrupted, the earlier parts count with their training up to the checkpoint
  /// from which the next part went on.
  public let seconds: Double

  init(fingerprint: String, updates: Int, seconds: Double) {
    (self.fingerprint, self.updates, self.seconds) = (fingerprint, updates, seconds)
  }

  /// Reads the file of a folder.
  init(folder: String) throws {
    let json = try Self.read("\(folder)/\(Self.fileName)")
    guard let fingerprint = json["fingerprint"]?.string, let updates = json["updates"]?.int,
      let seconds = json["seconds"]?.double, Self.isPlausible(updates: updates, seconds: seconds)
    else {
      throw FileError(
        file: "\(folder)/\(Self.fileName)", problem: "this is not the record of a study's cell.")
    }
    self.init(fingerprint: fingerprint, updates: updates, seconds: seconds)
  }

  /// Whether a run can have made so many updates and taken so long. No sum of such numbers
  /// overflows.
  static func isPlausible(updates: Int, seconds: Double) -> Bool {
    (0...1 << 40).contains(updates) && (0...1e12).contains(seconds)
  }

  /// - Throws: `FileError`.
  func write(to folder: StudyFolder) throws {
    let json: JSONValue = [
      "fingerprint": .string(fingerprint), "updates": .int(updates), "seconds": .double(seconds),
    ]
    try folder.write(JSONWriter().string(json) + "\n", to: Self.fileName)
  }

  /// A JSON file of a run's folder.
  /// - Throws: `FileError` or `JSONError`.
  static func read(_ path: String) throws -> JSONValue {
    try StrictJSON.read(path)
  }
}
