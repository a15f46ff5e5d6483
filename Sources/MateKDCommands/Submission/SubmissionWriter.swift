import Data
import Files
import Foundation

/// Writes the files of a GLUE submission and the archive that the server expects.
package struct SubmissionWriter {
  /// The archive's name.
  package static let archiveName = "submission.zip"

  /// What one of the files contains.
  package struct Entry: Sendable, Equatable {
    /// The file's name.
    package let name: String
    /// Its rows.
    package let rows: Int
    /// The model's folder; nil for a file with the same answer in all rows.
    package let model: String?
  }

  private let folder: String
  private var archive = ZipArchive()
  /// The files so far.
  package private(set) var entries: [Entry] = []

  /// A writer for a folder, which is made if it does not exist.
  ///
  /// - Throws: `FileError`.
  package init(folder: String) throws {
    self.folder = folder
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw FileError.unwritable(folder, reason: "the folder cannot be made here")
    }
  }

  /// Writes a file and puts it into the archive.
  ///
  /// - Parameters:
  ///   - answers: nil for the same answer in all rows.
  ///   - model: the folder of the model that gave the answers.
  /// - Throws: `FileError` for answers that the server would not accept, or if the file cannot be
  ///   written.
  package mutating func add(
    _ file: GLUESubmission.File, answers: GLUESubmission.Answers?, model: String? = nil
  ) throws {
    let content = try file.content(answers ?? file.placeholder)
    try AtomicFile.write("\(folder)/\(file.name)") { written in try written.append(content) }
    try archive.add(file.name, content)
    entries.append(Entry(name: file.name, rows: file.rows, model: answers == nil ? nil : model))
  }

  /// Writes the archive; returns its path.
  ///
  /// - Throws: `FileError`.
  package func finish() throws -> String {
    let path = "\(folder)/\(Self.archiveName)"
    let bytes = archive.bytes
    try AtomicFile.write(path) { written in try written.append(bytes) }
    return path
  }

  /// Writes a table of the files.
  package func print(on stream: TerminalStream) {
    var table = TextTable([.text("file"), .number("rows"), .text("answers")])
    for entry in entries {
      table.add([entry.name, NumberText.grouped(entry.rows), entry.model ?? "the same everywhere"])
    }
    table.print(on: stream)
  }
}
