import Runs
import TestSupport
import Testing

/// What is said about mistakes in the configurations of runs.
@Suite struct SpoiledConfigurationTests {
  @Test(arguments: [
    Spoiled(
      "learning_rate", "learning_rat",
      "10:5: error: unknown key \"learning_rat\" in train; did you mean \"learning_rate\"?"),
    Spoiled(
      "\"max_steps\"", "\"batch_size\"",
      "11:5: error: unknown key \"batch_size\"; "
        + "write per_device_train_batch_size or per_device_eval_batch_size."),
    Spoiled(
      "3e-5", "-3e-5", "10:22: error: train.learning_rate must be at least 0, found -3e-5."),
    Spoiled(
      "3e-5", "\"3e-5\"", "10:22: error: train.learning_rate must be a number, found \"3e-5\"."),
    Spoiled(
      "3e-5", "1e400", "10:22: error: train.learning_rate must be a number, found 1e400."),
    Spoiled(
      ": 10", ": 10.0", "11:18: error: train.max_steps must be an integer, found 10.0."),
    Spoiled(
      ": 10", ": 0",
      "11:18: error: train.max_steps must be -1, or between 1 and 1099511627776, found 0."),
    Spoiled(
      "\"max_steps\": 10", "\"optim\": \"adamv\"",
      "11:14: error: train.optim must be \"adamw\" or \"adam\", found \"adamv\"; "
        + "did you mean \"adamw\"?"),
    Spoiled(
      "\"max_steps\": 10", "\"optim\": \"sgd\"",
      "11:14: error: train.optim must be \"adamw\" or \"adam\", found \"sgd\"."),
    Spoiled(
      "\"max_steps\": 10", "\"load_best_model_at_end\": true",
      "11:31: error: train.load_best_model_at_end needs evaluations during training; "
        + "set eval_strategy to \"steps\" or \"epoch\"."),
    Spoiled(
      "\"max_steps\": 10", "\"warmup_ratio\": 0.1, \"warmup_steps\": 5",
      "11:21: error: train has both warmup_steps and warmup_ratio; keep one of them."),
    Spoiled(
      "\"max_steps\": 10", "\"eval_strategy\": \"no\", \"evaluation_strategy\": \"no\"",
      "11:51: error: train.evaluation_strategy is the old spelling of train.eval_strategy, "
        + "given too; keep the new one."),
    Spoiled(
      "\"max_steps\": 10", "\"evaluation_strategy\": 3",
      "11:28: error: train.eval_strategy must be a string, found 3."),
    Spoiled(
      "\"max_steps\": 10", "\"save_strategy\": \"never\"",
      "11:22: error: train.save_strategy must be \"no\" or \"steps\" or \"epoch\", "
        + "found \"never\"."),
    Spoiled(
      "\"max_steps\": 10", "\"eval_steps\": 5",
      "11:19: error: train.eval_steps is looked at only with \"eval_strategy\": \"steps\"."),
    Spoiled(
      "\"name\": \"sst-2\",", "", "4:11: error: task.name is missing; a string is required here."),
    Spoiled(
      "\"name\"", "\"nam\"", "5:5: error: unknown key \"nam\" in task; did you mean \"name\"?"),
    Spoiled("\"sst-2\"", "\"\"", "5:13: error: task.name must not be empty."),
    Spoiled("\"sst-2\"", "null", "5:13: error: task.name is missing; a string is required here."),
    Spoiled(
      "{ \"model_name_or_path\": \"models/bert\" }", "{}",
      "8:12: error: model says nothing of its weights; "
        + "give one of model_name_or_path, config."),
    Spoiled(
      "{ \"model_name_or_path\": \"models/bert\" }", "[]",
      "8:12: error: model must be an object, found an array."),
    Spoiled(
      "\"models/bert\"", "\"models/bert\", \"vocab\": \"v\"",
      "8:60: error: model.vocab belongs to a fresh model; a checkpoint has its own."),
    Spoiled(
      "\"models/bert\"", "\"models/bert\", \"layers\": [0, -1]",
      "8:65: error: model.layers[1] must be at least 0, found -1."),
    Spoiled(
      "\"models/bert\"", "\"models/bert\", \"layers\": [0, \"1\"]",
      "8:65: error: model.layers[1] must be an integer, found \"1\"."),
    Spoiled(
      "\"models/bert\"", "\"models/bert\", \"layers\": []",
      "8:61: error: model.layers must name a layer."),
    Spoiled(
      "\"models/bert\"", "\"models/bert\", \"from_teacher_layers\": [0]",
      "8:51: error: unknown key \"from_teacher_layers\"; "
        + "only the student of distill can be made from teacher layers."),
    Spoiled(
      "\"runs/t\"", "\"runs/t\", \"teacher\": {}",
      "3:27: error: unknown key \"teacher\"; teacher-finetune reads task, model and train."),
    Spoiled(
      "\"runs/t\"", "\"runs/t\", \"sead\": 1",
      "3:27: error: unknown key \"sead\"; did you mean \"seed\"?"),
    Spoiled(
      "\"runs/t\"", "\"runs/t\", \"seed\": -1",
      "3:35: error: seed must be at least 0, found -1."),
    Spoiled(
      "\"runs/t\"", "\"runs/t\", \"überraschung\": \"ä\", \"threads\": 2.5",
      "3:59: error: threads must be an integer, found 2.5."),
  ])
  func teacherFinetune(_ spoiled: Spoiled) throws {
    let text = try Draft.changed(Draft.teacher, spoiled.old, spoiled.new)
    #expect(Draft.complaint(TeacherFinetuneConfiguration.self, text) == spoiled.message)
  }

  @Test(arguments: [
    Spoiled(
      "[0, 2]", "[0, 2], \"model_name_or_path\": \"x\"",
      "5:39: error: student has both model_name_or_path and from_teacher_layers; "
        + "keep one of them."),
    Spoiled(
      "[0, 2] }", "[0, 2] }, \"max_seq_length\": 9",
      "5:49: error: unknown key \"max_seq_length\"; it belongs to the section task."),
    Spoiled(
      "\"name\": \"kd\",", "",
      "6:13: error: method.name is missing; "
        + "a string is required here."),
  ])
  func distill(_ spoiled: Spoiled) throws {
    let text = try Draft.changed(Draft.distill, spoiled.old, spoiled.new)
    #expect(Draft.complaint(DistillConfiguration.self, text) == spoiled.message)
  }

  @Test(arguments: [
    Spoiled(
      "{ \"files\": [\"a.txt\"] }", "{}",
      "3:13: error: corpus names no texts; give files, or task and data_dir."),
    Spoiled(
      "\"files\": [\"a.txt\"]", "\"task\": \"sst-2\"",
      "3:13: error: corpus.data_dir is missing; a string is required here."),
    Spoiled(
      "\"files\": [\"a.txt\"]", "\"files\": [\"a.txt\", 1]",
      "3:34: error: corpus.files[1] must be a string that is not empty, found 1."),
    Spoiled(
      "[\"a.txt\"]", "[\"a.txt\"], \"task\": \"rte\", \"data_dir\": \"d\"",
      "3:24: error: corpus has both files and task; keep one of them."),
    Spoiled(
      "\"num_attention_heads\": 2", "\"num_attention_heads\": 3",
      "7:30: error: model.config.num_attention_heads is 3, "
        + "which does not divide hidden_size, 64."),
    Spoiled(
      "\"hidden_size\": 64",
      "\"model_type\": \"distilbert\", \"type_vocab_size\": 2, \"hidden_size\": 64",
      "6:35: error: unknown key \"type_vocab_size\"; DistilBERT has no segments."),
    Spoiled(
      "\"hidden_size\": 64", "\"model_type\": \"roberto\", \"hidden_size\": 64",
      "6:21: error: model.config.model_type must be \"bert\" or \"roberta\" or \"distilbert\" "
        + "or \"electra\" or \"xlm-roberta\", found \"roberto\"; did you mean \"roberta\"?"),
    Spoiled(
      ",\n    \"vocab\": \"vocab.txt\"", "",
      "4:12: error: model.vocab is missing; a fresh model needs a vocab.txt or a model folder "
        + "to take the vocabulary from."),
    Spoiled(
      "\"corpus\"", "\"mlm\": { \"masking\": \"80/10/10\" }, \"corpus\"",
      "3:23: error: mlm.masking must be \"80-10-10\" or \"mask\", found \"80/10/10\"; "
        + "did you mean \"80-10-10\"?"),
    Spoiled(
      "\"corpus\"", "\"mlm\": { \"mlm_probability\": 0 }, \"corpus\"",
      "3:31: error: mlm.mlm_probability must be above 0 and at most 1, found 0."),
  ])
  func pretrain(_ spoiled: Spoiled) throws {
    let text = try Draft.changed(Draft.pretrain, spoiled.old, spoiled.new)
    #expect(Draft.complaint(PretrainConfiguration.self, text) == spoiled.message)
  }
}
