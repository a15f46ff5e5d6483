import Data
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// How a batch is split among lanes and into pieces, and that the split changes no number.
@Suite struct ShardTests {
  /// The draws of more shards than this would have the names of others.
  @Test func aBatchOfTooManyShardsIsAnError() throws {
    let shards = Shard.split(
      batch(Array(repeating: 1, count: 4096)), lanes: 1, maximumTokens: 1)
    func step(_ count: Int) throws {
      let context = StepContext(
        batchNumber: 0, turn: 0, shards: Array(shards[..<count]), count: count, share: 1, seed: 1,
        lanes: [], pool: ThreadPool(threads: 1), trained: [], drawNumber: 0)
      _ = try context.forEachShard { _, _ in Scalars() }
    }
    try step(4095)
    let error = #expect(throws: TrainingError.tooManyShards(4096)) { try step(4096) }
    #expect(error?.description.contains("max_tokens_per_batch") == true)
  }

  /// A batch of texts with the given lengths; a token's id is its place in the batch.
  private func batch(_ lengths: [Int]) -> PackedBatch {
    var batch = PackedBatch()
    let total = lengths.reduce(0, +)
    batch.tokens = PackedTokens(
      ids: (0..<total).map { Int32($0) }, typeIDs: Array(repeating: 0, count: total),
      offsets: lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) })
    batch.rows = Array(lengths.indices)
    batch.targets = .classes(lengths.indices.map { Int32($0 % 2) })
    batch.isSpecial = Array(repeating: false, count: total)
    return batch
  }

  @Test(arguments: [
    ([5], 1, 3), ([3, 3, 3], 2, 3), ([1, 9, 2, 8, 3, 7], 2, 10), ([4, 4, 4, 4, 4], 1, 8),
    (Array(repeating: 128, count: 32), 2, 512), ((1...40).map { $0 }, 3, 64),
  ])
  func everyTextOnceAndWithinTheBudget(lengths: [Int], lanes: Int, budget: Int) {
    let shards = Shard.split(batch(lengths), lanes: lanes, maximumTokens: budget)
    #expect(shards.map(\.index) == Array(shards.indices))
    #expect(shards.flatMap(\.places).sorted() == Array(lengths.indices))
    #expect(shards.map(\.lane) == shards.map(\.lane).sorted())
    #expect(Set(shards.map(\.lane)).count == min(lanes, lengths.count))
    for shard in shards {
      #expect(shard.tokens.ids.count <= budget || shard.count == 1)
      #expect(shard.count > 0)
    }
  }

  @Test func piecesOfALaneAreAlike() {
    // 1,300 tokens in a budget of 512 are three pieces of about 433, not 512, 512 and 276.
    let shards = Shard.split(batch(Array(repeating: 10, count: 130)), lanes: 1, maximumTokens: 512)
    #expect(shards.map(\.tokens.ids.count) == [430, 440, 430])
  }

  @Test func withoutBudgetALaneHasOneShard() {
    let shards = Shard.split(batch((1...20).map { $0 }), lanes: 4)
    #expect(shards.count == 4 && shards.map(\.lane) == [0, 1, 2, 3])
  }

  @Test(arguments: [1, 20, 64])
  func microBatchesChangeNeitherLossNorGradients(budget: Int) throws {
    let toy = try ToyWorld()
    let (method, student, _, _) = try toy.mateKD { $0.adversary.maskProbability = 0 }
    let batch = toy.train.batch(Array(0..<12))
    func step(_ maximumTokens: Int) throws -> (loss: Double, gradients: [Float], shards: Int) {
      let driver = StepDriver(training: student.parameters, shards: 2)
      let context = driver.context(batch, maximumTokens: maximumTokens)
      return (try method.loss(context)["loss"], driver.gradients, context.shards.count)
    }
    let whole = try step(Int.max)
    let pieces = try step(budget)
    #expect(pieces.shards > whole.shards)
    #expect(Network.ofMethods.agrees(pieces.loss, whole.loss, evaluations: 2))
    let largest = whole.gradients.map(abs).max() ?? 0
    #expect(largest > 0)
    #expect(Network.ofMethods.agree(pieces.gradients, whole.gradients))
  }

  @Test func microBatchesDependOnNoThread() throws {
    let toy = try ToyWorld()
    func run(threads: Int) throws -> Weights {
      let (method, student, _, _) = try toy.mateKD(dropout: 0.1) {
        $0.adversary.generatorSteps = 1
        $0.adversary.studentSteps = 2
      }
      _ = try toy.run(
        method,
        TrainingArguments(
          perDeviceTrainBatchSize: 8, maxTokensPerBatch: 24, maxSteps: 4, learningRate: 1e-3),
        shards: 2, threads: threads)
      return student.parameters.weights
    }
    #expect(try run(threads: 1) == run(threads: 2))
  }
}
