// Times training steps, inference or tokenizing on given inputs. Prints one JSON object per line.
//
// usage: step-benchmark KIND [key=value ...]
//   KIND     finetune, kd, mate, inference or tokenize
//   inputs   batches=FILE     {"batches": [[[id, ...], ...], ...]}: texts as token ids, by batch
//            text=DIR         a folder with train.tsv as in SST-2, instead of batches, with
//            vocabulary=DIR   a model folder with a tokenizer; batches of 32 in random order
//            rows=N           only the first rows of the text
//   models   student=, teacher=, generator=LAYERSxHIDDENxHEADSxINTERMEDIATE
//   others   threads=2, precision=float32, rounds=3
//
// rounds=stdin runs passes on command: see PassCommand. Otherwise, after one untimed pass, the
// given number of passes over all batches is timed, and one object with the median is printed.
import Foundation

do {
  let options = try BenchmarkOptions(Array(CommandLine.arguments.dropFirst()))
  let passes = options.rounds.map { PassSource.repeated($0 + 1) } ?? PassSource.standardInput()
  switch options.kind {
  case .tokenize: try TokenizingBenchmark(options).run(passes)
  case .inference: try InferenceBenchmark(options).run(passes)
  case .finetune, .kd, .mate: try StepBenchmark(options).run(passes)
  }
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(64)
}
