import Data
import Files
import Testing

/// Rows that are drawn or held out.
@Suite("Drawing rows")
struct RowDrawTests {
  /// 60 rows of class 0, 30 of class 1 and 10 of class 2, mixed.
  private static let text: TextDataset = {
    var text = TextDataset(source: "train", task: .mnli, isPair: false)
    for row in 0..<100 {
      let label: Int32 = row % 10 < 6 ? 0 : row % 10 < 9 ? 1 : 2
      text.append(Array("row \(row)".utf8)[...], nil, label: .class(label), line: row + 2)
    }
    return text
  }()

  private static func counts(_ rows: [Int]) -> [Int] {
    (0..<3).map { label in
      rows.count { text.label($0) == .class(Int32(label)) }
    }
  }

  @Test("a share of every class, by the seed")
  func heldOut() {
    let (rest, heldOut) = RowDraw.heldOut(0.2, of: Self.text, seed: 1)
    #expect((rest + heldOut).sorted() == Array(0..<100))
    #expect(Self.counts(heldOut) == [12, 6, 2])
    #expect(heldOut == heldOut.sorted() && rest == rest.sorted())
    #expect(RowDraw.heldOut(0.2, of: Self.text, seed: 1).heldOut == heldOut)
    #expect(RowDraw.heldOut(0.2, of: Self.text, seed: 2).heldOut != heldOut)
    // 25 rows are 15, 7.5 and 2.5: the larger class of equal remainders gets the odd one.
    #expect(Self.counts(RowDraw.heldOut(0.25, of: Self.text, seed: 1).heldOut) == [15, 8, 2])
  }

  @Test("so many rows of every class")
  func perClass() throws {
    let rows = try RowDraw.rows(perClass: 7, of: Self.text, seed: 3)
    #expect(Self.counts(rows) == [7, 7, 7] && rows == rows.sorted())
    #expect(try RowDraw.rows(perClass: 7, of: Self.text, seed: 4) != rows)
    let error = #expect(throws: FileError.self) {
      try RowDraw.rows(perClass: 11, of: Self.text, seed: 3)
    }
    #expect(error?.problem.contains("\"contradiction\" has only 10 rows") == true)
    let unlabelled = TextDataset(texts: ["a", "b"])
    #expect(throws: FileError.self) { try RowDraw.rows(perClass: 1, of: unlabelled, seed: 1) }
  }

  @Test("so many rows of all, each as likely as the others")
  func rows() {
    #expect(RowDraw.rows(5, of: 3, seed: 1) == [0, 1, 2])
    var drawn = [Int](repeating: 0, count: 20)
    for seed in UInt64(0)..<2000 {
      let rows = RowDraw.rows(5, of: 20, seed: seed)
      #expect(rows.count == 5 && Set(rows).count == 5)
      for row in rows { drawn[row] += 1 }
    }
    // 500 each; the standard deviation of a binomial of 2000 and 1/4 is 19.4, and six of them are
    // exceeded once in 10^9.
    #expect(drawn.allSatisfy { abs($0 - 500) < 117 }, "\(drawn)")
  }

  @Test("selected rows keep text, label and line")
  func selecting() {
    let some = Self.text.selecting([9, 0])
    #expect(some.count == 2 && some.line(0) == 11 && some.label(0) == .class(2))
    #expect(some.first(1).elementsEqual("row 0".utf8))
    #expect(some.classNotice == "train: no row has the label \"neutral\"")
    #expect(
      Self.text.selecting([0, 1, 2]).classNotice
        == "train: all 3 rows have the label \"entailment\"; there is nothing to tell apart")
  }
}
