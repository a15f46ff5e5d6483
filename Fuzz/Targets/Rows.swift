import Data

extension FuzzTarget {
  /// The section `task` of a configuration, and a file of rows: labels are those of the task, and
  /// skipping bad rows changes nothing where there are none.
  static let rows = FuzzTarget("rows") { input in
    let parts = input.parts(2)
    let section = try input.file("task.json", parts[0])
    let path = try input.file("rows", parts[1] ?? [])
    var task = try TaskConfiguration.load(path: section).taskDescription()
    guard task.questions == nil else { return }
    // The fuzzer has no say in where files are.
    task.folder = ""
    for (split, files) in task.files {
      task.files[split] = files.map { file in
        var file = file
        file.name = "rows"
        return file
      }
    }
    let read = { split, badRows in
      try DatasetReader.read(task: task, split: split, directory: input.folder, badRows: badRows)
    }
    let splits: [() throws -> Void] = Split.allCases.map { split in
      {
        let dataset = try read(split, .skip)
        try check(dataset, of: task)
        guard dataset.rejections.isEmpty else { return }
        try require(
          read(split, .stop).contentHash == dataset.contentHash, "good rows are read otherwise")
      }
    }
    let choices: [InputFormat?] = [nil] + InputFormat.allCases
    let formats: [() throws -> Void] = choices.map { format in
      {
        try check(
          DatasetReader.readInput(task: task, path: path, format: format, badRows: .skip), of: task)
      }
    }
    try readers(
      splits + formats + [{ try check(DatasetReader.readCorpus(path: path), of: task) }])
  }

  private static func check(_ dataset: TextDataset, of task: TaskDescription) throws {
    try require(dataset.count > 0, "there is no row and no error")
    let isLabel = { (label: Int32) in task.labels.indices.contains(Int(label)) }
    for row in 0..<dataset.count {
      for text in [dataset.first(row), dataset.second(row) ?? []] {
        try require(String(validating: text, as: UTF8.self) != nil, "a text is not UTF-8")
      }
      switch dataset.label(row) {
      case .class(let label): try require(isLabel(label), "there is no such label")
      case .classes(let labels):
        for label in labels { try require(isLabel(label), "there is no such label") }
      case .score(let score):
        try require(task.scoreRange?.contains(score) == true, "a score is out of its range")
      case .none: break
      }
    }
  }
}
