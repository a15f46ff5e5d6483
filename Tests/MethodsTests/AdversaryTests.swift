import Autograd
import Data
import Glibc
import Kernels
import Methods
import Models
import TestSupport
import Testing
import Trainers

/// The adversary of MATE-KD and its relatives: its schedule, its controls and what is measured of
/// it.
@Suite struct AdversaryTests {
  private struct Game {
    let toy: ToyWorld
    let student, teacher: SequenceClassifier
    let generator: MaskedLanguageModel
    let setup: DistillationSetup

    init(dropout: Float = 0, totalSteps: Int = 12, isDetailed: Bool = true) throws {
      toy = try ToyWorld()
      student = toy.classifier(dropout: dropout, seed: 1)
      teacher = toy.classifier(layers: 2, dropout: dropout, seed: 2)
      generator = toy.generator(dropout: dropout, seed: 3)
      setup = DistillationSetup(
        student: student, teacher: teacher, generator: generator,
        maskID: toy.tokenizer.specialTokens.mask,
        teacherCache: TeacherCache(teacher: teacher, rows: toy.train.count),
        studentTraining: TrainedModel(student.parameters), totalSteps: totalSteps,
        labelSmoothing: 0, trainingRows: toy.train.count, tokenizer: toy.tokenizer,
        trainingTexts: toy.train,
        probe: ProbeTexts(
          toy.train, isDetailed: isDetailed, seed: 42, shards: 2, pool: toy.pool))
    }

    func mateKD(_ change: (inout MATEKD.Settings) -> Void = { _ in }) throws -> MATEKD {
      var settings = MATEKD.Settings()
      settings.adversary.generatorLearningRate = 1e-2
      change(&settings)
      return try MATEKD(setup, settings: settings)
    }

    /// x' of all texts in steps with these numbers, and the masked tokens of each.
    func filled(_ method: MATEKD, draws: Range<Int>) throws -> [AdversarialWords] {
      let driver = StepDriver(training: student.parameters, shards: 2)
      return draws.flatMap { draw in
        let step = driver.context(toy.train.batch(Array(0..<24)), number: draw)
        return step.shards.map { shard in
          let tape = Tape(pool: BufferPool(), seed: step.seed, step: draw, lane: shard.index)
          let (masked, ids) = method.adversary.words(of: shard, step: step, on: tape)
          return AdversarialWords(
            rows: masked, old: masked.map { shard.tokens.ids[$0] }, new: masked.map { ids[$0] })
        }
      }
    }
  }

  private struct AdversarialWords {
    let rows: [Int]
    let old, new: [Int32]
  }

  /// transformers' `get_linear_schedule_with_warmup` over all steps, which the official code
  /// advances with the generator: rate(k) = peak (1 - k / 1100) for 1000 updates of the student.
  @Test func theGeneratorsRateDecaysOverItsOwnUpdatesOrOverAll() throws {
    let game = try Game(totalSteps: 1000)
    func schedule(_ horizon: MaskedAdversary.Horizon) throws -> LearningRateSchedule {
      try game.mateKD {
        $0.adversary.generatorLearningRate = 5e-7
        $0.adversary.generatorHorizon = horizon
      }.trainedModels[1].schedule
    }
    let (own, all) = try (schedule(.generator), schedule(.all))
    #expect(own.totalSteps == 100 && all.totalSteps == 1100)
    #expect(own.rate(at: 100) == 0)
    for update in [0, 50, 99] {
      #expect(
        Roundings.agree(
          all.rate(at: update), 5e-7 * (1 - Double(update) / 1100), roundings: 8))
    }
    // How far the generator can travel: the sum of its rates is nearly twice as large.
    let travel = [own, all].map { schedule in
      (0..<100).reduce(0) { $0 + schedule.rate(at: $1) }
    }
    #expect(travel[1] / travel[0] > 1.88 && travel[1] / travel[0] < 1.9)
  }

  @Test func theKeysAreRead() throws {
    let settings = try MATEKD.Settings(
      methodSection(#"{"generator_lr_horizon": "all", "fill": "top-k", "fill_top_k": 3}"#))
    #expect(settings.adversary.generatorHorizon == .all)
    #expect(settings.adversary.fill == .topK && settings.adversary.fillLikeliest == 3)
    let plain = try MATEKD.Settings(methodSection("{}"))
    #expect(plain.adversary.generatorHorizon == .generator && plain.adversary.fill == .adversarial)
  }

  @Test func aControlNeverTrainsTheGenerator() throws {
    let game = try Game()
    for kind in MaskFill.Kind.allCases {
      let method = try game.mateKD { $0.adversary.fill = kind }
      let trains = kind == .adversarial
      #expect(method.adversary.trainsGenerator == trains)
      #expect((0..<20).contains { method.turn(batch: $0) == 1 } == trains)
      // A generator without a turn has no optimiser.
      #expect(method.trainedModels.count == (trains ? 2 : 1))
    }
  }

  @Test func sampledWordsAreThoseOfAGeneratorThatIsNotTrained() throws {
    let game = try Game(dropout: 0.1)
    func step(_ change: (inout MATEKD.Settings) -> Void) throws -> ([Float], Double) {
      let driver = StepDriver(training: game.student.parameters, shards: 2)
      let scalars = try game.mateKD(change).loss(
        driver.context(game.toy.train.batch(Array(0..<9)), number: 4))
      return (driver.gradients, scalars["loss"])
    }
    let sampled = try step { $0.adversary.fill = .sampled }
    let fixed = try step { $0.adversary.generatorSteps = 0 }
    #expect(sampled.0 == fixed.0 && sampled.1 == fixed.1)
    let others = try [MaskFill.Kind.topK, .unigram, .uniform, .mask].map { kind in
      try step { $0.adversary.fill = kind }.1
    }
    #expect(Set(others + [sampled.1]).count == 5)
  }

  @Test func whatTheControlsFillIn() throws {
    let game = try Game()
    let special = Set(game.toy.tokenizer.specialTokens.all)
    func words(_ kind: MaskFill.Kind, likeliest: Int = 10, draws: Int = 40) throws
      -> [AdversarialWords]
    {
      try game.filled(
        game.mateKD {
          $0.adversary.fill = kind
          $0.adversary.fillLikeliest = likeliest
        }, draws: 0..<draws)
    }
    let mask = game.toy.tokenizer.specialTokens.mask
    #expect(try words(.mask).allSatisfy { $0.new.allSatisfy { $0 == mask } })

    // Uniform: every word of the vocabulary sooner or later, no special one.
    let uniform = try words(.uniform, draws: 200).flatMap(\.new)
    let vocabulary = (0..<Int32(game.toy.tokenizer.vocabularySize)).filter { id in
      !special.contains(id)
        && game.toy.tokenizer.token(for: id)?.hasPrefix("[unused") == false
    }
    #expect(Set(uniform) == Set(vocabulary))

    // Unigram: as frequent as in the training texts, within six standard deviations.
    let unigram = try words(.unigram, draws: 200).flatMap(\.new)
    let batch = game.toy.train.batch(Array(0..<game.toy.train.count))
    let ordinary = zip(batch.tokens.ids, batch.isSpecial).filter { !$1 }.map(\.0)
    let word = try #require(
      Dictionary(grouping: ordinary) { $0 }.max {
        ($0.value.count, $1.key) < ($1.value.count, $0.key)
      }
    )
    let share = Double(word.value.count) / Double(ordinary.count)
    let trials = Double(unigram.count)
    let found = Double(unigram.count { $0 == word.key })
    #expect(abs(found - share * trials) < 6 * (trials * share * (1 - share)).squareRoot())
    #expect(Set(unigram).isSubset(of: Set(ordinary)))

    // The likeliest word alone is the generator's arg max, without noise.
    let best = try words(.topK, likeliest: 1, draws: 1)
    let driver = StepDriver(training: game.student.parameters, shards: 2)
    let shards = driver.context(game.toy.train.batch(Array(0..<24))).shards
    for (shard, words) in zip(shards, best) {
      var tokens = shard.tokens
      for row in words.rows { tokens.ids[row] = mask }
      let logits = game.generator.logits(
        tokens, rows: words.rows, tape: Tape(pool: BufferPool()), training: false)
      #expect(Kernel.argmaxRows(logits.value) == words.new)
    }
  }

  @Test func aControlWithoutWhatItNeedsIsRefused() throws {
    let game = try Game()
    let bare = game.toy.setup(
      student: game.student, teacher: game.teacher, generator: game.generator)
    for kind in [MaskFill.Kind.unigram, .uniform] {
      var settings = MATEKD.Settings()
      settings.adversary.fill = kind
      let error = #expect(throws: MismatchError.self) { try MATEKD(bare, settings: settings) }
      #expect(error?.description.contains("fill \"\(kind.rawValue)\" needs") == true)
    }
  }

  @Test func driftIsTheDistanceFromTheBeginning() throws {
    let game = try Game(isDetailed: false)
    let method = try game.mateKD()
    func drift() throws -> Double {
      let found = try method.diagnostics()
      #expect(found.map(\.name) == ["generator_drift"])
      return found[0].value
    }
    #expect(try drift() == 0)
    let weights = game.generator.parameters
    let matrix = Matrix(weights.buffer, rows: 1, columns: weights.count)
    for place in [0, 5, 9] { matrix[0, place] += 2 }
    // The square root of 3 times 2^2, but for the roundings of the weights themselves.
    #expect(abs(try drift() - 12.0.squareRoot()) < 1e-5)
    #expect(try game.mateKD { $0.adversary.generatorSteps = 0 }.diagnostics().isEmpty)
  }

  /// What the probe texts tell, computed again from the examples.
  @Test func probeNumbersAreThoseOfTheExamples() throws {
    let game = try Game()
    let method = try game.mateKD { $0.adversary.maskProbability = 0.6 }
    let examples = try method.adversary.examples()
    #expect(examples.count == 24 && examples.map(\.row) == Array(0..<24))
    let found = Dictionary(
      uniqueKeysWithValues: try method.diagnostics().map { ($0.name, $0.value) })
    func softmax(_ logits: [Float]) -> [Double] {
      let weights = logits.map { exp(Double($0)) }
      return weights.map { $0 / weights.reduce(0, +) }
    }
    func divergence(_ teacher: [Float], _ student: [Float]) -> Double {
      zip(softmax(teacher), softmax(student)).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
    }
    let hostile = examples.reduce(0) {
      $0 + divergence($1.adversarialTeacher, $1.adversarialStudent)
    }
    let clean = examples.reduce(0) { $0 + divergence($1.teacher, $1.student) }
    #expect(Network.ofMethods.agrees(found["probe_divergence"] ?? .nan, hostile / 24))
    #expect(Network.ofMethods.agrees(found["probe_clean_divergence"] ?? .nan, clean / 24))
    let flips = examples.count {
      ($0.teacher[0] < $0.teacher[1]) != ($0.adversarialTeacher[0] < $0.adversarialTeacher[1])
    }
    #expect(found["probe_label_flips"] == Double(flips) / 24)
    var (own, masked, words) = (0.0, 0.0, 0.0)
    var expected: [Double] = []
    for example in examples where !example.masked.isEmpty {
      var ids = example.tokens
      for place in example.masked { ids[place] = game.setup.maskID }
      let logits = game.generator.logits(
        PackedTokens(ids: ids, typeIDs: ids.map { _ in 0 }, offsets: [0, ids.count]),
        rows: example.masked, tape: Tape(pool: BufferPool()), training: false)
      for (row, place) in example.masked.enumerated() {
        let probabilities = softmax(logits.value.rows(row..<row + 1).values)
        own -= log(probabilities[Int(example.adversarialTokens[place])])
        masked -= log(probabilities[Int(example.tokens[place])])
        words += 1
        expected.append(-probabilities.reduce(0) { $0 + $1 * log($1) })
      }
      let changed = example.tokens.indices.filter {
        example.tokens[$0] != example.adversarialTokens[$0]
      }
      #expect(Set(changed).isSubset(of: Set(example.masked)))
    }
    // Shards hold the texts in another order; the places are the same.
    let entropies = try method.adversary.entropies().sorted()
    #expect(entropies.count == expected.count && !expected.isEmpty)
    for (found, expected) in zip(entropies, expected.sorted()) {
      #expect(Network.ofMethods.agrees(found, expected))
    }
    #expect(Network.ofMethods.agrees(found["probe_generator_loss"] ?? .nan, own / words))
    #expect(Network.ofMethods.agrees(found["probe_masked_word_loss"] ?? .nan, masked / words))
  }

  @Test func measuringChangesNothing() throws {
    /// The weights of student and generator after a run that is evaluated after every update.
    func train(isDetailed: Bool) throws -> ([Weights], [LogEntry]) {
      let game = try Game(dropout: 0.1, isDetailed: isDetailed)
      var settings = CILDA.Settings()
      settings.contrast.bankSize = 6
      settings.contrast.width = 4
      settings.projectionTraining = .own
      settings.adversary.generatorLearningRate = 1e-2
      (settings.adversary.generatorSteps, settings.adversary.studentSteps) = (2, 2)
      let method = try CILDA(game.setup, settings: settings)
      let observer = SilentObserver()
      _ = try game.toy.run(
        method,
        TrainingArguments(
          perDeviceTrainBatchSize: 4, maxSteps: 5, evalStrategy: .steps, evalSteps: 1),
        observer: observer
      ) { [("accuracy", 0.5)] }
      return (
        [game.student.parameters.weights, game.generator.parameters.weights],
        observer.evaluated.map(\.entry)
      )
    }
    let (plain, detailed) = try (train(isDetailed: false), train(isDetailed: true))
    #expect(plain.0 == detailed.0)
    #expect(plain.1[4]["eval_probe_divergence"] == nil)
    let last = detailed.1[4]
    #expect((last["eval_probe_contrastive_ratio"] ?? 0) > 0)
    let drifts = detailed.1.compactMap { $0["eval_generator_drift"] }
    #expect(drifts.count == 5 && drifts[4] > 0)
    #expect(plain.1[4]["eval_generator_drift"] == drifts[4])
  }

  /// The ratio is one of gradients: it grows with the weight of the contrastive term.
  @Test func theContrastiveRatioFollowsTheWeights() throws {
    func ratio(_ divergence: Double, _ contrastive: Double) throws -> Double {
      let game = try Game()
      var settings = CILDA.Settings()
      settings.contrast.temperature = 0.5
      (settings.generatorDivergence, settings.generatorContrastive) = (divergence, contrastive)
      let found = try CILDA(game.setup, settings: settings).diagnostics()
      return found.first { $0.name == "probe_contrastive_ratio" }?.value ?? .nan
    }
    let one = try ratio(0.5, 0.5)
    #expect(one > 0 && one.isFinite)
    // The same gradients scaled by exact powers of two, up to the roundings of sums.
    #expect(Network.ofMethods.agrees(try ratio(0.25, 0.5), 2 * one, evaluations: 2))
    #expect(try ratio(0.5, 0) == 0)
  }
}
