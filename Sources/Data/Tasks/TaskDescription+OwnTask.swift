import Configuration

extension TaskConfiguration {
  /// The task: the one that the section describes, or else the one of the registry with its name.
  ///
  /// - Parameter key: where the name stands, for messages.
  /// - Throws: `ConfigError` for a name that is none, and for a description with the name of a task
  ///   that is known already.
  package func taskDescription(key: String = "name") throws -> TaskDescription {
    guard let own else {
      do {
        return try TaskRegistry.named(name)
      } catch let error as TaskRegistry.UnknownTask {
        throw origin.error(
          key,
          "\(error.description.dropLast()); data of your own need \"format\" and what goes with it "
            + "(docs/tasks.md).")
      }
    }
    if let known = try? TaskRegistry.named(name) {
      throw origin.error(
        key,
        "\"\(name)\" is the task \(known.name) of mate-kd; give a description of your own data "
          + "another name.")
    }
    return TaskDescription(own, name: name)
  }
}

extension TaskDescription {
  /// The task that a configuration describes.
  init(_ own: OwnTask, name: String) {
    let texts = [own.text, own.textPair].compactMap { $0 }.map { Column($0) }
    func file(_ name: String, labelled: Bool = true) -> File {
      var file = File(
        name: name, textColumns: texts, labelColumn: labelled ? Column(own.label) : nil,
        hasHeader: own.header)
      file.format = Format(own)
      if own.isMultiLabel { file.labelSeparator = own.labelSeparator }
      return file
    }
    let files: [Split: File] = [
      .train: file(own.files.train), .validation: file(own.files.validation),
      .test: file(own.files.test),
    ]
    let metrics = own.metrics.map { Metric($0) }
    let alternatives: [Split: [File]] = [.test: [file(own.files.test, labelled: false)]]
    switch own.target {
    case .labels(let names, let spellings):
      self.init(
        name: name, folder: "",
        labels: zip(names, spellings).map { Label($0, spelling: $1) }, metrics: metrics,
        files: files, alternatives: alternatives)
    case .score(let range):
      self.init(
        name: name, folder: "", labels: [],
        scoreRange: Float(range.lowerBound)...Float(range.upperBound), metrics: metrics,
        files: files, alternatives: alternatives)
    }
    isOwn = true
  }
}

extension TaskDescription.Format {
  fileprivate init(_ own: OwnTask) {
    switch own.format {
    case .tsv: self = own.quotes ? .quoted(separator: UInt8(ascii: "\t")) : .tabSeparated
    case .csv:
      self = .quoted(
        separator: own.separator == .comma ? UInt8(ascii: ",") : UInt8(ascii: ";"))
    case .jsonl: self = .jsonLines
    }
  }
}

extension TaskDescription.Column {
  fileprivate init(_ column: OwnTask.Column) {
    switch column {
    case .named(let name): self = .named(name)
    case .at(let number): self = .at(number)
    }
  }
}

extension Metric {
  fileprivate init(_ metric: OwnTask.Metric) {
    switch metric {
    case .accuracy: self = .accuracy
    case .f1: self = .f1
    case .macroF1: self = .macroF1
    case .microF1: self = .microF1
    case .matthews: self = .matthews
    case .pearson: self = .pearson
    case .spearman: self = .spearman
    }
  }
}
