import Configuration
import Foundation
import MateKDCommands
import Methods
import StrictJSON
import TestSupport
import Testing

/// What `mate-kd schema`, `mate-kd methods NAME` and docs/configuration.md say of the keys.
@Suite struct ReferenceTests {
  private static func isSentence(_ text: String) -> Bool {
    text.hasSuffix(".") && text.first?.isUppercase != false && text.count < 200
  }

  @Test(arguments: ConfigurationReference.Command.allCases)
  func everyKeyHasASentenceAndStandsInTheDocument(
    _ command: ConfigurationReference.Command
  ) throws {
    let document = try String(
      contentsOf: TestFiles.repository.appending(path: "docs/configuration.md"), encoding: .utf8)
    let entries = try ConfigurationReference(command).entries
    #expect(entries.count > 5)
    for setting in entries.map(\.setting) {
      #expect(Self.isSentence(setting.meaning) || setting.meaning.first == "`", "\(setting.path)")
      #expect(
        document.contains(setting.key + "`") || setting.path.hasPrefix("method."),
        "\(setting.path)")
    }
  }

  @Test(arguments: MethodRegistry.all.map(\.name))
  func pagesOfMethods(_ name: String) throws {
    let method = try #require(MethodRegistry.named(name))
    let lines = try MethodPage(method).lines.map { $0.drawn() }
    #expect(lines.allSatisfy { $0.count <= MethodPage.width })
    #expect(lines.first?.hasPrefix("\(name): ") == true)
    // Another suite registers a method, and that has no document here.
    if MethodRegistry.isBuiltIn(method) {
      let page = try #require(MethodPage.document(of: method))
      #expect(
        FileManager.default.fileExists(atPath: TestFiles.repository.appending(path: page).path),
        "\(page)")
    }
    for setting in try ConfigurationReference(method).entries.map(\.setting) {
      #expect(Self.isSentence(setting.meaning), "\(setting.path)")
      let isShown = setting.kinds != [.section] && setting.path != "method.name"
      #expect(lines.contains { $0.hasPrefix(setting.path.dropFirst(7) + " ") } == isShown)
    }
  }

  @Test func aPageShowsKindRangeDefaultAndNames() throws {
    let lines = try MethodPage(try #require(MethodRegistry.named("kd"))).lines.map { $0.drawn() }
    let start = try #require(lines.firstIndex { $0.hasPrefix("temperature") })
    #expect(
      lines[start].split(separator: " ").joined(separator: " ")
        == "temperature number between 0.01 and 1000 1")
    #expect(lines[start + 1].hasPrefix("    What logits are divided by"))
    #expect(lines.contains("    \"kl\", \"ce\""))
  }

  @Test func schemaOfARun() throws {
    let schema = try ConfigurationSchema.schema(of: .distill)
    let keys = try #require(schema["properties"])
    #expect(schema["additionalProperties"] == false)
    // Included files may have them.
    #expect(
      schema["anyOf"] == [
        ["required": ["include"]],
        ["required": ["output_dir", "task", "teacher", "student", "method"]],
      ])
    let rate = try #require(keys["train"]?["properties"]?["learning_rate"])
    #expect(rate["minimum"] == 0 && rate["default"] == 5e-5 && rate["type"] == ["number", "null"])
    let steps = try #require(keys["train"]?["properties"]?["max_steps"])
    #expect(steps["anyOf"]?.array?.first == ["const": -1])
    #expect(keys["train"]?["properties"]?["evaluation_strategy"]?["deprecated"] == true)
    #expect(
      keys["train"]?["properties"]?["evaluation_strategy"]?["enum"]
        == keys["train"]?["properties"]?["eval_strategy"]?["enum"])
    #expect(
      keys["train"]?["properties"]?["report_to"]?["anyOf"] == [
        ["type": "array", "items": ["type": "string", "enum": ["tensorboard"]]],
        ["const": ["none"]], ["enum": ["tensorboard", "none", .null]],
      ])
    #expect(keys["task"]?["required"] == ["name", "data_dir"])
    #expect(keys["task"]?["properties"]?["text"]?["type"] == ["string", "integer", "null"])
    #expect(keys["student"]?["properties"]?["config"]?["required"]?.array?.count == 4)
    #expect(keys["method"]?["allOf"]?.array?.count == MethodRegistry.all.count)
    let kd = try #require(schema["$defs"]?["method.kd"])
    #expect(kd["required"] == ["name"] && kd["additionalProperties"] == false)
    let smoothing = try #require(schema["$defs"]?["method.text-smoothing"]?["properties"])
    #expect(smoothing["loss_weights"] != nil, "read with targets both only")
  }

  @Test func aStudyChangesRunsByPatches() throws {
    let schema = try ConfigurationSchema.schema(of: .compare)
    let cell = try #require(schema["properties"]?["methods"]?["additionalProperties"])
    #expect(cell["required"] == ["method"] && cell["properties"]?["assistant"] != nil)
    #expect(cell["properties"]?["seed"] == nil)
    let teacher = try #require(schema["$defs"]?["cell.teacher"])
    #expect(teacher["required"] == nil && teacher["type"] == ["object", "null"])
    #expect(schema["$defs"]?["method.kd"]?["required"] == nil)
  }

  @Test func templates() throws {
    let text = try ReferenceTemplate(
      "a\n{{table pretrain mlm}}\n{{table pretrain max_seq_length}}\nb"
    ).filled()
    #expect(text.hasPrefix("a\n| key | values | default | meaning |\n"))
    #expect(text.contains("| `masking` | `\"80-10-10\"`, `\"mask\"` | `\"80-10-10\"` | What "))
    #expect(text.contains("| `max_seq_length` | integer, between 3 and 1048576 | `128` | Texts "))
    #expect(text.hasSuffix("|\nb"))
    for place in ["table pretrain nothing", "table run task", "tables"] {
      #expect(throws: ReferenceTemplate.UnknownPlace.self) {
        try ReferenceTemplate("{{\(place)}}").filled()
      }
    }
    let generators = try ReferenceTemplate("for {{methods with generator}}.").filled()
    #expect(generators.contains("`cilda`") && !generators.contains("`kd`"))
  }
}
