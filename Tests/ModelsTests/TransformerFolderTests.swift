import Files
import Foundation
import Models
import TestSupport
import Testing

/// Folders of sentence-transformers, whose modules.json names the folder of the Transformer.
@Suite struct TransformerFolderTests {
  /// A folder with a model in `place` and a modules.json.
  private func folder(_ scratch: ScratchFolder, in place: String, _ modules: String) throws {
    let source = try ModelGolden("xlm-roberta-classifier").folder
    let target = place.isEmpty ? scratch.path : "\(scratch.path)/\(place)"
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    for name in ["config.json", "model.safetensors"] {
      try ByteFile.write(TestFiles.bytes("\(source)/\(name)"), to: "\(target)/\(name)")
    }
    try scratch.write(modules, as: "modules.json")
  }

  private static func modules(_ path: String) -> String {
    """
    [{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
     {"idx": 0, "name": "0", "path": "\(path)", "type": "sentence_transformers.models.Transformer"}]
    """
  }

  @Test(arguments: ["", "0_Transformer", "a/b"])
  func theTransformerIsMeant(_ place: String) throws {
    let scratch = try ScratchFolder()
    try folder(scratch, in: place, Self.modules(place))
    let folder = try ModelFolder(scratch.path)
    #expect(folder.path == scratch.path + (place.isEmpty ? "" : "/\(place)"))
    #expect(try folder.classifier(seed: 1).1 == LoadReport())
  }

  @Test(
    arguments: [
      (modules("../other"), "leads out"), (modules("/etc"), "is absolute"),
      (modules("x").replacing("Transformer", with: "CLIPModel"), "Transformer"),
      (#"[{"type": "sentence_transformers.models.Transformer"}]"#, "path"), ("{}", "Transformer"),
    ] as [(String, String)])
  func whatLeavesTheFolderOrNamesNoneIsRefused(_ modules: String, _ part: String) throws {
    let scratch = try ScratchFolder()
    try folder(scratch, in: "0_Transformer", modules)
    let error = #expect(throws: FileError.self) { try ModelFolder(scratch.path) }
    let message = error?.description ?? ""
    #expect(message.contains(part) && message.contains("modules.json"), "\(message)")
  }

  @Test func linksOutOfTheFolderAreRefused() throws {
    let (scratch, other) = (try ScratchFolder(), try ScratchFolder())
    try folder(other, in: "", "[]")
    try scratch.write(Self.modules("0"), as: "modules.json")
    try FileManager.default.createSymbolicLink(
      atPath: "\(scratch.path)/0", withDestinationPath: other.path)
    let error = #expect(throws: FileError.self) { try ModelFolder(scratch.path) }
    #expect(error?.description.contains("link") == true)
  }
}
