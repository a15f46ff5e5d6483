import Configuration
import Files
import Foundation
import StrictJSON

/// Keeps a run from writing over what it reads: its teacher's folder, above all.
enum ProtectedInputs {
  /// Checks every folder that a configuration names.
  ///
  /// - Parameters:
  ///   - outputDir: the folder that the run writes to.
  ///   - config: the configuration as far as it has been read.
  /// - Throws: `ConfigError` at the key of an input that the run would overwrite or remove.
  static func check(outputDir: String, config: JSONValue, origin: ConfigOrigin) throws {
    for (key, path) in paths(in: config, below: "") where isEndangered(path, by: outputDir) {
      throw origin.error(
        key,
        "\(key): this run reads \(path) and would write over it; give another output_dir.")
    }
  }

  /// Keys whose folders a run writes itself.
  private static let written: Set<String> = ["output_dir", "teacher_cache_dir"]

  /// The paths that a configuration names, each with its key.
  private static func paths(
    in value: JSONValue, below prefix: String
  ) -> [(key: String, path: String)] {
    let members = value.object?.members ?? []
    return members.flatMap { member -> [(key: String, path: String)] in
      let name = member.key
      let key = prefix.isEmpty ? name : "\(prefix).\(name)"
      let isInput =
        name.hasSuffix("_path") || name.hasSuffix("_dir") && !written.contains(name)
        || name.hasSuffix("predictions") || name == "files"
      if let path = member.value.string { return isInput ? [(key, path)] : [] }
      guard let elements = member.value.array else { return paths(in: member.value, below: key) }
      return elements.enumerated().flatMap { place, element in
        element.string.map { isInput ? [(key, $0)] : [] }
          ?? paths(in: element, below: "\(key)[\(place)]")
      }
    }
  }

  private static func isEndangered(_ input: String, by outputDir: String) -> Bool {
    let input = realPath(input)
    let output = realPath(outputDir)
    if input == output { return true }
    guard input.hasPrefix(output + "/") else { return false }
    return RunFolder.replaces(String(input.dropFirst(output.count + 1).prefix { $0 != "/" }))
  }

  private static func realPath(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
  }
}
