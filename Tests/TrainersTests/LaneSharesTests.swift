import TestSupport
import Testing
import Trainers

/// How lanes lie on processes.
@Suite struct LaneSharesTests {
  /// Which lanes are added in which order, as a text such as `((0 1) 2)`.
  private func order(_ shares: LaneShares) -> String {
    func own(_ node: Range<Int>) -> String {
      var parts = node.map { "\($0)" }
      while parts.count > 1 {
        parts = stride(from: 0, to: parts.count, by: 2).map {
          $0 + 1 < parts.count ? "(\(parts[$0]) \(parts[$0 + 1]))" : parts[$0]
        }
      }
      return parts[0]
    }
    var sums = (0..<shares.processes).flatMap { shares.nodes(of: $0) }.map(own)
    for (into, from) in shares.additions { sums[into] = "(\(sums[into]) \(sums[from]))" }
    return sums[0]
  }

  @Test func theOrderDoesNotDependOnProcesses() {
    #expect(order(LaneShares(lanes: 5, processes: 1)) == "(((0 1) (2 3)) 4)")
    for lanes in 1...17 {
      let whole = order(LaneShares(lanes: lanes, processes: 1))
      for processes in 1...lanes {
        #expect(order(LaneShares(lanes: lanes, processes: processes)) == whole)
      }
    }
  }

  @Test func everyLaneHasAProcess() {
    for (lanes, processes) in [(12, 3), (12, 5), (4, 3), (7, 7)] {
      let shares = LaneShares(lanes: lanes, processes: processes)
      let own = (0..<processes).map { shares.lanes(of: $0) }
      #expect(own.flatMap { Array($0) } == Array(0..<lanes))
      #expect(own.map(\.count).max() ?? 0 <= (own.map(\.count).min() ?? 0) + 1)
      for rank in 0..<processes {
        #expect(shares.nodes(of: rank).flatMap { Array($0) } == Array(own[rank]))
      }
    }
  }

  @Test(arguments: [(1, 2), (3, 1), (3, 4), (4, 4), (5, 8)])
  func lanesInPowersOfTwoMakeASingleSum(processes: Int, each: Int) {
    let shares = LaneShares(lanes: processes * each, processes: processes)
    for rank in 0..<processes { #expect(shares.nodes(of: rank).count == 1) }
  }
}
