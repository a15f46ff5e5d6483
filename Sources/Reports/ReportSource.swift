import Files
import Foundation

/// What a folder holds that a report can be made of.
enum ReportSource {
  /// A run.
  case run(RunRecord)
  /// A study with its cells.
  case study(StudyRecord, cells: [RunRecord])
  /// A sweep with the runs of its trials.
  case sweep(SweepRecord, trials: [RunRecord])
  /// No folder but a file: how alike the layers of two models are.
  case similarity(SimilarityRecord)

  /// - Throws: `FileError` if it is none of them; errors of its files.
  init(_ folder: String) throws {
    if folder.hasSuffix(".json") {
      self = .similarity(try SimilarityRecord(file: folder))
    } else if ByteFile.exists("\(folder)/run.json") {
      self = .run(try RunRecord(folder: folder))
    } else if ByteFile.exists("\(folder)/\(SweepRecord.fileName)") {
      let sweep = try SweepRecord(folder: folder)
      self = .sweep(sweep, trials: try sweep.runFolders.map { try RunRecord(folder: $0) })
    } else if ByteFile.exists("\(folder)/cells") {
      self = .study(try StudyRecord(folder: folder), cells: try Self.cells(folder))
    } else {
      guard ByteFile.exists(folder) else {
        throw FileError(.missing, file: folder, problem: "there is no such folder.")
      }
      throw FileError(
        file: folder,
        problem: "this is not the folder of a run, a study or a sweep: it has neither run.json nor "
          + "\(SweepRecord.fileName) nor cells.")
    }
  }

  /// The cells that have begun: `cells/TASK/METHOD/seed-N`.
  private static func cells(_ study: String) throws -> [RunRecord] {
    func names(_ path: String) -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
        .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
    }
    var cells: [RunRecord] = []
    for task in names("\(study)/cells") {
      for method in names("\(study)/cells/\(task)") {
        for seed in names("\(study)/cells/\(task)/\(method)") {
          let folder = "\(study)/cells/\(task)/\(method)/\(seed)"
          guard ByteFile.exists("\(folder)/run.json") else { continue }
          var run = try RunRecord(folder: folder)
          run.cell = (task, method)
          cells.append(run)
        }
      }
    }
    return cells
  }
}
