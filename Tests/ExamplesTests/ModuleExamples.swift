import Autograd
import Configuration
import Kernels
import MateKDCommands
import Methods
import Processes
import Runs
import StrictJSON
import Studies
import Testing

@Suite struct ModuleExamples {
  @Test func kernels() {
    let a = Matrix([1, 2, 3, 4], rows: 2, columns: 2)
    let b = Matrix([1, 1], rows: 1, columns: 2)
    let c = Matrix(zeros: 2, 1)
    Kernel.gemm(a, .none, b, .transposed, into: c)
    print(c.values)  // [3.0, 7.0]
    #expect(c.values == [3, 7])
  }

  @Test func autograd() throws {
    let tape = Tape(pool: BufferPool())
    let logits = tape.leaf(Matrix([2, 0], rows: 1, columns: 2))
    let loss = tape.crossEntropy(logits, labels: [0], weight: 1)
    tape.backward()
    print(loss, logits.leafGradient?.values ?? [])
    let gradient = try #require(logits.leafGradient)
    // Zero but for 16 roundings of numbers below 1.
    #expect(abs(gradient.values[0] + gradient.values[1]) < 16 * 0x1p-24)
  }

  @Test func strictJSON() throws {
    let value = try StrictJSON.parse(#"{"rate": 0.5, "seeds": [1, 2]}"#, file: "example.json")
    print(value["rate"]?.double ?? 0, value["seeds"]?.array?.count ?? 0)
    print(JSONWriter(layout: .line).string(value))
    #expect(value["rate"]?.double == 0.5)
  }

  @Test func configSection() throws {
    let text = try StrictJSON.parse(#"{"rate": 0.5}"#, file: "example.json")
    let section = try ConfigDocument(text, file: "example.json").root
    let rate = try section.number("rate", default: 0.3, in: 0...1, "The share of masked words.")
    let rounds = try section.int("rounds", default: 2, in: 1..., "Rounds of the work on a text.")
    try section.finish()  // an unknown key is an error, with a guess at what was meant
    print(rate, rounds, section.resolved)
    #expect(rate == 0.5 && rounds == 2)
  }

  @Test func messages() throws {
    var writer = MessageWriter()
    writer.add("loss")
    writer.add(0.5)
    var reader = MessageReader(writer.bytes)
    print(try reader.string(), try reader.double())
    #expect(reader.isAtEnd)
  }

  @Test func processes() throws {
    let group: any ProcessGroup = SingleProcess()
    let seen = try group.gather([1]).count  // As many as there are processes.
    print(group.rank, group.count, seen)
    #expect(seen == group.count)
  }

  // These two need data and models of their own, so they are compiled and not run.

  func runs() throws {
    let configuration = try DistillConfiguration.load(
      path: "configs/smoke/distill-kd.json", overrides: ["train.max_steps=50"])
    let run = try PreparedRun.distill(configuration)
    for (name, value) in run.plan { print(name, value) }
  }

  func studies() throws {
    let study = try Study(StudyConfiguration.load(path: "configs/smoke/study.json"))
    for cell in study.cells { print(cell.name, cell.state) }
    let report = try StudyReport(study, pool: ThreadPool())
    try report.write(to: study.configuration.outputDir)
  }

  @Test func methods() {
    for method in MethodRegistry.all { print("\(method.name): \(method.summary)") }
    #expect(MethodRegistry.named("mate-kd") != nil)
  }

  func commands() {
    MateKD.run(["methods", "mate-kd"])
  }
}
