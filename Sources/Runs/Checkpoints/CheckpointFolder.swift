import Data
import Files
import Foundation
import Glibc
import Kernels
import Models
import StrictJSON
import Trainers

/// A folder `checkpoint-N` of a run: the model folder after update N, with everything that the run
/// needs to continue from there as if it had never stopped.
///
/// | file | content |
/// | --- | --- |
/// | `training_state.json` | what belongs to which run, and the numbers of the state |
/// | `training_state.safetensors` | weights, moments and other arrays, named `part/array` |
/// | `trainer_state.json` | the log, as transformers has it |
/// | `manifest.json` | size and hash of every other file; written last |
package struct CheckpointFolder {
  /// The update after which it was saved.
  let step: Int
  let path: String

  private static let prefix = "checkpoint-"
  static let stateFile = "training_state.json"
  static let arraysFile = "training_state.safetensors"
  static let manifestFile = "manifest.json"

  /// The checkpoint of an update in a run's folder.
  init(step: Int, run: String) {
    self.step = step
    path = "\(run)/\(Self.prefix)\(step)"
  }

  /// A folder that the user names.
  /// - Throws: `FileError` if its name is not `checkpoint-N`.
  package init(named path: String) throws {
    let name = URL(fileURLWithPath: path).lastPathComponent
    guard name.hasPrefix(Self.prefix), let step = Int(name.dropFirst(Self.prefix.count)), step >= 0
    else {
      throw FileError(
        .missing, file: path,
        problem: "this is not a checkpoint; checkpoint folders are called checkpoint-N.")
    }
    self.step = step
    self.path = path
  }

  /// Whether it has what every checkpoint that was written here has.
  var hasManifest: Bool { ByteFile.exists("\(path)/\(Self.manifestFile)") }

  /// The checkpoints in a run's folder, newest first.
  static func all(in run: String) -> [CheckpointFolder] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: run)) ?? []
    return names.compactMap { try? CheckpointFolder(named: "\(run)/\($0)") }
      .sorted { $0.step > $1.step }
  }

  /// Removes checkpoints until `limit` are left. The one that has just been written, which is
  /// whole, and that of the best update stay in any case.
  ///
  /// What has a higher number than the newest comes from before the run went back to an older
  /// checkpoint, so it goes first: it may be damaged, and it must not be taken for newer. What has
  /// no manifest was not written by a run; it is somebody else's, and does not count.
  static func rotate(in run: String, limit: Int, newest: Int, best: Int?) {
    let all = all(in: run).filter(\.hasManifest)
    let order = all.filter { $0.step > newest } + all.reversed().filter { $0.step < newest }
    let removable = order.filter { $0.step != best }
    for old in removable.prefix(max(0, all.count - limit)) { old.remove() }
  }

  /// Removes the folder. It loses its name first, so that a part of it is never taken for the
  /// whole.
  func remove() {
    let hidden = "\(URL(fileURLWithPath: path).deletingLastPathComponent().path)/\(hiddenName)"
    ByteFile.remove(hidden)
    do {
      try ByteFile.rename(path, to: hidden)
      ByteFile.remove(hidden)
    } catch {
      ByteFile.remove(path)
    }
  }

  /// What the folder is called while it is being written or removed.
  private var hiddenName: String { ".\(Self.prefix)\(step).tmp-\(getpid())" }
}

// MARK: - Writing

extension CheckpointFolder {
  /// Writes the folder completely or not at all: first under another name, with every file and the
  /// folder synced, then renamed. An existing checkpoint of the same update is replaced in one
  /// step.
  ///
  /// - Parameters:
  ///   - description: identifies the run, see `RunDescription`.
  ///   - body: writes the other files to the folder it is given.
  /// - Throws: `FileError`, also if there is something of that name that no run has written, and
  ///   whatever `body` throws. Nothing is left behind in that case.
  func write(
    _ state: RunState, description: RunDescription, _ body: (_ folder: String) throws -> Void
  ) throws {
    let run = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let temporary = "\(run)/\(hiddenName)"
    guard hasManifest || !ByteFile.exists(path) else {
      throw FileError.unwritable(
        path, reason: "it is there already, and no run has written it; move it away")
    }
    ByteFile.remove(temporary)
    do {
      try ByteFile.makeFolder(temporary, withThoseAbove: false)
      try body(temporary)
      try Self.writeState(state, description: description, to: temporary)
      try Self.writeManifest(of: temporary)
      try ByteFile.sync(folder: temporary)
      try ByteFile.rename(temporary, to: path)
    } catch {
      ByteFile.remove(temporary)
      throw error
    }
    // An exchange with an older checkpoint leaves that one here.
    ByteFile.remove(temporary)
  }

  private static func writeState(
    _ state: RunState, description: RunDescription, to folder: String
  ) throws {
    let parts = state.parts.sorted { $0.key < $1.key }
    try JSONWriter().write(
      [
        "format": 1, "run": description.json,
        "parts": .object(parts.map { ($0.key, JSONValue(.object($0.value.values))) }),
      ], to: "\(folder)/\(stateFile)")
    try SafetensorsWriter.write(
      path: "\(folder)/\(arraysFile)",
      tensors: parts.flatMap { part, record in
        record.arrays.map { name, floats in
          SafetensorsWriter.Tensor(name: "\(part)/\(name)", shape: floats.shape) { body in
            try floats.buffer.withFloats {
              try body(UnsafeBufferPointer(rebasing: $0[..<floats.count]))
            }
          }
        }
      })
  }

  private static func writeManifest(of folder: String) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    let files = try names.map { name in
      (name, try FileSeal("\(folder)/\(name)").json)
    }
    try JSONWriter().write(
      ["format": 1, "files": .object(files)], to: "\(folder)/\(manifestFile)")
  }
}

// MARK: - Reading

extension CheckpointFolder {
  /// Checks every file against the manifest, the sizes of all first.
  ///
  /// - Parameter shouldStop: asked again and again; true ends it.
  /// - Throws: `FileError` or `JSONError` naming the file that has changed since it was written;
  ///   `CancellationError`.
  package func verify(shouldStop: () -> Bool = { false }) throws {
    let file = try ConfinedPath.path(Self.manifestFile, in: path)
    let manifest = try StrictJSON.read(file)
    guard manifest["format"]?.int == 1, let files = manifest["files"]?.object?.members else {
      throw FileError(file: file, problem: "this is not the manifest of a checkpoint.")
    }
    for name in [Self.stateFile, Self.arraysFile]
    where !files.contains(where: { $0.key == name }) {
      throw FileError(file: file, problem: "the manifest does not list \(name).")
    }
    for member in files {
      guard ConfinedPath.complaint(member.key) == nil, !member.key.utf8.contains(UInt8(ascii: "/"))
      else {
        throw FileError(file: file, problem: "the manifest names a file outside its folder.")
      }
      let part = try ConfinedPath.path(member.key, in: path)
      guard try RandomAccessFile(part).count == member.value["bytes"]?.int else {
        throw Self.changed(part)
      }
    }
    for member in files {
      let part = "\(path)/\(member.key)"
      guard try FileSeal(part, shouldStop: shouldStop).json == member.value else {
        throw Self.changed(part)
      }
    }
  }

  private static func changed(_ file: String) -> FileError {
    FileError(file: file, problem: "the file has changed since it was written.")
  }

  /// The state, and the description of the run that it belongs to.
  ///
  /// - Throws: `FileError` or `JSONError`.
  package func read() throws -> (state: RunState, description: RunDescription) {
    let file = "\(path)/\(Self.stateFile)"
    let json = try StrictJSON.read(file)
    guard json["format"]?.int == 1, let run = json["run"],
      let members = json["parts"]?.object?.members
    else { throw FileError(file: file, problem: "this is not the state of a run.") }
    var state = RunState()
    for member in members {
      guard let values = member.value.object else {
        throw FileError(file: file, problem: "part \(member.key) is not an object.")
      }
      state.parts[member.key] = StateRecord(values: values)
    }
    let arrays = try SafetensorsFile(path: "\(path)/\(Self.arraysFile)")
    for entry in arrays.entries {
      guard let slash = entry.name.lastIndex(of: "/") else {
        throw FileError(
          file: arrays.path, tensor: entry.name,
          problem: "the name does not have the form part/array.")
      }
      let part = String(entry.name[..<slash])
      let name = String(entry.name[entry.name.index(after: slash)...])
      let floats = StateRecord.Floats(zeros: entry.shape)
      try floats.buffer.withFloats {
        try arrays.copyFloats(
          entry.name, into: UnsafeMutableBufferPointer(rebasing: $0[..<floats.count]))
      }
      state.parts[part, default: StateRecord()].arrays[name] = floats
    }
    return (state, RunDescription(json: run))
  }
}

/// Size and hash of a file's bytes. They guard against damage, not against forgery.
private struct FileSeal {
  let json: JSONValue

  /// - Throws: `FileError`; `CancellationError` as soon as `shouldStop` is true.
  init(_ path: String, shouldStop: () -> Bool = { false }) throws {
    var hash = ContentHash()
    var bytes = 0
    try ByteFile.forEachPiece(of: path) { piece in
      if shouldStop() { throw CancellationError() }
      hash.add(piece)
      bytes += piece.count
    }
    json = ["bytes": .int(bytes), "fnv1a64": .string(hash.hexadecimal)]
  }
}
