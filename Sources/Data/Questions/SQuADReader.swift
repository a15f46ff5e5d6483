import Files
import StrictJSON

/// Reads the JSON of SQuAD 1.1 and 2.0: an object with the array `data` of articles, each with
/// `paragraphs`, each with a `context` and its questions `qas`.
///
/// `answer_start` counts Unicode scalars, as Python does. Members that are not needed are ignored.
public enum SQuADReader {
  /// Reads a split of a version.
  ///
  /// - Parameters:
  ///   - directory: the folder with the file, or with the folder `squad` or `squad2` that contains
  ///     it.
  ///   - maximumQuestions: stop after this many questions.
  /// - Throws: `FileError` if the file is missing or not readable; `JSONError` with line and column
  ///   for mistakes in it.
  public static func read(
    _ version: SQuADVersion, split: Split, directory: String, maximumQuestions: Int? = nil
  ) throws -> QuestionDataset {
    guard let usual = version.fileNames(split).first else {
      throw FileError(
        file: directory, problem: "task \(version.rawValue) has no \(split.rawValue) file.")
    }
    guard let path = path(version, split: split, directory: directory) else {
      throw FileError(
        file: "\(directory)/\(version.rawValue)/\(usual)",
        problem: "the \(split.rawValue) file of task \(version.rawValue) is not here; "
          + "give the folder that holds \(usual).")
    }
    let dataset = try read(path: path, .regularFile, maximumQuestions: maximumQuestions)
    if version == .v1_1, let question = dataset.questions.first(where: { $0.isImpossible == true })
    {
      throw FileError(
        file: path, line: question.line,
        problem: "question \(question.id) has no answer, but task squad knows none such; take task "
          + "squad2.")
    }
    return dataset
  }

  /// True if a file of the split is where `read` looks for it.
  public static func hasFile(_ version: SQuADVersion, split: Split, directory: String) -> Bool {
    path(version, split: split, directory: directory) != nil
  }

  private static func path(
    _ version: SQuADVersion, split: Split, directory: String
  ) -> String? {
    version.fileNames(split)
      .flatMap { ["\(directory)/\(version.rawValue)/\($0)", "\(directory)/\($0)"] }
      .lazy.compactMap(DataFile.find).first
  }

  /// Reads a file of either version.
  ///
  /// - Parameter maximumQuestions: stop after this many questions.
  /// - Throws: `FileError` if the file is not readable; `JSONError` with line and column for
  ///   mistakes in it.
  public static func read(path: String, maximumQuestions: Int? = nil) throws -> QuestionDataset {
    try read(path: path, .fileOrStream, maximumQuestions: maximumQuestions)
  }

  private static func read(
    path: String, _ kind: ReadableKind, maximumQuestions: Int?
  ) throws -> QuestionDataset {
    let json = try StrictJSON.parse(try DataFile.read(path, kind), file: path)
    let members = Members(file: path)
    var dataset = QuestionDataset(source: path, contexts: [], questions: [])
    var ids: Set<[UInt8]> = []
    for article in try members.array("data", of: json, what: "the file") {
      for paragraph in try members.array("paragraphs", of: article, what: "an article") {
        if let maximumQuestions, dataset.count >= maximumQuestions { return dataset }
        let context = Array(
          try members.string("context", of: paragraph, what: "a paragraph").utf8)
        // Where each scalar starts, then the end.
        let starts = context.indices.filter { context[$0] & 0xC0 != 0x80 } + [context.count]
        dataset.contexts.append(context)
        for entry in try members.array("qas", of: paragraph, what: "a paragraph") {
          if let maximumQuestions, dataset.count >= maximumQuestions { return dataset }
          var question = try self.question(entry, members: members)
          question.context = dataset.contexts.count - 1
          guard ids.insert(Array(question.id.utf8)).inserted else {
            throw members.error(
              entry["id"] ?? entry, "the id \"\(question.id)\" is that of an earlier question, too")
          }
          for (place, value) in try answers(of: entry, members: members).enumerated() {
            let answer = try self.answer(value, context: context, starts: starts, members: members)
            question.answers.append(answer)
            if answer.bytes == nil {
              dataset.misplacedAnswers.append(
                FileError(
                  file: path, line: value.position.line,
                  problem: "answer \(place + 1) of question \(question.id), \"\(answer.text)\", is "
                    + "not at its answer_start; it counts in scores, but is not learnt from."))
            }
          }
          if question.isImpossible == true, !question.answers.isEmpty {
            throw members.error(
              entry["is_impossible"] ?? entry,
              "the question has answers though it says \"is_impossible\": true; remove either")
          }
          dataset.questions.append(question)
        }
      }
    }
    guard dataset.count > 0 else {
      throw FileError(file: path, problem: "the file has no question.")
    }
    return dataset
  }

  private static func question(_ entry: JSONValue, members: Members) throws -> Question {
    var question = Question(
      id: try members.string("id", of: entry, what: "a question"),
      text: try members.string("question", of: entry, what: "a question"),
      context: 0, answers: [], line: entry.position.line)
    if let value = entry["is_impossible"] {
      guard let flag = value.bool else {
        throw members.error(
          value, "\"is_impossible\" must be true or false, found \(value.kindName)")
      }
      question.isImpossible = flag
    }
    return question
  }

  /// Test files may omit the answers.
  private static func answers(of entry: JSONValue, members: Members) throws -> [JSONValue] {
    entry["answers"] == nil ? [] : try members.array("answers", of: entry, what: "a question")
  }

  private static func answer(
    _ value: JSONValue, context: [UInt8], starts: [Int], members: Members
  ) throws -> Question.Answer {
    let text = try members.string("text", of: value, what: "an answer")
    let place = try members.value("answer_start", of: value, what: "an answer")
    guard let start = place.int else {
      throw members.error(
        place,
        "\"answer_start\" must be a whole number of characters, found "
          + (place.numberText ?? place.kindName))
    }
    var answer = Question.Answer(text: text, bytes: nil)
    if !text.isEmpty, start >= 0, start < starts.count {
      let bytes = starts[start]..<starts[start] + text.utf8.count
      if bytes.upperBound <= context.count, context[bytes].elementsEqual(text.utf8) {
        answer.bytes = bytes
      }
    }
    return answer
  }
}

/// Reads the members of objects and reports values of the wrong kind.
private struct Members {
  let file: String

  func error(_ value: JSONValue, _ message: String) -> JSONError {
    JSONError(file: file, position: value.position, message: message)
  }

  func value(_ key: String, of value: JSONValue, what: String) throws -> JSONValue {
    guard let object = value.object else {
      throw error(value, "\(what) must be an object, found \(value.kindName)")
    }
    guard let member = object[key] else {
      throw error(value, "\(what) needs the key \"\(key)\"")
    }
    return member
  }

  func array(_ key: String, of value: JSONValue, what: String) throws -> [JSONValue] {
    let member = try self.value(key, of: value, what: what)
    guard let array = member.array else {
      throw error(member, "\"\(key)\" must be an array, found \(member.kindName)")
    }
    return array
  }

  func string(_ key: String, of value: JSONValue, what: String) throws -> String {
    let member = try self.value(key, of: value, what: what)
    guard let string = member.string else {
      throw error(member, "\"\(key)\" must be a string, found \(member.kindName)")
    }
    return string
  }
}
