import Data
import Files
import Foundation
import Models
import StrictJSON

/// The task that a trained model is applied to, and how long its texts may be.
public struct AppliedTask: Sendable {
  /// The task.
  public private(set) var task: TaskDescription
  /// `max_seq_length` if a configuration describes the task and names it, otherwise nil.
  public let maxSeqLength: Int?
  /// How the texts of questions are cut: as the configuration says, otherwise in the usual way.
  public let windows: WindowSettings
  /// What to do with rows that cannot be used: as the configuration says, otherwise to stop.
  public let badRows: BadRows

  /// The file in a model's folder that keeps the section `task` of the run, unless the model was
  /// trained on a task that mate-kd knows.
  package static let fileName = "task.json"

  /// The task that the user names, or otherwise the one that the model was trained on.
  ///
  /// - Parameters:
  ///   - name: a task of the registry, or the name of the one described in the model's folder.
  ///   - configuration: a file with a section `task`, or such a section alone.
  ///   - folder: the model.
  /// - Throws: `ConfigError` for a description that cannot be used, `TaskRegistry.UnknownTask`, and
  ///   `MismatchError` if neither the user nor the model names a task.
  public init(name: String? = nil, configuration: String? = nil, model folder: String) throws {
    if let configuration {
      try self.init(.load(path: configuration))
      return
    }
    let file = "\(folder)/\(Self.fileName)"
    if FileManager.default.fileExists(atPath: file) {
      let described = try TaskConfiguration.load(path: file, .regularFile)
      if name == nil || name == described.name {
        try self.init(described)
        return
      }
    }
    if let name {
      self.init(task: try TaskRegistry.named(name), maxSeqLength: nil)
      return
    }
    let trained = try ModelFolder(folder).configuration.finetuningTask
    guard let trained, let known = try? TaskRegistry.named(trained) else {
      let what = trained.map { "names the task \"\($0)\", which mate-kd does not know" }
      throw MismatchError(
        .training,
        "\(folder)/config.json \(what ?? "does not name the task that the model was trained on"); "
          + "give --task or --task-config")
    }
    self.init(task: known, maxSeqLength: nil)
  }

  /// A task as described.
  public init(_ task: TaskDescription) { self.init(task: task, maxSeqLength: nil) }

  /// The same, with rows without a text counting like the others, or being bad rows; nil for what
  /// the configuration says.
  public func with(emptyTexts: Bool?) -> AppliedTask {
    var copy = self
    if let emptyTexts { copy.task.allowsEmptyTexts = emptyTexts }
    return copy
  }

  private init(_ configuration: TaskConfiguration) throws {
    self.init(
      task: try configuration.taskDescription(),
      maxSeqLength: configuration.namesMaxSeqLength ? configuration.maxSeqLength : nil,
      windows: WindowSettings(configuration), badRows: configuration.badRows)
  }

  private init(
    task: TaskDescription, maxSeqLength: Int?, windows: WindowSettings = WindowSettings(),
    badRows: BadRows = .stop
  ) {
    (self.task, self.maxSeqLength, self.windows) = (task, maxSeqLength, windows)
    self.badRows = badRows
  }

  /// Keeps the description of the user's own data in a model's folder, or removes one that another
  /// task left there.
  package static func remember(_ configuration: TaskConfiguration, in folder: String) throws {
    let path = "\(folder)/\(fileName)"
    guard let section = configuration.remembered else {
      ByteFile.remove(path)
      return
    }
    try JSONWriter().write(section, to: path)
  }
}
