import Files
import Foundation
import StrictJSON

/// The tensors of a Hugging Face folder in one name space, whether they are in `model.safetensors`
/// or `pytorch_model.bin`, or in shards listed by an index beside them.
public struct Checkpoint: Sendable {
  /// The folder as the caller gave it.
  public let folder: String
  /// The tensors, file by file, in the order of their data.
  public let entries: [SafetensorsEntry]

  private let files: [any TensorFile]
  private let places: [String: (entry: Int, file: Int)]

  static let fileName = "model.safetensors"
  static let pytorchName = "pytorch_model.bin"

  /// Opens a file by the layout that its name stands for.
  private static func open(_ path: String) throws -> any TensorFile {
    path.hasSuffix(".bin") ? try PyTorchFile(path: path) : try SafetensorsFile(path: path)
  }

  /// Opens the weights of a folder and checks every header.
  ///
  /// If several forms exist, safetensors come before PyTorch's files and a single file before
  /// shards, as in transformers.
  /// - Throws: `FileError` if the folder or a file is missing or unreadable, if a file or the
  ///   index breaks its format, or if index and shards disagree.
  public init(folder: String) throws {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw FileError(
        .missing, file: folder, problem: "there is no such folder; name a Hugging Face folder.")
    }
    guard isFolder.boolValue else {
      throw FileError(
        .missing, file: folder, problem: "this is a file; name the folder that holds the model.")
    }
    self.folder = folder
    let names = [Self.fileName, Self.pytorchName]
    let forms = names.flatMap { [$0, "\($0).index.json"] }
    guard let found = forms.first(where: { manager.fileExists(atPath: "\(folder)/\($0)") }) else {
      // A download that was cut off leaves the small files only.
      let download = HubCache.modelName(ofSnapshot: folder).map {
        "; get the rest by: hf download \($0)"
      }
      throw FileError(
        .missing, file: folder,
        problem: "the folder has no weights; \(names.joined(separator: " or ")), or shards with an "
          + "index, are expected\(download ?? ".")")
    }
    if names.contains(found) {
      files = [try Self.open("\(folder)/\(found)")]
      (entries, places) = try Self.join(files, owners: [:])
    } else {
      let index = "\(folder)/\(found)"
      let weightMap = try Self.weightMap(index)
      let names = Set(weightMap.map(\.shard)).sorted()
      files = try names.map { try Self.open(ConfinedPath.path($0, in: folder)) }
      let numbers = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
      var owners: [String: Int] = [:]
      for (tensor, shard) in weightMap {
        guard let place = numbers[shard], files[place].entry(named: tensor) != nil else {
          throw FileError(
            .invalid, file: index, tensor: tensor,
            problem: "it should lie in \(shard), which does not have it; the shards belong to "
              + "another index, so download them again.")
        }
        owners[tensor] = place
      }
      (entries, places) = try Self.join(files, owners: owners)
    }
  }

  /// The names of all tensors.
  public var names: [String] { entries.map(\.name) }

  /// The tensor with a given name, or nil.
  public func entry(named name: String) -> SafetensorsEntry? {
    places[name].map { entries[$0.entry] }
  }

  /// The file that contains a tensor, for messages; the folder if no file does.
  public func file(of name: String) -> String {
    places[name].map { files[$0.file].path } ?? folder
  }

  /// Copies a tensor to float32; see `TensorFile.copyFloats(_:into:)`.
  /// - Throws: `FileError`, also if the folder has no such tensor.
  public func copyFloats(
    _ name: String, into destination: UnsafeMutableBufferPointer<Float>
  ) throws {
    try holder(of: name).copyFloats(name, into: destination)
  }

  /// A tensor as float32; see `TensorFile.copyFloats(_:into:)`.
  /// - Throws: `FileError`, also if the folder has no such tensor.
  public func floats(_ name: String) throws -> [Float] { try holder(of: name).floats(name) }

  private func holder(of name: String) throws -> any TensorFile {
    guard let place = places[name] else {
      throw FileError(
        .invalid, file: folder, tensor: name, problem: "the folder has no such tensor.")
    }
    return files[place.file]
  }

  /// Tensors that the index does not list also count, as long as only one shard has them.
  private static func join(
    _ files: [any TensorFile], owners: [String: Int]
  ) throws -> ([SafetensorsEntry], [String: (entry: Int, file: Int)]) {
    var entries: [SafetensorsEntry] = []
    var places: [String: (entry: Int, file: Int)] = [:]
    for (place, file) in files.enumerated() {
      for entry in file.entries where owners[entry.name, default: place] == place {
        guard places.updateValue((entries.count, place), forKey: entry.name) == nil else {
          throw FileError(
            .invalid, file: file.path, tensor: entry.name,
            problem: "another shard has it too, and the index does not say which one counts.")
        }
        entries.append(entry)
      }
    }
    return (entries, places)
  }

  private static func weightMap(_ index: String) throws -> [(tensor: String, shard: String)] {
    let value: JSONValue
    do {
      value = try StrictJSON.read(index)
    } catch let error as JSONError {
      throw FileError(
        .invalid, file: "\(index):\(error.position)", problem: "\(error.message).")
    }
    guard let map = value["weight_map"]?.object else {
      throw FileError(
        .invalid, file: index, problem: "the object \"weight_map\" is missing.")
    }
    return try map.members.map { member in
      // A shard is a file in this folder: an index must not reach any other file on the machine.
      guard let shard = member.value.string, ConfinedPath.complaint(shard) == nil,
        !shard.utf8.contains(UInt8(ascii: "/"))
      else {
        throw FileError(
          .invalid, file: "\(index):\(member.value.position)", tensor: member.key,
          problem: "the name of a file in the same folder is expected.")
      }
      return (member.key, shard)
    }
  }
}
