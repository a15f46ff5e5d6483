import Runs
import StrictJSON
import Trainers

extension FuzzTarget {
  /// A checkpoint's manifest.json, training_state.json and training_state.safetensors. The state is
  /// read whether the manifest fits or not, since its hashes guard against damage only.
  static let checkpoint = FuzzTarget("checkpoint") { input in
    let parts = input.parts(3)
    let names = ["manifest.json", "training_state.json", "training_state.safetensors"]
    for (name, content) in zip(names, parts) { try input.file("checkpoint-1/\(name)", content) }
    let folder = try CheckpointFolder(named: "\(input.folder)/checkpoint-1")
    let isValid = (try? folder.verify()) != nil
    let (state, description) = try folder.read()
    if isValid {
      try require(folder.read().state == state, "reading twice gives two states")
    }
    for (name, record) in state.parts {
      for (array, floats) in record.arrays {
        try require(
          floats.buffer.withFloats { floats.count <= $0.count },
          "the array \(name)/\(array) has another size")
      }
      if let trainer = try? TrainerState(record) {
        try require(
          TrainerState(trainer.record()).record() == trainer.record(),
          "the trainer's state reads otherwise")
      }
    }
    _ = description.differences(from: RunDescription(json: ["command": "distill", "shards": 2]))
    try require(
      description.differences(from: description).isEmpty, "a run differs from itself")
  }
}
