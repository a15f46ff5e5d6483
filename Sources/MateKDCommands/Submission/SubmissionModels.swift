import ArgumentParser
import Data

/// Which model answers which file of a GLUE submission.
package struct SubmissionModels: Sendable {
  private let folders: [String: String]

  /// Reads arguments such as `rte=runs/rte`.
  ///
  /// - Throws: `ValidationError` for text without `=`, for a task that is not part of a submission,
  ///   and for a task that is named twice.
  package init(_ arguments: [String]) throws {
    var folders: [String: String] = [:]
    for argument in arguments {
      guard let sign = argument.firstIndex(of: "="), sign != argument.startIndex,
        argument.index(after: sign) != argument.endIndex
      else {
        throw ValidationError(
          "--model must be a task and a folder, such as rte=runs/rte, with --glue-submission; "
            + "found \"\(argument)\".")
      }
      let task = try Self.task(String(argument[..<sign]))
      guard GLUESubmission.files.contains(where: { $0.task.name == task.name }) else {
        let known = GLUESubmission.files.map(\.task.name).joined(separator: ", ")
        throw ValidationError(
          "--model: task \(task.name) is no part of a GLUE submission; those are \(known).")
      }
      let folder = String(argument[argument.index(after: sign)...])
      guard folders.updateValue(folder, forKey: task.name) == nil else {
        throw ValidationError("--model names task \(task.name) twice.")
      }
    }
    self.folders = folders
  }

  private static func task(_ name: String) throws -> TaskDescription {
    do { return try TaskRegistry.named(name) } catch { throw ValidationError("--model: \(error)") }
  }

  /// The folder of the model for a file, or nil.
  package func folder(for file: GLUESubmission.File) -> String? {
    folders[file.task.name] ?? file.otherTask.flatMap { folders[$0.name] }
  }
}
