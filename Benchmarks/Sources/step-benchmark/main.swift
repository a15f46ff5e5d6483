// Times training steps on given token ids. Prints one JSON object.
//
// usage: step-benchmark KIND BATCHES.json [key=value ...]
//   KIND     finetune, kd, mate-student or mate-generator
//   BATCHES  {"batches": [[[id, ...], ...], ...]}: texts as token ids, by batch
//   keys     student, teacher, generator (LAYERSxHIDDENxHEADSxINTERMEDIATE), threads, samples
import Configuration
import Data
import Foundation
import Kernels
import Models
import StrictJSON
import Trainers

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data("error: \(message)\n".utf8))
  exit(64)
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 2 else { fail("usage: step-benchmark KIND BATCHES.json [key=value ...]") }
let kind = arguments[1]
var options: [String: String] = [:]
for argument in arguments.dropFirst(2) {
  let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
  guard parts.count == 2 else { fail("\(argument) is not key=value") }
  options[parts[0]] = parts[1]
}
let threads = Int(options["threads"] ?? "2") ?? 2
let samples = Int(options["samples"] ?? "3") ?? 3

func shape(_ text: String?, _ key: String, _ fallback: String) -> EncoderConfiguration {
  let numbers = (text ?? fallback).split(separator: "x").compactMap { Int($0) }
  guard numbers.count == 4 else { fail("\(key) must be LAYERSxHIDDENxHEADSxINTERMEDIATE") }
  return EncoderConfiguration(
    vocabularySize: 30522, hiddenSize: numbers[1], layers: numbers[0],
    attentionHeads: numbers[2], intermediateSize: numbers[3])
}

do {
  let result = try StepBenchmark(
    kind: kind, batches: readBatches(arguments[2]), threads: threads, samples: samples,
    student: shape(options["student"], "student", "6x768x12x3072"),
    teacher: shape(options["teacher"], "teacher", "12x768x12x3072"),
    generator: shape(options["generator"], "generator", "6x768x12x3072")
  ).run()
  print(JSONWriter(layout: .line).string(result))
} catch {
  fail("\(error)")
}

/// The token ids of the file, by batch and text.
func readBatches(_ path: String) throws -> [[[Int32]]] {
  guard let data = FileManager.default.contents(atPath: path) else { fail("\(path): no such file") }
  let json = try StrictJSON.parse(Array(data), file: path)
  return (json["batches"]?.array ?? []).map { batch in
    (batch.array ?? []).map { text in (text.array ?? []).map { Int32($0.int ?? 0) } }
  }
}
