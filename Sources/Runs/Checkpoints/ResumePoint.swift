import Configuration
import Files
import Foundation
import Models
import StrictJSON
import Trainers

/// Where a run goes on: the newest valid checkpoint of its folder, or the one that the user names.
struct ResumePoint {
  /// The checkpoint; nil to begin anew.
  let folder: CheckpointFolder?
  let state: RunState?
  /// Whether the run goes on in the folder in which it was interrupted.
  let isOfThisFolder: Bool
  /// Sentences about checkpoints that were passed over, and why.
  let warnings: [String]
  /// Further sentences that the user should see: what is gone on with, and what differs.
  let notices: [String]

  /// Finds and reads it.
  ///
  /// - Parameters:
  ///   - source: what `resume_from_checkpoint` says.
  ///   - run: the run's folder.
  ///   - description: of the run as it is configured now.
  ///   - shouldStop: asked while files are compared with their hashes; true ends that.
  ///   - restore: goes back to a state, or throws `StateError`. After that only another state makes
  ///     the session one that can be used.
  /// - Throws: `FileError` if the named checkpoint cannot be used, or if a state could not be gone
  ///   back to and there is no other; `ConfigError` key by key if it belongs to another
  ///   configuration; `CancellationError`.
  init(
    _ source: ResumeSource, run: String, description: RunDescription, origin: ConfigOrigin,
    shouldStop: () -> Bool, restore: (RunState) throws -> Void
  ) throws {
    var warnings: [String] = []
    var unfit: (any Error)?
    let candidates =
      switch source {
      case .newest: CheckpointFolder.all(in: run)
      case .folder(let path): [try CheckpointFolder(named: path)]
      }
    for candidate in candidates {
      let found: (state: RunState, description: RunDescription)
      do {
        try candidate.verify(shouldStop: shouldStop)
        found = try candidate.read()
        guard found.state.globalStep == candidate.step else {
          throw FileError(
            file: candidate.path,
            problem: "this is not the state after update \(candidate.step), as its name says.")
        }
      } catch {
        if case .folder = source { throw error }
        if error is CancellationError { throw error }
        warnings.append("\(candidate.path) is passed over: \(error)")
        continue
      }
      let differences = try Self.check(
        description.differences(from: found.description), place: candidate.path, origin: origin)
      do { try Self.attempt(restore, found.state, of: candidate) } catch let error as FileError {
        if case .folder = source { throw error }
        warnings.append("\(candidate.path) is passed over: \(error)")
        unfit = error
        continue
      }
      notices = differences + ["going on after update \(candidate.step), from \(candidate.path)"]
      folder = candidate
      state = found.state
      isOfThisFolder = Self.isSame(run, as: "\(candidate.path)/..")
      self.warnings = warnings
      return
    }
    if let unfit { throw unfit }
    folder = nil
    state = nil
    isOfThisFolder = false
    self.warnings = warnings
    notices = ["there is no checkpoint in \(run); the run begins anew"]
  }

  private static func attempt(
    _ restore: (RunState) throws -> Void, _ state: RunState, of folder: CheckpointFolder
  ) throws {
    do { try restore(state) } catch let error as StateError {
      throw FileError(
        file: "\(folder.path)/\(CheckpointFolder.stateFile)",
        problem: "\(error); the checkpoint is damaged or belongs to another run.")
    }
  }

  private static func isSame(_ folder: String, as other: String) -> Bool {
    func real(_ path: String) -> String {
      URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }
    return real(folder) == real(other)
  }

  /// - Returns: sentences about harmless differences.
  private static func check(
    _ differences: [RunDescription.Difference], place: String, origin: ConfigOrigin
  ) throws -> [String] {
    let harmful = differences.filter { !$0.isHarmless }
    guard harmful.isEmpty else {
      let keys = harmful.map { "\($0.key) (was \($0.old), is \($0.new))" }
      throw origin.error(
        "\(place) belongs to a run with other settings: \(keys.joined(separator: ", ")); "
          + "give the same ones, or another output_dir to begin anew.")
    }
    return differences.filter { $0.key != "output_dir" && $0.key != "overwrite_output_dir" }
      .filter { !$0.key.hasPrefix("train.resume") }
      .map {
        $0.key.hasPrefix("versions.")
          ? "\($0.key.dropFirst("versions.".count)) was \($0.old) and is \($0.new); the last "
            + "bits of results may differ"
          : "\($0.key) was \($0.old) and is \($0.new); that changes "
            + ($0.key == "diagnostics" ? "what is logged from here on, but no result" : "no result")
      }
  }
}

extension ResumePoint {
  /// Checks that the finished run of a folder is the one that is configured now.
  ///
  /// - Throws: `ConfigError`, with each key that differs.
  static func requireSameRun(
    as description: RunDescription, in folder: String, origin: ConfigOrigin
  ) throws {
    let old = RunDescription(json: try StrictJSON.read("\(folder)/run.json"))
    _ = try check(description.differences(from: old), place: folder, origin: origin)
  }
}
