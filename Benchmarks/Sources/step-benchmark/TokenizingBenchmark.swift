import Data
import Kernels
import StrictJSON

/// Tokenizing a whole file of texts; one step is the whole file.
struct TokenizingBenchmark {
  private let text: TextDataset
  private let tokenizer: any Tokenizer
  private let pool: ThreadPool

  init(_ options: BenchmarkOptions) throws {
    pool = ThreadPool(threads: options.threads)
    text = try DatasetReader.read(
      task: TaskRegistry.named("sst-2"), split: .train, directory: options.required("text"),
      maximumRows: options["rows"].flatMap(Int.init))
    tokenizer = try TokenizerLoader.load(folder: options.required("vocabulary"))
  }

  func run(_ source: PassSource) throws {
    source.ready([("rows", .int(text.count))])
    while let command = try source.command() {
      let start = ContinuousClock.now
      let data = TokenizedDataset(text, tokenizer: tokenizer, maximumLength: 128, pool: pool)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      guard data.count == text.count else { throw BenchmarkError("rows were lost") }
      source.finished(command, seconds: seconds, steps: 1)
    }
    source.summarize([("kind", "tokenize"), ("threads", .int(pool.threads))])
  }
}
