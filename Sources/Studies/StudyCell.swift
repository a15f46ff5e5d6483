import Files
import Foundation
import Inference
import Runs
import StrictJSON

/// One run of a study: a task, a method and a seed.
public struct StudyCell: Sendable {
  /// Name of its task in the study.
  public let task: String
  /// Name of its method in the study.
  public let method: String
  /// Its seed.
  public let seed: Int
  /// The run, in the folder of the cell.
  let main: CellRun
  /// The run that makes its teacher first; nil for none.
  let assistant: CellRun?

  /// Its name in messages and its folder below that of the study.
  public var name: String { "\(task)/\(method)/seed-\(seed)" }
  /// The folder that it writes.
  public var folder: String { main.folder }

  /// Names all that its result depends on.
  package var fingerprint: String { main.fingerprint }

  /// What is there of a cell.
  public enum State: Sendable, Equatable {
    /// Nothing yet.
    case new
    /// A run that did not come to its end.
    case unfinished
    /// A run that an error ended, with the error.
    case failed(String)
    /// A run of another configuration or of other models.
    case outdated
    /// A run that need not be repeated.
    case finished(CellRecord)
  }

  /// What is there of it. Reads files.
  public var state: State { main.state }

  /// The record of a finished cell, or nil.
  public var record: CellRecord? {
    if case .finished(let record) = state { record } else { nil }
  }
}

/// A run of a cell, and how to tell whether it has been made.
struct CellRun: Sendable {
  /// Its output folder.
  let folder: String
  /// Names all that its result depends on.
  let fingerprint: String
  /// Reads its configuration; the sections of a configuration are read once only.
  let configuration: @Sendable () throws -> DistillConfiguration

  var state: StudyCell.State {
    let files = FileManager.default
    if let problem = files.contents(atPath: "\(folder)/\(Self.problemFile)") {
      return .failed(String(decoding: problem, as: UTF8.self))
    }
    guard files.fileExists(atPath: "\(folder)/run.json") else { return .new }
    guard files.fileExists(atPath: "\(folder)/all_results.json"),
      let record = try? CellRecord(folder: folder)
    else { return .unfinished }
    return record.fingerprint == fingerprint ? .finished(record) : .outdated
  }

  /// Where the error that ended the run is written down.
  private static let problemFile = "error.txt"

  /// Writes down that an error ended the run; if even that fails, the state only tells less.
  func remember(_ error: any Error) {
    try? StudyFolder(folder).write("\(error)", to: Self.problemFile)
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
    for name in ["model.safetensors", "best"] {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }
}

/// The file `cell.json`, which is written when a cell is through: what its run's own files do not
/// tell.
public struct CellRecord: Sendable, Equatable {
  static let fileName = "cell.json"

  /// Names the configuration and the models that the run began with.
  public let fingerprint: String
  /// Updates of the student.
  public let updates: Int
  /// Seconds from opening the models to the last file, an assistant's included.
  public let seconds: Double

  init(fingerprint: String, updates: Int, seconds: Double) {
    (self.fingerprint, self.updates, self.seconds) = (fingerprint, updates, seconds)
  }

  /// Reads the file of a folder.
  init(folder: String) throws {
    let json = try Self.read("\(folder)/\(Self.fileName)")
    guard let fingerprint = json["fingerprint"]?.string, let updates = json["updates"]?.int,
      let seconds = json["seconds"]?.double
    else {
      throw FileError(
        file: "\(folder)/\(Self.fileName)", problem: "this is no record of a study's cell.")
    }
    self.init(fingerprint: fingerprint, updates: updates, seconds: seconds)
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
