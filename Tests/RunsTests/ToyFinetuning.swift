import Configuration
import Runs
import StrictJSON
import TestSupport

/// Runs of `teacher-finetune` with a fresh tiny model.
enum ToyFinetuning {
  /// A run that writes to the folder `run`.
  static func prepared(
    _ toy: ToyWorld, hiddenSize: Int = 16, shards: Int = 1, overwrites: Bool = false,
    train: JSONValue = [:]
  ) throws -> PreparedRun {
    let path = toy.scratch.path
    for file in ["train", "dev"] {
      try toy.scratch.write("sentence\tlabel\ngood\t1\nbad\t0\n", as: "SST-2/\(file).tsv")
    }
    let usual: JSONValue = ["max_steps": 2]
    let text: JSONValue = [
      "output_dir": .string("\(path)/run"), "shards": .int(shards),
      "overwrite_output_dir": .bool(overwrites),
      "task": ["name": "sst-2", "data_dir": .string(path), "max_seq_length": 16],
      "model": [
        "config": [
          "hidden_size": .int(hiddenSize), "num_hidden_layers": 1, "num_attention_heads": 2,
          "intermediate_size": 32, "max_position_embeddings": 24,
        ],
        "vocab": .string("\(path)/vocab.txt"),
      ],
      "train": usual.merged(with: train),
    ]
    return try PreparedRun.teacherFinetune(
      TeacherFinetuneConfiguration(reading: ConfigDocument(text, file: "test").root))
  }
}
