import Configuration
import Methods
import StrictJSON

/// The JSON Schema (draft 2020-12) of a subcommand's configuration.
///
/// It says which keys exist and what each may be. Constraints between keys are left to the code
/// that reads them, except that the name of the method decides about the method's keys.
package enum ConfigurationSchema {
  /// The schema of a whole configuration.
  /// - Throws: the errors of `ConfigurationReference`.
  package static func schema(of command: ConfigurationReference.Command) throws -> JSONValue {
    let found: [(String, JSONValue)]
    switch command {
    case .compare: found = try study()
    case .sweep: found = try sweep()
    case .distill, .teacherFinetune, .pretrain:
      let definitions = command == .distill ? try methods() : []
      let keys = SchemaKeys(entries: try ConfigurationReference(command).entries)
      found = keys.object("") + (definitions.isEmpty ? [] : [("$defs", .object(definitions))])
    }
    return .object(
      [
        ("$schema", "https://json-schema.org/draft/2020-12/schema"),
        ("title", .string("mate-kd \(command.rawValue)")),
      ] + found)
  }

  /// A definition `method.NAME` for each method.
  fileprivate static func methods(isPatch: Bool = false) throws -> [(String, JSONValue)] {
    try MethodRegistry.all.map { method in
      let entries = try ConfigurationReference(method).entries
      let keys = SchemaKeys(entries: entries, isPatch: isPatch)
      return (
        "method.\(method.name)",
        .object([("description", .string(method.summary))] + keys.object("method"))
      )
    }
  }
}

extension ConfigurationSchema {
  /// The keys that the study sets in every cell.
  private static let runnersKeys = ["output_dir", "overwrite_output_dir", "seed"]

  /// The sections and keys of `distill` as merge patches, in which nothing is required.
  private struct Patches {
    let parts: [(String, JSONValue)]

    init() throws {
      parts = try SchemaKeys(
        entries: ConfigurationReference(.distill).entries, isPatch: true
      ).properties("")
    }

    /// `$defs` for them.
    func definitions() throws -> [(String, JSONValue)] {
      try parts.map { ("cell.\($0.0)", $0.1) } + methods(isPatch: true)
    }

    /// A patch without some of the sections, and with more keys of its own.
    func patch(
      without left: [String] = [], _ more: [(String, JSONValue)] = [], required: [JSONValue] = []
    ) -> JSONValue {
      let own = parts.map(\.0).filter { !(runnersKeys + left).contains($0) }
        .map { ($0, ["$ref": .string("#/$defs/cell.\($0)")] as JSONValue) }
      return [
        "type": ["object", "null"], "properties": .object(own + more),
        "required": .array(required), "additionalProperties": false,
      ]
    }
  }

  /// A study changes configurations of `distill` with merge patches.
  private static func study() throws -> [(String, JSONValue)] {
    let patches = try Patches()
    func named(_ value: JSONValue) -> [(String, JSONValue)] {
      [
        ("type", "object"), ("minProperties", 1),
        ("propertyNames", ["pattern": "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$"]),
        ("additionalProperties", value),
      ]
    }
    let methodsOfTask: JSONValue = [
      "type": ["object", "null"], "additionalProperties": patches.patch(),
    ]
    let assistant = ("assistant", patches.patch(without: ["teacher", "task"]))
    let grid: (String, JSONValue) = (
      "grid",
      [
        "type": ["object", "null"], "minProperties": 1,
        "additionalProperties": ["type": "array", "minItems": 1],
      ]
    )
    let shapes: [String: [(String, JSONValue)]] = [
      "base": patches.patch(without: ["method"]).members,
      "methods": named(patches.patch([assistant, grid], required: ["method"])),
      "tasks": named(
        patches.patch(
          without: ["method"],
          [("metric", ["type": ["string", "null"]]), ("methods", methodsOfTask)])),
    ]
    let keys = SchemaKeys(entries: try ConfigurationReference(.compare).entries, shapes: shapes)
    return keys.object("") + [("$defs", .object(try patches.definitions()))]
  }

  /// A sweep changes keys of one configuration of `distill`.
  private static func sweep() throws -> [(String, JSONValue)] {
    let patches = try Patches()
    let list: JSONValue = [
      "properties": ["values": ["type": "array", "minItems": 1]], "required": ["values"],
      "additionalProperties": false,
    ]
    let range: JSONValue = [
      "properties": [
        "range": ["type": "array", "items": ["type": "number"], "minItems": 2, "maxItems": 2],
        "scale": ["enum": ["linear", "log"]], "integer": ["type": "boolean"],
      ], "required": ["range"], "additionalProperties": false,
    ]
    let shapes: [String: [(String, JSONValue)]] = [
      "base": patches.patch(required: ["method"]).members,
      "parameters": [
        ("type", "object"), ("minProperties", 1),
        ("additionalProperties", ["type": "object", "oneOf": [list, range]]),
      ],
    ]
    let keys = SchemaKeys(entries: try ConfigurationReference(.sweep).entries, shapes: shapes)
    return keys.object("") + [("$defs", .object(try patches.definitions()))]
  }
}

/// The schema of a set of keys.
private struct SchemaKeys {
  let entries: [ConfigurationReference.Entry]
  /// Whether it is a merge patch, in which nothing is required and anything may be null.
  var isPatch = false
  /// Sections whose keys are not among the entries.
  var shapes: [String: [(String, JSONValue)]] = [:]

  /// The members of a section's schema.
  func object(_ path: String) -> [(String, JSONValue)] {
    let keys = isPatch ? [] : children(path).filter(\.isAlwaysRequired).map(\.setting.key)
    let required = JSONValue.array(keys.map(JSONValue.string))
    var members: [(String, JSONValue)] = [
      ("type", "object"), ("properties", .object(properties(path))),
    ]
    if path.isEmpty, !keys.isEmpty {
      // What a file lacks may be in those that it includes.
      members.append(("anyOf", [["required": ["include"]], ["required": required]]))
    } else if !keys.isEmpty {
      members.append(("required", required))
    }
    return members + [("additionalProperties", false)]
  }

  /// The schemas of a section's keys.
  func properties(_ path: String) -> [(String, JSONValue)] {
    children(path).map { ($0.setting.key, .object(property($0))) }
  }

  private func children(_ path: String) -> [ConfigurationReference.Entry] {
    entries.filter { $0.setting.parent == path }
  }

  private func property(_ entry: ConfigurationReference.Entry) -> [(String, JSONValue)] {
    let setting = entry.setting
    let meaning = ("description", JSONValue.string(setting.meaning))
    if let replacement = setting.replacement {
      let new = entries.first { $0.setting.path == replacement }
      let value = new.map(property)?.filter { $0.0 != "description" && $0.0 != "default" } ?? []
      return [meaning, ("deprecated", true)] + value
    }
    guard !setting.kinds.isEmpty else { return [meaning] }
    let isNullable = isPatch || !entry.isAlwaysRequired
    let null: [JSONValue] = isNullable ? ["null"] : []
    var members = [meaning]
    if let fallback = setting.presence.fallback, !isPatch { members.append(("default", fallback)) }
    let kinds = setting.kinds.map { JSONValue.string($0.rawValue) }
    if setting.isList {
      let items =
        setting.kinds == [.section]
        ? object(setting.path) : [("type", Self.type(kinds))] + values(setting, null: [])
      guard let none = setting.none else {
        return members + [("type", Self.type(["array"] + null)), ("items", .object(items))]
      }
      let words = (setting.choices + [none]).map(JSONValue.string)
      let word: JSONValue = .array(words + (isNullable ? [.null] : []))
      let all: JSONValue = ["type": "array", "items": .object(items)]
      let empty: JSONValue = ["const": [.string(none)]]
      return members + [("anyOf", [all, empty, ["enum": word]])]
    }
    members.append(("type", Self.type(kinds + null)))
    if setting.kinds.contains(.section) {
      if setting.path == "method" { return members + methodBranches(null) }
      let shape = shapes[setting.path] ?? object(setting.path)
      return members + shape.filter { $0.0 != "type" }
    }
    return members + values(setting, null: isNullable ? [.null] : [])
  }

  private func values(_ setting: Setting, null: [JSONValue]) -> [(String, JSONValue)] {
    if !setting.choices.isEmpty {
      return [("enum", .array(setting.choices.map(JSONValue.string) + null))]
    }
    var limits: [(String, JSONValue)] = []
    if let low = setting.bounds.low {
      limits.append((low.isAllowed ? "minimum" : "exclusiveMinimum", Self.number(low.value)))
    }
    if let high = setting.bounds.high {
      limits.append((high.isAllowed ? "maximum" : "exclusiveMaximum", Self.number(high.value)))
    }
    if setting.kinds.contains(.string) { limits.append(("minLength", 1)) }
    guard let exception = setting.bounds.exception else { return limits }
    return [("anyOf", [["const": Self.number(exception)], .object(limits)])]
  }

  /// The section `method`: its keys depend on the name.
  private func methodBranches(_ null: [JSONValue]) -> [(String, JSONValue)] {
    let branches = MethodRegistry.all.map { method -> JSONValue in
      [
        "if": [
          "properties": ["name": ["const": .string(method.name)]], "required": ["name"],
        ],
        "then": ["$ref": .string("#/$defs/method.\(method.name)")],
      ]
    }
    let names = MethodRegistry.all.map { JSONValue.string($0.name) }
    return [("properties", ["name": ["enum": .array(names + (isPatch ? [.null] : []))]])]
      + (isPatch ? [] : [("required", ["name"])]) + [("allOf", .array(branches))]
  }

  /// A type, or several of them.
  private static func type(_ kinds: [JSONValue]) -> JSONValue {
    kinds.count == 1 ? kinds[0] : .array(kinds)
  }

  private static func number(_ value: Double) -> JSONValue {
    Int(exactly: value).map(JSONValue.int) ?? .double(value)
  }
}

extension JSONValue {
  /// The members of an object.
  fileprivate var members: [(String, JSONValue)] {
    (object?.members ?? []).map { ($0.key, $0.value) }
  }
}
