import Files
import StrictJSON

/// Where the Transformer of a model folder lies.
package enum TransformerFolder {
  /// The folder itself, or the folder that a `modules.json` of sentence-transformers names for the
  /// module of type `Transformer`.
  ///
  /// - Throws: `FileError` for a file that names none, or one outside the folder; `JSONError`.
  package static func path(in folder: String) throws -> String {
    let file = "\(folder)/modules.json"
    guard ByteFile.exists(file) else { return folder }
    let json = try StrictJSON.read(file)
    let modules = (json.array ?? []).filter { module in
      let type = module["type"]?.string ?? ""
      return type == "Transformer" || type.hasSuffix(".Transformer")
    }
    guard modules.count == 1, let module = modules.first, let name = module["path"]?.string else {
      throw FileError(
        file: file, line: json.position.line,
        problem: "it must be a list with one module of type Transformer and its \"path\"; give the "
          + "folder that holds config.json and the weights.")
    }
    if name.isEmpty || name == "." { return folder }
    if let complaint = ConfinedPath.complaint(name) {
      throw FileError(
        file: file, line: module.position.line,
        problem: "the path \"\(name)\" of the Transformer \(complaint); it must be in the folder.")
    }
    return try ConfinedPath.path(name, in: folder)
  }
}
