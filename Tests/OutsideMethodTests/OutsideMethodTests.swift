import Methods
import Models
import Testing

/// The method of `Examples/own-method`, a link to its file: like another package, this target sees
/// what is public, and nothing else.
@Suite(.serialized) struct OutsideMethodTests {
  @Test func registeredMethodsAreFoundByName() throws {
    let before = MethodRegistry.all.map(\.name)
    try MethodRegistry.register(LastState.description)
    #expect(MethodRegistry.all.map(\.name) == before + ["last-state"])
    #expect(MethodRegistry.named("last-state")?.summary.hasPrefix("logits") == true)
    let again = #expect(throws: MismatchError.self) {
      try MethodRegistry.register(LastState.description)
    }
    #expect(again?.description.contains("last-state") == true)
  }

  @Test func methodsOfThePackageKeepTheirNames() {
    #expect(throws: MismatchError.self) {
      try MethodRegistry.register(
        MethodDescription(name: "kd", summary: "") { _ in { _ in throw Unused() } })
    }
    #expect(MethodRegistry.all.count { $0.name == "kd" } == 1)
  }

  struct Unused: Error {}
}
