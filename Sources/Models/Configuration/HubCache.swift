import Configuration
import Files
import Foundation

/// The folder in which Hugging Face's programs keep what they downloaded, as `huggingface_hub` lays
/// it out: `models--ORG--NAME/refs/main` holds a commit, and `models--ORG--NAME/snapshots/COMMIT`
/// the files, mostly links into `blobs`.
package struct HubCache {
  /// The folder of all models.
  package let folder: String

  /// The cache that the environment names: `HF_HUB_CACHE`, or else `hub` in `HF_HOME`, or else
  /// `huggingface/hub` in `XDG_CACHE_HOME` or in `~/.cache`.
  package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    func path(_ name: String) -> String? {
      guard let text = environment[name], !text.isEmpty else { return nil }
      // As in Python, a variable that is not set stays as it is written.
      return (try? PathText.expanded(text, environment: environment)) ?? text
    }
    let home = environment["HOME"] ?? NSHomeDirectory()
    let base = path("HF_HOME") ?? "\(path("XDG_CACHE_HOME") ?? "\(home)/.cache")/huggingface"
    folder = path("HF_HUB_CACHE") ?? path("HUGGINGFACE_HUB_CACHE") ?? "\(base)/hub"
  }

  /// Whether a text can be the name of a model on the Hub: one or two parts of letters, digits,
  /// `-`, `_` and `.`, as `huggingface_hub` checks it.
  package static func isModelName(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), text.utf8.count <= 96, !text.contains("--"),
      !text.contains(".."), !text.hasSuffix(".git")
    else { return false }
    return parts.allSatisfy { part in
      guard let first = part.first, let last = part.last else { return false }
      return !"-.".contains(first) && !"-.".contains(last)
        && part.utf8.allSatisfy {
          (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            || "-_.".utf8.contains($0)
        }
    }
  }

  /// The folder with the files of a model's main revision; nil if the cache has none.
  package func snapshot(of name: String) -> String? {
    let model = modelFolder(name)
    guard Self.isModelName(name),
      let bytes = try? ByteFile.readIfThere("\(model)/refs/main", atMost: 1000)
    else { return nil }
    let commit = String(decoding: bytes, as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
    guard !commit.isEmpty, commit.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
      return nil
    }
    let snapshot = "\(model)/snapshots/\(commit)"
    return ByteFile.exists("\(snapshot)/config.json") ? snapshot : nil
  }

  private func modelFolder(_ name: String) -> String {
    "\(folder)/models--" + name.replacing("/", with: "--")
  }

  /// The name of the model whose snapshot a folder is; nil for a folder that is none.
  package static func modelName(ofSnapshot folder: String) -> String? {
    let parts = folder.split(separator: "/").suffix(3)
    guard parts.count == 3, let model = parts.first, parts.dropFirst().first == "snapshots",
      model.hasPrefix("models--")
    else { return nil }
    let name = String(model.dropFirst("models--".count)).replacing("--", with: "/")
    return isModelName(name) ? name : nil
  }

  /// The folder that a user means: what lies at that path or, where nothing does, the snapshot of
  /// the model of that name in the cache. Nothing is downloaded.
  ///
  /// - Throws: `FileError` if there is neither.
  package func folder(_ nameOrPath: String) throws -> String {
    guard Self.isModelName(nameOrPath), !ByteFile.exists(nameOrPath) else { return nameOrPath }
    guard let snapshot = snapshot(of: nameOrPath) else {
      let model = modelFolder(nameOrPath)
      guard !ByteFile.exists(model) else {
        throw FileError(
          .missing, file: nameOrPath,
          problem: "there is no such folder, and in Hugging Face's cache \(model) is incomplete or "
            + "damaged: refs/main must name a folder in snapshots that has a config.json; get the "
            + "model again by: hf download \(nameOrPath)")
      }
      throw FileError(
        .missing, file: nameOrPath,
        problem: "there is no such folder, and Hugging Face's cache, \(folder), has no model of "
          + "that name; if it is one on the Hub, get it by: hf download \(nameOrPath)")
    }
    return snapshot
  }
}
