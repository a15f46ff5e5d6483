import Data
import Inference
import Kernels
import Methods
import Models
import StrictJSON
import Trainers

/// The memory that a run will have in use at its peak, by what it is for.
///
/// Every array that a run takes is counted with its size; nothing is a factor that was found by
/// trying, except what the allocator and threads take. docs/performance.md compares the sums with
/// measured peaks. What a method keeps beside the passes of its models, such as banks of vectors or
/// the states of all layers, is not counted.
package struct MemoryEstimate: CustomStringConvertible {
  /// Bytes by name. They are in use at the same time.
  package private(set) var parts: [(name: String, bytes: Double)] = []

  /// All of it.
  package var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }

  /// What is not in use yet.
  package var missing: Double { bytes - held }

  private let held: Double

  /// An estimate for models that are open and data that is read.
  ///
  /// - Parameters:
  ///   - models: all models of the run.
  ///   - data: the training rows as the learner reads them.
  ///   - held: bytes that the process has in use now.
  init(
    _ objective: any Objective, models: [RunModel], data: TokenizedDataset, setup: RunSetup,
    held: Int = MemoryLimit.resident
  ) {
    self.held = Double(held)
    let arguments = setup.arguments
    let trained = objective.trainedModels
    let counts = trained.map { $0.allParameters.reduce(0) { $0 + $1.count } }
    let moments = 2 * counts.reduce(0) { $0 + Self.bytes($1) }
    let batch = arguments.perDeviceTrainBatchSize
    // As TrainingSession has it.
    let all = min(setup.shards, batch * arguments.gradientAccumulationSteps)
    let lanes = (all + setup.group.count - 1) / setup.group.count
    parts = [
      ("held now", Double(held)), ("moments", moments),
      ("gradients", Double(lanes) * Self.bytes(counts.max() ?? 0)),
    ]
    let best = arguments.loadBestModelAtEnd ? Self.bytes(trained[0].parameters.count) : 0
    if best > 0 { parts.append(("best weights", best)) }

    let masks = Self.masks(setup)
    let passes = Passes(
      trained: trained,
      models: models.map { model in
        (
          model.model,
          Self.longestShard(
            of: data, readAs: model.texts, arguments, lanes: all, masks: masks),
          model.texts == nil
        )
      })
    parts.append(("activations", Double(lanes) * passes.pool.bytes))
    // All threads help with every product.
    let precisions = setup.precision == .bf16 ? 2 : 1
    parts.append(
      ("matrix products", 4 * Double(precisions * setup.pool.threads * Kernel.panelFloats)))
    let longest = data.lengths.max() ?? 0
    let learners = models.filter { $0.texts == nil }.map(\.model)
    let evaluations =
      [Inference.bytes(learners, longest: longest, setup.pool)]
      + models.compactMap { model in
        model.texts.map {
          Inference.bytes([model.model], longest: $0.lengths.max() ?? 0, setup.pool)
        }
      }
    let probe = (objective as? any AdversarialMethod)?.adversary.probe.map {
      Self.bytes(of: $0, models: models, masks: masks)
    }
    parts.append(("evaluation", max(evaluations.max() ?? 0, probe ?? 0)))
    // Until it is on the disk.
    var weights: [ObjectIdentifier: Double] = [:]
    for parameters in trained.flatMap(\.allParameters) {
      weights[ObjectIdentifier(parameters)] = Self.bytes(parameters.count)
    }
    parts.append(("copy for a checkpoint", weights.values.reduce(0, +) + moments + best))
  }

  /// The bytes of a buffer of its own.
  private static func bytes(_ count: Int) -> Double {
    4 * Double(BufferPool.capacity(for: count))
  }

  /// What the models take on an adversary's probe texts, for which each lane has a pool of its own,
  /// beside that of training: the generator's words, then the answers of student and teacher.
  private static func bytes(of probe: ProbeTexts, models: [RunModel], masks: Double) -> Double {
    var lanes: [Int: PoolMemory] = [:]
    for shard in probe.split {
      for model in models {
        let lengths = shard.rows.enumerated().map { text, row in
          model.texts.map { $0.tokenIDs(row).count } ?? shard.tokens.range(text).count
        }
        let shape = PassMemory.Shape(lengths: lengths, masks: masks)
        lanes[shard.lane, default: PoolMemory()].serve(
          PassMemory(model.model, over: shape).forward + Passes.words(model.model, shape))
      }
    }
    return lanes.values.reduce(0) { $0 + $1.bytes }
  }

  /// The lengths of the texts of the largest shard that the data can make.
  ///
  /// - Parameter texts: the rows as a reader with another tokenizer cuts them; nil for one that
  ///   reads the learner's tokens.
  private static func longestShard(
    of data: TokenizedDataset, readAs texts: TokenizedDataset?, _ arguments: TrainingArguments,
    lanes: Int, masks: Double
  ) -> PassMemory.Shape {
    let batch = arguments.perDeviceTrainBatchSize
    if let texts {
      // Shards are made by the learner's tokens: the reader's longest texts may stand in one.
      let own = data.lengths
      let order = texts.lengths.enumerated().sorted { $0.element > $1.element }.prefix(batch)
      let loads = Shard.plan(
        lengths: order.map { own[$0.offset] }, lanes: lanes,
        maximumTokens: arguments.maxTokensPerBatch
      ).map { $0.places.map { order[$0].element } }
      return PassMemory.Shape(
        lengths: loads.max { $0.reduce(0, +) < $1.reduce(0, +) } ?? [], masked: 0)
    }
    let longest = data.lengths.sorted(by: >).prefix(batch)
    let loads = Shard.plan(lengths: Array(longest), lanes: lanes, maximumTokens: .max).map {
      $0.places.map { longest[$0] }
    }
    // A load above the maximum is split evenly; that of another batch may be just below it.
    var texts = loads.max { $0.reduce(0, +) < $1.reduce(0, +) } ?? []
    while texts.count > 1, texts.reduce(0, +) > arguments.maxTokensPerBatch { texts.removeLast() }
    return PassMemory.Shape(lengths: texts, masks: masks)
  }

  /// The share of tokens that a language model fills.
  private static func masks(_ setup: RunSetup) -> Double {
    let c = setup.resolved()
    return c["method"]?["mask_probability"]?.double ?? c["mlm"]?["mlm_probability"]?.double ?? 0
  }

  /// In megabytes or gigabytes.
  package var description: String { MemoryLimit.text(bytes) }

  /// Compares the estimate with what there is.
  ///
  /// - Returns: a sentence if it may be too much.
  /// - Throws: `MemoryShortage` if it certainly is.
  package func check(limits: [MemoryLimit] = MemoryLimit.all()) throws(MemoryShortage) -> String? {
    try MemoryShortage.check(
      max(0, missing), for: "the run (\(self) at its peak)",
      advice: "take a smaller train.max_tokens_per_batch or train.per_device_train_batch_size, "
        + "fewer shards, or a smaller model",
      limits: limits)
  }
}

extension PassMemory.Shape {
  /// A shard of texts in which a share of the tokens is masked. Masks are drawn; this is two
  /// standard deviations more than is expected.
  fileprivate init(lengths: [Int], masks: Double) {
    let tokens = Double(lengths.reduce(0, +))
    let masked = tokens * masks + 2 * (tokens * masks * (1 - masks)).squareRoot()
    self.init(lengths: lengths, masked: min(Int(tokens), Int(masked)))
  }
}

/// The passes of an update, in every turn of a run.
private struct Passes {
  /// The pool of a lane.
  var pool = PoolMemory()

  /// - Parameter models: their texts, and whether they read the learner's tokens.
  init(
    trained: [TrainedModel],
    models: [(model: any Model, shard: PassMemory.Shape, readsTokens: Bool)]
  ) {
    let main = trained[0].parameters
    var seen: [ObjectIdentifier] = []
    for turn in trained where !seen.contains(ObjectIdentifier(turn.parameters)) {
      seen.append(ObjectIdentifier(turn.parameters))
      let passes = models.map { model, shard, readsTokens in
        (
          model: model, shard: shard, readsTokens: readsTokens,
          memory: PassMemory(model, over: shard)
        )
      }
      guard let own = passes.first(where: { $0.model.parameters === turn.parameters }) else {
        continue
      }
      let others = passes.filter { $0.model.parameters !== turn.parameters }
      let ownWords = Self.words(own.model, own.shard)
      if turn.parameters === main {
        // Teacher and generator have done their work when the student begins.
        for other in others {
          pool.serve(other.memory.forward + Self.words(other.model, other.shard))
        }
        pool.serve(own.memory.kept(training: true) + ownWords + own.memory.transient)
      } else {
        // No gradient passes through a teacher that reads decoded texts.
        for other in others where !other.readsTokens { pool.serve(other.memory.forward) }
        // An adversary learns through all other models: the soft weights of its words, and their
        // gradient.
        pool.serve(
          own.memory.kept(training: true) + ownWords + ownWords + own.memory.transient
            + others.filter(\.readsTokens).flatMap {
              $0.memory.kept(training: $0.model.parameters === main)
            })
      }
    }
  }

  /// A number for every word at every masked token, beside the logits.
  static func words(_ model: any Model, _ shard: PassMemory.Shape) -> [Int] {
    model is MaskedLanguageModel ? [shard.masked * model.encoder.configuration.vocabularySize] : []
  }
}
