import Files
import Foundation
import FuzzTargets
import TestSupport
import Testing

/// The corpora of the fuzzer: seeds, and inputs with which something once went wrong.
@Suite struct CorpusTests {
  private static let corpora = TestFiles.repository.appendingPathComponent("Fuzz/Corpus").path

  private static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func everyTargetHasACorpus() throws {
    #expect(try Self.names(in: Self.corpora) == FuzzTarget.all.map(\.name).sorted())
  }

  /// Each input is read, or refused with a message, and keeps the target's properties. Seeds must
  /// be read, or they would lead the fuzzer nowhere.
  @Test(arguments: FuzzTarget.all.map(\.name))
  func replay(_ name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    let scratch = try ScratchFolder()
    let inputs = try Self.names(in: "\(Self.corpora)/\(name)")
    #expect(inputs.contains { $0.hasPrefix("seed-") })
    for input in inputs {
      let bytes = try ByteFile.read("\(Self.corpora)/\(name)/\(input)")
      do {
        let refusal = try target.run(bytes, folder: scratch.path)
        #expect(refusal == nil || !input.hasPrefix("seed-"), "\(input): \(refusal ?? "")")
      } catch {
        Issue.record("\(input): \(error)")
      }
    }
  }
}
