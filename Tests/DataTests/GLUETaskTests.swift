import Data
import Testing

@Suite("GLUE tasks")
struct GLUETaskTests {
  @Test("real RTE is complete")
  func rte() throws {
    guard let glue = TestFiles.shared("data/glue") else { return }
    for (split, rows, entailed) in [
      (Split.train, 2490, 1249), (.validation, 277, 146), (.test, 3000, 0),
    ] {
      let dataset = try DatasetReader.read(task: .rte, split: split, directory: glue)
      #expect(dataset.count == rows)
      #expect((0..<rows).count { dataset.label($0) == .class(0) } == entailed)
      #expect(dataset.second(rows - 1)?.isEmpty == false)
    }
  }
}
