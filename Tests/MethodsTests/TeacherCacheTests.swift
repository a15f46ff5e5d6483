import Autograd
import Configuration
import Foundation
import Kernels
import Methods
import Models
import StrictJSON
import TestSupport
import Testing
import Trainers

/// The teacher's logits between runs.
@Suite struct TeacherCacheTests {
  /// Plain distillation for a few updates; returns the cache that was used.
  @discardableResult
  private func distil(
    _ toy: ToyWorld, teacher: SequenceClassifier, folder: String, steps: Int = 6
  ) throws -> (cache: TeacherCache, student: Weights) {
    let cache = try TeacherCache(
      teacher: teacher, data: toy.train, folder: folder, pool: toy.pool)
    let student = toy.classifier(seed: 1)
    let section = try ConfigDocument(["name": "kd"], file: "test").root
    _ = try section.string("name")
    let description = try #require(MethodRegistry.named("kd"))
    let method = try description.configure(section)(
      DistillationSetup(
        student: student, teacher: teacher, generator: nil, maskID: 4, teacherCache: cache,
        studentTraining: TrainedModel(student.parameters), totalSteps: steps, labelSmoothing: 0))
    let loop = Trainer(
      arguments: TrainingArguments(perDeviceTrainBatchSize: 4, maxSteps: steps), seed: 1,
      dataSeed: 1, shards: 2, pool: toy.pool)
    _ = try loop.run(
      method, data: toy.train, evaluate: nil, metric: ("loss", false), observer: SilentObserver())
    try cache.save()
    return (cache, student.parameters.weights)
  }

  @Test func secondRunReadsWhatTheFirstComputed() throws {
    let toy = try ToyWorld()
    let teacher = toy.classifier(seed: 2)
    let folder = "\(toy.scratch.path)/cache/deep"
    let first = try distil(toy, teacher: teacher, folder: folder)
    #expect(first.cache.rowsRead == 0)
    let second = try distil(toy, teacher: teacher, folder: folder)
    #expect(second.cache.rowsRead == 24 && second.cache.path == first.cache.path)
    #expect(second.student == first.student)
    // The file is one that anybody can read.
    let file = try SafetensorsFile(path: try #require(first.cache.path))
    #expect(file.entry(named: "logits")?.shape == [24, 2])
  }

  @Test func aPartIsKeptAndCompleted() throws {
    let toy = try ToyWorld()
    let teacher = toy.classifier(seed: 2)
    let folder = "\(toy.scratch.path)/cache"
    try distil(toy, teacher: teacher, folder: folder, steps: 2)
    let next = try distil(toy, teacher: teacher, folder: folder)
    #expect(next.cache.rowsRead == 8)
    #expect(try distil(toy, teacher: teacher, folder: folder).cache.rowsRead == 24)
  }

  @Test func anotherTeacherOrTextHasAnotherFile() throws {
    let toy = try ToyWorld()
    let other = try ToyWorld(rows: 20)
    let teacher = toy.classifier(seed: 2)
    let folder = "\(toy.scratch.path)/cache"
    func path(_ teacher: SequenceClassifier, _ toy: ToyWorld) throws -> String? {
      try TeacherCache(teacher: teacher, data: toy.train, folder: folder, pool: toy.pool).path
    }
    let name = try path(teacher, toy)
    #expect(try path(toy.classifier(seed: 2), toy) == name)
    #expect(try path(toy.classifier(seed: 3), toy) != name)
    #expect(try path(teacher, other) != name)
    // One weight in its last bit.
    let slot = try #require(teacher.parameters.entries.last).slot
    let weight = teacher.parameters.matrix(slot)
    weight[0, 0] = weight[0, 0].nextUp
    #expect(try path(teacher, toy) != name)
  }

  @Test func whatTwoRunsComputeAtTheSameTimeIsKept() throws {
    let toy = try ToyWorld()
    let teacher = toy.classifier(seed: 2)
    let folder = "\(toy.scratch.path)/cache"
    let late = try TeacherCache(teacher: teacher, data: toy.train, folder: folder, pool: toy.pool)
    let whole = try distil(toy, teacher: teacher, folder: folder).cache
    // The second one began before the first had written anything, and saw other texts.
    let rows = [1, 5]
    let texts = Shard(index: 0, places: [0, 1], texts: toy.train.batch(rows))
    let seen = late.logits(for: texts, tape: Tape(pool: BufferPool())).value
    let path = try #require(whole.path)
    let before = try TestFiles.bytes(path)
    try late.save()
    #expect(try TestFiles.bytes(path) == before)
    // A text's logits are the same to the last bit, whichever texts are computed beside it.
    let kept = try SafetensorsFile(path: path).floats("logits")
    for (place, row) in rows.enumerated() {
      for column in 0..<2 { #expect(kept[row * 2 + column] == seen[place, column]) }
    }
  }

  @Test func aBrokenFileIsComputedAnew() throws {
    let toy = try ToyWorld()
    let teacher = toy.classifier(seed: 2)
    let folder = "\(toy.scratch.path)/cache"
    let first = try distil(toy, teacher: teacher, folder: folder)
    let path = try #require(first.cache.path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path))
    let second = try distil(toy, teacher: teacher, folder: folder)
    #expect(second.cache.rowsRead == 0 && second.student == first.student)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
    #expect(second.cache.notice?.contains("is damaged") == true)
    // Logits that are all zero look like any others.
    var zeros = whole
    zeros.replaceSubrange(whole.count - 24 * 2 * 4..<whole.count, with: Data(count: 24 * 2 * 4))
    try zeros.write(to: URL(fileURLWithPath: path))
    let third = try distil(toy, teacher: teacher, folder: folder)
    #expect(third.cache.rowsRead == 0 && third.student == first.student)
    #expect(try distil(toy, teacher: teacher, folder: folder).cache.notice == nil)
  }

  @Test func logitsThatAreNotFiniteAreRefused() throws {
    let toy = try ToyWorld()
    let cache = try distil(
      toy, teacher: toy.classifier(seed: 2), folder: "\(toy.scratch.path)/cache"
    ).cache
    for value in [Float.infinity, .nan] {
      let record = cache.record()
      try #require(record.arrays["logits"]).buffer.withFloats { $0[1] = value }
      #expect(throws: StateError.self) { try cache.restore(record) }
    }
  }

  @Test func aFolderThatCannotBeMadeIsAnErrorBeforeTheRun() throws {
    let toy = try ToyWorld()
    #expect(throws: MismatchError.self) {
      try TeacherCache(
        teacher: toy.classifier(seed: 2), data: toy.train,
        folder: "\(toy.scratch.path)/vocab.txt/cache", pool: toy.pool)
    }
  }

  @Test func hashDependsOnEveryElementAndNoThread() {
    let values = Matrix((0..<600_000).map { Float($0) }, rows: 1, columns: 600_000)
    let one = Kernel.hash(values, pool: ThreadPool(threads: 1))
    #expect(Kernel.hash(values, pool: ThreadPool(threads: 3)) == one)
    for place in [0, 15, 16, 262_143, 262_144, 599_999] {
      let old = values[0, place]
      values[0, place] = -old.nextUp
      #expect(Kernel.hash(values, pool: ThreadPool(threads: 2)) != one)
      values[0, place] = old
    }
    #expect(Kernel.hash(values, pool: ThreadPool(threads: 2)) == one)
  }
}
