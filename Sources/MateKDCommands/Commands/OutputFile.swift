import Files
import Foundation
import Models

/// The files that commands write their results to.
enum OutputFile {
  /// The path of a file that the user names; `-` is standard output.
  static func path(_ name: String) -> String { name == "-" ? "/dev/stdout" : name }

  /// Keeps the results of earlier work from being written over. Pipes and devices hold none.
  ///
  /// - Parameters:
  ///   - mayGo: whether a file that is there may be replaced all the same.
  ///   - advice: how the message ends.
  /// - Throws: `FileError` of kind `unwritable`.
  static func refuseExisting(
    _ path: String, unless mayGo: (_ path: String) -> Bool = { _ in false },
    advice: String = "; name another file, or give --overwrite"
  ) throws {
    let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    guard kind == .typeRegular, !path.hasPrefix("/dev/"), !mayGo(path) else { return }
    throw FileError.unwritable(path, reason: "it is there already\(advice)")
  }

  /// The files in a model's folder without which it is not the same model.
  static func essentials(ofModel folder: String) -> [String] {
    let names =
      ModelFolder.tokenizerFiles + ["config.json", "task.json", "run.json", "modules.json"]
    return files(ofModel: folder).filter { path in
      names.contains { path.hasSuffix("/\($0)") }
        || [".safetensors", ".bin", ".index.json"].contains(where: path.hasSuffix)
    }
  }

  /// The files in a model's folder, except for those that `export` makes.
  static func files(ofModel folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { !$0.hasSuffix(".onnx") }.map { "\(folder)/\($0)" }
  }

  /// Keeps what a command reads from being replaced by what it writes, whatever names or links lead
  /// there.
  ///
  /// - Parameters:
  ///   - path: the file to write.
  ///   - inputs: the files that are read.
  ///   - reason: why it cannot be written.
  /// - Throws: `FileError` of kind `unwritable`.
  static func refuse(_ path: String, amongst inputs: [String], reason: String) throws {
    guard let file = FileIdentity(path), inputs.contains(where: { FileIdentity($0) == file }) else {
      return
    }
    throw FileError.unwritable(path, reason: reason)
  }
}
