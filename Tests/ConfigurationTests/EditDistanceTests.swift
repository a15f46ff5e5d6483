import Configuration
import Testing

@Suite struct EditDistanceTests {
  @Test func editDistance() {
    #expect(EditDistance.between("", "") == 0)
    #expect(EditDistance.between("", "abc") == 3)
    #expect(EditDistance.between("kitten", "sitting") == 3)
    #expect(EditDistance.between("sede", "seed") == 1)
    #expect(
      EditDistance.nearest(to: "learning_rte", among: ["seed", "learning_rate"]) == "learning_rate")
    #expect(EditDistance.nearest(to: "zzz", among: ["seed", "learning_rate"]) == nil)
    #expect(EditDistance.nearest(to: "x", among: []) == nil)
    #expect(EditDistance.nearest(to: "MATE_KD", among: ["pkd", "mate-kd"]) == "mate-kd")
    #expect(EditDistance.nearest(to: "OUTPUTDIR", among: ["data", "output-dir"]) == "output-dir")
    #expect(EditDistance.nearest(to: "--", among: ["a", "-"]) != "a")
  }
}
