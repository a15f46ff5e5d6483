import ArgumentParser
import Data
import Foundation
import Kernels
import MateKDCommands
import StrictJSON
import TestSupport
import Testing

@Suite struct InspectionTests {
  @Test func modelFolder() throws {
    let folder = TestFiles.golden("bert-classifier")
    let inspection = try ModelInspection(folder: folder)
    #expect(inspection.warnings.isEmpty)
    let captured = CapturedStream()
    inspection.print(on: captured.stream())
    let text = captured.text.replacing(/[ ]+/, with: " ")
    for line in [
      "heads BertForSequenceClassification\n", "labels 0 LABEL_0, 1 LABEL_1, 2 LABEL_2\n",
      "layers 3\n", "longest text 40 tokens\n", "tokenizer WordPiece, lower case\n",
      "vocabulary 120 tokens, hash ", "\nlayer 2 16 ",
      "bert.embeddings.position_embeddings.weight F32 40 x 36 1 440 5 760\n",
    ] {
      #expect(text.contains(line), "\(line) in \(text)")
    }
    let json = inspection.json
    #expect(json["parts"]?.array?.first?["name"]?.string == "embeddings")
    // Words, positions, segments and LayerNorm.
    #expect(json["parts"]?.array?.first?["parameters"]?.int == (120 + 40 + 2 + 2) * 36)
    #expect(json["tensors"]?.array?.count == 3 * 16 + 5 + 4)
    #expect(json["tokenizer"]?["vocab_hash"]?.string?.count == 16)
    let sum = json["parts"]?.array?.compactMap { $0["parameters"]?.int }.reduce(0, +)
    #expect(json["num_parameters"]?.int == sum)
  }

  @Test func data() throws {
    let folder = try ScratchFolder()
    let scratch = folder.path
    try SyntheticSentiment.writeVocabulary(to: "\(scratch)/vocab.txt")
    try folder.write(
      "sentence\tlabel\ngood film\t1\nbad\t0\nbad\t1\n \t1\n", as: "train.tsv")
    try folder.write("sentence\tlabel\nbad\t0\n", as: "dev.tsv")
    let inspection = DatasetInspection(
      try DatasetStatistics(
        task: .sst2, directory: scratch, tokenizer: TokenizerLoader.load(folder: scratch),
        limit: 3, pool: ThreadPool(threads: 1)))
    let captured = CapturedStream()
    inspection.print(on: captured.stream())
    #expect(
      captured.text.replacing(scratch, with: "DIR") == """
        sst-2       rows  left out  repeated  with another label  file
        ----------  ----  --------  --------  ------------------  \
        \(String(repeating: "-", count: scratch.count + 10))
        train          3         1         1                   1  DIR/train.tsv
        validation     1         0         0                   0  DIR/dev.tsv

        label          train   validation
        --------  ----------  -----------
        negative  1 (33.3 %)  1 (100.0 %)
        positive  2 (66.7 %)    0 (0.0 %)

        tokens      shortest  mean  median  95 %  longest  rows over 3  tokens lost
        ----------  --------  ----  ------  ----  -------  -----------  -----------
        train              3   3.3     3.0   3.9        4   1 (33.3 %)       10.0 %
        validation         3   3.0     3.0   3.0        3    0 (0.0 %)        0.0 %

        rows of     also in  rows    share  with another label
        ----------  -------  ----  -------  ------------------
        validation  train       1  100.0 %                   0

        """)
    #expect(inspection.notices.count == 1)
    #expect(inspection.notices[0].contains("train.tsv:5: the text in column 1 is empty"))
    let json = inspection.json
    #expect(json["splits"]?.array?.first?["labels"]?["positive"]?.int == 2)
    #expect(json["splits"]?.array?.first?["tokens"]?["truncated_rows"]?.int == 1)
    #expect(json["overlaps"]?.array?.first?["also_in"]?.string == "train")
  }

  @Test(
    arguments: [
      ([], "Give --model, or --data with --task or --task-config."),
      (["--data", "d"], "Give --model, or --data with --task or --task-config."),
      (["--task", "rte"], "--task and --task-config need --data."),
      (["--model", "m", "--max-seq-length", "8"], "--max-seq-length needs --data and --model."),
      (
        ["--task", "rte", "--data", "d", "--model", "m", "--max-seq-length", "2"],
        "--max-seq-length must be from 3 to 1048576, found 2."
      ),
      (
        ["--task", "rte", "--data", "d", "--task-config", "c"],
        "--task and --task-config exclude each other."
      ),
    ] as [([String], String)])
  func commandLine(_ arguments: [String], _ message: String) throws {
    let error = #expect(throws: (any Error).self) {
      try MateKD.parseAsRoot(["inspect"] + arguments)
    }
    #expect(MateKD.message(for: try #require(error)) == message)
  }
}
