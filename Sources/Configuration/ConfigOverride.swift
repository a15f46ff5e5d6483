import StrictJSON

/// A value that the command line puts into a configuration: `--set train.learning_rate=3e-5`.
public struct ConfigOverride: Sendable {
  /// Keys joined by dots, such as `train.learning_rate`.
  public let path: String
  /// The new value.
  public let value: JSONValue
  /// What error messages call the value's place.
  public let origin: String

  /// A value from an option of its own, such as `--output-dir`.
  public init(path: String, value: JSONValue, origin: String) {
    self.path = path
    self.value = value
    self.origin = origin
  }

  /// Reads `path.to.key=value`. The value is JSON; anything that is not JSON is taken as a string,
  /// so `output_dir=runs/a` needs no quotes.
  /// - Throws: `ConfigError` if there is no `=`, if a key is empty, or if the value begins as a
  ///   JSON string, array or object and is cut off.
  public init(parsing assignment: String) throws {
    guard let equals = assignment.firstIndex(of: "=") else {
      throw ConfigError(
        file: "--set \(assignment)",
        message: "there is no '='; write --set path.to.key=value.")
    }
    path = String(assignment[..<equals])
    origin = "--set \(path)"
    if path.split(separator: ".", omittingEmptySubsequences: false).contains(where: \.isEmpty) {
      throw ConfigError(
        file: origin, message: "a key on the path is empty; write --set path.to.key=value.")
    }
    let text = String(assignment[assignment.index(after: equals)...])
    do {
      value = try StrictJSON.parse(text, file: origin).withoutPositions
    } catch let error as JSONError {
      if let first = text.utf8.first, "[{\"".utf8.contains(first) {
        throw ConfigError(
          file: origin, message: "the value breaks off at column \(error.column): \(error.message)."
        )
      }
      value = .string(text)
    }
  }

  /// The value with this override applied. Objects that the path needs are created.
  func applied(to value: JSONValue) throws -> JSONValue {
    try insert(path.split(separator: ".").map(String.init)[...], into: value)
  }

  private func insert(_ keys: ArraySlice<String>, into target: JSONValue) throws -> JSONValue {
    guard let key = keys.first else { return value }
    guard var object = target.object else {
      let parents = path.split(separator: ".").dropLast(keys.count).joined(separator: ".")
      throw ConfigError(
        file: origin,
        message:
          "\(parents) is \(target.kindName) and has no key \"\(key)\"; set \(parents) itself.")
    }
    let child = object[key].flatMap { $0.isNull ? nil : $0 } ?? JSONValue(.object(JSONObject()))
    object[key] = try insert(keys.dropFirst(), into: child)
    return JSONValue(.object(object), position: target.position)
  }
}

extension JSONValue {
  /// The same value without positions, so that no message points into the wrong file.
  fileprivate var withoutPositions: JSONValue {
    switch kind {
    case .array(let elements): .array(elements.map(\.withoutPositions))
    case .object(let object): .object(object.members.map { ($0.key, $0.value.withoutPositions) })
    default: JSONValue(kind)
    }
  }
}
