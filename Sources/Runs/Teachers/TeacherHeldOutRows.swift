import Configuration
import Foundation
import StrictJSON

/// Whether teachers have learned from the rows that a run holds out to measure on. On such rows a
/// teacher looks better than it is, and so does a student that has learned from it.
enum TeacherHeldOutRows {
  /// A sentence for each teacher whose own run on the same data held out other rows, or none.
  static func notices(_ c: DistillConfiguration) -> [String] {
    guard let share = c.task.validationSplit else { return [] }
    let seed = c.task.drawSeed ?? c.common.seed
    return c.teacher.members.compactMap { member in
      guard let folder = member.source.model?.modelNameOrPath,
        let config = try? StrictJSON.read("\(folder)/run.json")["config"],
        let task = config["task"], task["name"]?.string == c.task.name,
        let data = task["data_dir"]?.string, absolute(data) == absolute(c.task.dataDir)
      else { return nil }
      let finding =
        "\(folder) has probably learned from rows that are held out here, where it then looks "
        + "better than it is"
      guard let other = task["validation_split"]?.double else { return finding }
      let draw = task["draw_seed"]?.int ?? config["seed"]?.int
      if other == share, draw == Int(exactly: seed) { return nil }
      return finding
        + "; its run held out others: set task.validation_split to \(other)"
        + (draw.map { " and task.draw_seed to \($0)" } ?? "")
    }
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
  }
}
