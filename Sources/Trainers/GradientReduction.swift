import Kernels
import Processes

/// Adds up the gradients that the lanes of a run have computed for one update, on whatever
/// processes they are.
///
/// Nothing else stands between the backward passes and the optimiser. Lanes are added in the order
/// of `LaneShares`, so the sum has the same bits however they lie on processes.
package struct GradientReduction: Sendable {
  let group: any ProcessGroup
  /// Where the sums that a process has begin among its lanes, and the lanes of each.
  let own: [Range<Int>]
  let additions: [(into: Int, from: Int)]
  /// Floats that go on their way together.
  let bucket: Int
  /// For each bucket that is on its way and each process, where its sums go.
  let received: [[[Buffer]]]

  /// How many buckets may be on their way to those that add them.
  private static let bucketsOnTheWay = 4

  /// A reduction of `lanes` lanes over the processes of a group.
  ///
  /// - Parameter capacity: the most gradients that there will be.
  package init(
    _ group: any ProcessGroup = SingleProcess(), lanes: Int, capacity: Int, bucket: Int
  ) {
    self.group = group
    self.bucket = bucket
    let shares = LaneShares(lanes: lanes, processes: group.count)
    let nodes = (0..<group.count).map { shares.nodes(of: $0) }
    let length = (min(bucket, capacity) + group.count - 1) / group.count
    let most = group.isShared ? min(Self.bucketsOnTheWay, (capacity + bucket - 1) / bucket) : 0
    received = (0..<most).map { _ in
      nodes.enumerated().map { rank, nodes in
        rank == group.rank ? [] : nodes.map { _ in Buffer(zeroed: length) }
      }
    }
    let first = shares.lanes(of: group.rank).lowerBound
    own = nodes[group.rank].map { $0.lowerBound - first..<$0.upperBound - first }
    additions = shares.additions
  }

  /// The sum of an update whose gradients are about to be computed.
  ///
  /// - Parameters:
  ///   - buffers: of the lanes that this process has.
  ///   - touched: which blocks of each buffer are not zero; empty if nobody knows.
  ///   - count: number of gradients.
  package func begin(
    _ buffers: [Buffer], touched: [TouchedBlocks] = [], count: Int
  ) -> GradientExchange {
    GradientExchange(self, buffers: buffers, touched: touched, count: count)
  }
}
