import Foundation
import Models
import TestSupport
import Testing

/// Names of models on the Hub that lie in the local cache. That the layout is that of
/// huggingface_hub is checked with the library itself by scripts/tests/hub-cache.test.sh.
@Suite struct HubCacheTests {
  @Test func environmentNamesTheFolder() {
    func folder(_ environment: [String: String]) -> String {
      HubCache(environment: environment.merging(["HOME": "/h"]) { $1 }).folder
    }
    #expect(folder([:]) == "/h/.cache/huggingface/hub")
    #expect(folder(["XDG_CACHE_HOME": "/x"]) == "/x/huggingface/hub")
    #expect(folder(["XDG_CACHE_HOME": "/x", "HF_HOME": "~/hf"]) == "/h/hf/hub")
    #expect(folder(["HF_HOME": "/hf", "HF_HUB_CACHE": "$HF_HOME/c"]) == "/hf/c")
    #expect(folder(["HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": ""]) == "/old")
  }

  @Test func snapshotOfTheMainRevision() throws {
    let scratch = try ScratchFolder()
    let cache = HubCache(environment: ["HF_HUB_CACHE": scratch.path])
    let model = "models--org--name"
    try scratch.write("{}", as: "\(model)/snapshots/abc1/config.json")
    try scratch.write("{}", as: "\(model)/snapshots/abc2/config.json")
    #expect(cache.snapshot(of: "org/name") == nil)
    try scratch.write("abc2\n", as: "\(model)/refs/main")
    #expect(cache.snapshot(of: "org/name") == "\(scratch.path)/\(model)/snapshots/abc2")
    #expect(cache.snapshot(of: "name") == nil)
    try scratch.write("../abc1", as: "\(model)/refs/main")
    #expect(cache.snapshot(of: "org/name") == nil)
    try scratch.write("abc3", as: "\(model)/refs/main")
    #expect(cache.snapshot(of: "org/name") == nil)
  }

  @Test func aDownloadThatWasCutOffCanGoOn() throws {
    let scratch = try ScratchFolder()
    let cache = HubCache(environment: ["HF_HUB_CACHE": scratch.path])
    try scratch.write("{}", as: "models--org--name/snapshots/abc1/config.json")
    try scratch.write("abc1", as: "models--org--name/refs/main")
    let folder = try #require(cache.snapshot(of: "org/name"))
    #expect {
      try Checkpoint(folder: folder)
    } throws: {
      "\($0)".hasSuffix("are expected; get the rest by: hf download org/name")
    }
    #expect {
      try Checkpoint(folder: scratch.path)
    } throws: {
      "\($0)".hasSuffix("are expected.")
    }
  }

  @Test(arguments: [
    ("bert-base-uncased", true), ("google-bert/bert-base-uncased", true), ("a/b/c", false),
    ("/a", false), ("a/", false), ("..", false), ("a..b", false), ("a--b", false), ("-a", false),
    ("a/.b", false), ("a b", false), ("", false), ("ä", false), ("a.git", false),
  ])
  func names(_ name: String, _ isName: Bool) {
    #expect(HubCache.isModelName(name) == isName)
  }
}
