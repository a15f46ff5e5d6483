import Autograd
import Kernels
import Processes

/// What a shard contributes to a loss over the whole batch.
public struct ShardFeatures {
  /// The shard's share of the step's scalars. Loss terms of single texts are on its tape already.
  public var scalars: Scalars
  /// Tensors on the shard's tape with one row per text, in the order of its texts. Every shard
  /// gives the same number of them, with the same widths.
  public var features: [Tensor]

  /// The scalars and features of a shard.
  public init(scalars: Scalars = Scalars(), features: [Tensor]) {
    self.scalars = scalars
    self.features = features
  }
}

extension StepContext {
  /// Runs a step with a loss that couples the batch's texts, such as in-batch negatives: `body`
  /// once per shard, then `joint` once over the features of all texts, then all backward passes.
  /// Neither the loss nor the gradients depend on how the batch was split.
  ///
  /// If several processes share the run, each has the features of all shards and does the joint
  /// part on its own, which is the same on all of them.
  ///
  /// Every shard's activations live until its backward pass, so micro-batches save no memory here.
  ///
  /// - Parameters:
  ///   - body: forward passes on the shard's tape; must not call `backward()`.
  ///   - joint: gets the features, each [texts of the batch, width] in the order of the batch, and
  ///     a tape that is bound like the shards' own. It returns the scalars of its loss terms. A
  ///     feature has a gradient if any shard's part of it does.
  /// - Returns: the sums over shards, plus the scalars of `joint`.
  /// - Throws: whatever `body` and `joint` throw, `TrainingError`, `ProcessError`.
  public func forEachShard(
    _ body: @Sendable (Shard, Tape) throws -> ShardFeatures,
    joint: (_ tape: Tape, _ features: [Tensor]) throws -> Scalars
  ) throws -> Scalars {
    try checkShards()
    let passes = try LastPasses(self, passes: 1)
    let opened = ResultSlots<OpenShard>(count: shards.count)
    try pool.run(count: lanes.count) { number in
      for (index, shard) in shards.enumerated() where shard.lane == firstLane + number {
        let tape = tape(lanes[number], index: index)
        passes.watch(tape, shard: index, lane: number)
        opened[index] = OpenShard(tape: tape, result: try body(shard, tape))
      }
    }
    let all = try gather(
      shards.indices.map { opened[$0].map { GatheredFeatures($0.result) } },
      write: { $0.write(to: &$1) }, read: { try GatheredFeatures(reading: &$0) })
    var sum = Scalars()
    for shard in all { sum.add(shard.scalars) }

    // A number that no shard has names its draws. Its weight gradients count once.
    let jointTape = tape(lanes[0], index: shards.count, isBound: firstLane == 0)
    let features = (0..<(all.first?.features.count ?? 0)).map { number in
      gathered(all.map { $0.features[number] }, on: jointTape)
    }
    sum.add(try joint(jointTape, features))
    jointTape.backward()

    let gradients = features.map { JointGradient(matrix: $0.leafGradient) }
    try pool.run(count: lanes.count) { number in
      for (index, shard) in shards.enumerated() where shard.lane == firstLane + number {
        guard let open = opened[index] else { continue }
        for (feature, gradient) in zip(open.result.features, gradients) {
          guard let all = gradient.matrix, feature.requiresGradient else { continue }
          let own = open.tape.pool.matrix(shard.count, all.columns)
          Kernel.gatherRows(all, shard.places, into: own)
          open.tape.send(own, to: feature)
        }
        open.tape.backward()
        try passes.check(open.tape, shard: index, lane: number)
      }
    }
    return sum
  }

  /// The shards' rows of a feature in the order of the batch's texts.
  private func gathered(
    _ parts: [GatheredFeatures.Feature], on tape: Tape
  ) -> Tensor {
    let all = tape.pool.matrix(count, parts.first?.value.columns ?? 0)
    for (shard, part) in zip(shards, parts) {
      for (row, place) in shard.places.enumerated() {
        all.rows(place..<place + 1).copy(from: part.value.rows(row..<row + 1))
      }
    }
    return parts.contains(where: \.requiresGradient) ? tape.leaf(all) : tape.constant(all)
  }
}

/// What a shard of any process contributes.
private struct GatheredFeatures {
  typealias Feature = (value: Matrix, requiresGradient: Bool)

  let scalars: Scalars
  var features: [Feature]

  init(_ own: ShardFeatures) {
    scalars = own.scalars
    features = own.features.map { ($0.value, $0.requiresGradient) }
  }

  /// - Throws: `ProcessError`.
  init(reading message: inout MessageReader) throws {
    scalars = try Scalars(reading: &message)
    features = try (0..<message.int()).map { _ in
      (try message.matrix(), try message.int() == 1)
    }
  }

  func write(to message: inout MessageWriter) {
    scalars.write(to: &message)
    message.add(features.count)
    for feature in features {
      message.add(feature.value)
      message.add(feature.requiresGradient ? 1 : 0)
    }
  }
}

/// A shard between its forward and its backward pass. Only one task at a time holds it.
private struct OpenShard: @unchecked Sendable {
  let tape: Tape
  let result: ShardFeatures
}

/// A gradient that the shards read in parallel.
private struct JointGradient: Sendable {
  let matrix: Matrix?
}
