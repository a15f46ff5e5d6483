import Configuration
import Data
import Files
import Foundation
import Inference
import Kernels
import StrictJSON

/// The section `task` for a file of somebody's own data, with what was found in the file.
struct FirstTask {
  /// The task's name, which output folders are called by.
  let name: String
  /// The section.
  let section: JSONValue
  /// The task that it describes.
  let task: TaskDescription
  /// What the files contain.
  let statistics: DatasetStatistics
  /// How many tokens the texts are cut to.
  let maxSeqLength: Int
  /// Sentences that the user should see.
  private(set) var notices: [String] = []

  /// Describes a table.
  ///
  /// - Throws: errors of the data.
  init(
    _ table: SniffedTable, _ columns: ColumnChoice, model: StartingModel, pool: ThreadPool
  ) throws {
    let place = try DataPlace(table.path)
    name = Self.unusedName(place.stem)
    var section: [(String, JSONValue)] = [
      ("name", .string(name)), ("data_dir", .string(PathText.literal(place.folder))),
      ("format", .string(table.format.rawValue)),
    ]
    if table.format == .csv, table.separator != "," {
      section.append(("separator", .string(String(table.separator))))
    }
    if table.format == .tsv, table.isQuoted { section.append(("quotes", true)) }
    func key(_ column: SniffedColumn) -> JSONValue {
      column.name.map(JSONValue.string) ?? .int(column.number)
    }
    section.append(("text", key(columns.text)))
    if let pair = columns.pair { section.append(("text_pair", key(pair))) }
    section.append(("label", key(columns.label)))
    let isJSON = table.format == .jsonl || table.format == .json
    if table.hasHeader, !isJSON { section.append(("header", true)) }
    var files: [(String, JSONValue)] = [("train", .string(place.file))]
    if let validation = place.sibling(["dev", "validation", "valid", "val", "eval"]) {
      files.append(("validation", .string(validation)))
    } else {
      // The same rows for teacher and student, whatever the seeds of their runs are.
      section += [("validation_split", 0.1), ("draw_seed", 42)]
    }
    if let test = place.sibling(["test"]) { files.append(("test", .string(test))) }
    section.append(("files", .object(files)))

    if columns.label.isScore {
      let (low, high) = Self.wholeBounds(of: columns.label)
      section.append(("score_range", [.int(low), .int(high)]))
      notices.append(
        "the labels are many different numbers, so they are taken for scores from \(low) to "
          + "\(high); list labels in place of score_range for classes")
    } else {
      let draft = try Self.read(section)
      section.append(("labels", .array(draft.labelNames.map(JSONValue.string))))
      section.append(("metrics", ["accuracy", "f1_macro"]))
      if columns.label.isNumeric, columns.label.values.count > 2 {
        let (low, high) = Self.wholeBounds(of: columns.label)
        notices.append(
          "the labels are numbers and taken for the names of \(draft.labels.count) classes; for "
            + "scores, put \"score_range\": [\(low), \(high)] in place of labels and metrics")
      }
    }
    task = try Self.read(section)
    let tokenizer = try model.tokenizer()
    func statistics(_ task: TaskDescription, limit: Int) throws -> DatasetStatistics {
      try DatasetStatistics(
        task: task, directory: place.folder, tokenizer: tokenizer, limit: limit, pool: pool)
    }
    let all = try statistics(task, limit: 512)
    if all.parts.contains(where: { !$0.rejections.isEmpty }) {
      section.append(("bad_rows", "skip"))
      notices.append(
        "rows without a usable text or label are left out (\"bad_rows\": \"skip\"); without the "
          + "key, runs stop at them")
    }
    let train = all.parts.first
    let length = train?.lengths?.percentile95 ?? Self.estimatedLength(columns)
    let limits = [32, 64, 128, 256, 384, 512].filter { $0 <= max(32, model.longestText) }
    maxSeqLength = min(
      limits.first { Double($0) >= length } ?? limits.last ?? 128, model.longestText)
    section.insert(("max_seq_length", .int(maxSeqLength)), at: 2)
    self.section = .object(section)
    self.statistics = maxSeqLength == 512 ? all : try statistics(task, limit: maxSeqLength)
    if tokenizer == nil {
      notices.append(
        "max_seq_length \(maxSeqLength) is a guess from the texts' characters, since the model "
          + "with its tokenizer is not here yet; mate-kd inspect counts tokens")
    }
    if let labels = train?.labels { notices += Self.doubts(about: labels) }
  }

  /// The task that a section describes.
  private static func read(_ section: [(String, JSONValue)]) throws -> TaskDescription {
    let document = try ConfigDocument(.object([("task", .object(section))]), file: "init")
    let configuration = try TaskConfiguration(reading: document.root.section("task"))
    return try configuration.taskDescription()
  }

  /// The whole numbers around the numbers of a column.
  private static func wholeBounds(of column: SniffedColumn) -> (low: Int, high: Int) {
    let low = Int(exactly: column.smallest.rounded(.down)) ?? 0
    return (low, max(low + 1, Int(exactly: column.largest.rounded(.up)) ?? low + 1))
  }

  /// A name that no task of the program has.
  private static func unusedName(_ stem: String) -> String {
    (try? TaskRegistry.named(stem)) == nil ? stem : "my-\(stem)"
  }

  /// The 95th percentile of tokens: four characters each, in English rather less than there are.
  private static func estimatedLength(_ columns: ColumnChoice) -> Double {
    func characters(_ column: SniffedColumn?) -> Double {
      column.map { LengthStatistics(lengths: $0.lengths, limit: .max).percentile95 } ?? 0
    }
    return (characters(columns.text) + characters(columns.pair)) / 4 + 3
  }

  /// Sentences about labels that may be slips, and about classes that are hardly there.
  private static func doubts(about labels: [(name: String, rows: Int)]) -> [String] {
    let all = labels.reduce(0) { $0 + $1.rows }
    let rare = labels.filter { 200 * $0.rows < all || $0.rows < 10 }
    return rare.prefix(5).map { label in
      let others = labels.filter { $0.rows > label.rows }.map(\.name)
      let isNumber = Double(label.name) != nil
      let guess = isNumber ? nil : EditDistance.nearest(to: label.name, among: others)
      return "the label \"\(label.name)\" has only \(label.rows) row\(label.rows == 1 ? "" : "s")"
        + (guess.map { "; if \"\($0)\" is meant, correct the file" } ?? "")
    }
  }
}

/// The folder and the name of a data file, and the files that go with it.
private struct DataPlace {
  let folder: String
  let file: String

  init(_ path: String) throws {
    // A link may lead out of its folder, which the files of a task must not.
    let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
    let path = isLink ? URL(fileURLWithPath: path).resolvingSymlinksInPath().path : path
    guard let slash = path.lastIndex(of: "/") else {
      (folder, file) = (".", path)
      return
    }
    folder = slash == path.startIndex ? "/" : String(path[..<slash])
    file = String(path[path.index(after: slash)...])
  }

  private var parts: (stem: String, ending: String) {
    guard let dot = file.lastIndex(of: "."), dot != file.startIndex else { return (file, "") }
    return (String(file[..<dot]), String(file[dot...]))
  }

  /// What the data are called: the file, or for `train.csv` its folder.
  var stem: String {
    let stem = parts.stem
    guard stem == "train" else { return stem }
    let parent = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
    return parent == "/" ? stem : parent
  }

  /// The file that is called like this one, with another word in place of `train`.
  func sibling(_ words: [String]) -> String? {
    let (stem, ending) = parts
    guard let train = stem.range(of: "train") else { return nil }
    return words.map { stem.replacingCharacters(in: train, with: $0) + ending }
      .first { ByteFile.exists("\(folder)/\($0)") }
  }
}
