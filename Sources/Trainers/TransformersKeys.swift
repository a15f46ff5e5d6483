import Configuration

// Keys that people bring from scripts of transformers, and what takes their place.
extension TrainingArguments {
  private static let halfPrecision = ["fp16", "bf16", "fp16_full_eval", "bf16_full_eval"]

  /// Keys of `transformers.TrainingArguments` that have no meaning here, with what to do instead.
  private static let foreignKeys: [(keys: [String], hint: String)] = [
    (
      halfPrecision,
      "write \"precision\": \"bf16\" at the top level, on a processor that has it (mate-kd doctor)."
    ),
    (
      [
        "tf32", "half_precision_backend", "fp16_opt_level", "torch_compile",
        "torch_compile_backend", "jit_mode_eval",
      ],
      "there is no backend to choose; leave it out."
    ),
    (
      ["logging_dir", "logging_strategy", "logging_first_step", "log_level", "run_name"],
      "the log is log.jsonl in output_dir, with an entry every logging_steps updates."
    ),
    (["disable_tqdm"], "--quiet turns the progress bar off."),
    (
      ["do_train", "do_eval", "do_predict"],
      "the subcommands say what to do: teacher-finetune, distill, evaluate, predict."
    ),
    (["overwrite_output_dir"], "it belongs at the top level."),
    (
      ["gradient_checkpointing", "auto_find_batch_size"],
      "a lower max_tokens_per_batch takes less memory and changes no update."
    ),
    (
      ["dataloader_num_workers", "dataloader_pin_memory", "dataloader_prefetch_factor"],
      "texts are cut into tokens once, before the run; leave it out."
    ),
    (
      ["no_cuda", "use_cpu", "use_mps_device", "local_rank", "ddp_backend", "deepspeed", "fsdp"],
      "runs use the processors of one machine; \"threads\" at the top level says how many."
    ),
    (
      ["push_to_hub", "hub_model_id", "hub_token", "hub_strategy"],
      "nothing is uploaded; the output folder can be, by hf upload."
    ),
    (["save_safetensors"], "weights are always written as safetensors; leave it out."),
    (["full_determinism"], "every run can be repeated; leave it out."),
    (["remove_unused_columns", "label_names"], "the section task says which columns are read."),
    (
      ["eval_delay", "eval_on_start", "eval_accumulation_steps"],
      "eval_strategy and eval_steps decide."
    ),
    (["model_name_or_path"], "it belongs to model, teacher, student or generator."),
    (["task_name", "data_dir", "max_length"], "it belongs to the section task."),
    (["lr"], "write learning_rate."),
    (["num_epochs", "epochs"], "write num_train_epochs."),
    (["temperature", "alpha"], "it belongs to the section method."),
  ]

  /// Rejects them, each with its hint.
  /// - Throws: `ConfigError`.
  static func refuseForeignKeys(_ section: ConfigSection) throws {
    for key in halfPrecision where section.value(of: key)?.bool != true {
      try section.refuse(key, "leave it out; float32 is what there is without \"precision\".")
    }
    for (keys, hint) in foreignKeys {
      for key in keys { try section.refuse(key, hint) }
    }
  }

  /// Rejects keys of the section `train` where they stand at the top, as in a flat file of
  /// arguments.
  /// - Throws: `ConfigError`.
  package static func refuseAtTop(_ root: ConfigSection) throws {
    for key in [
      "learning_rate", "num_train_epochs", "max_steps", "per_device_train_batch_size",
      "per_device_eval_batch_size", "gradient_accumulation_steps", "warmup_ratio", "warmup_steps",
      "weight_decay", "max_grad_norm", "lr_scheduler_type", "eval_strategy", "evaluation_strategy",
      "eval_steps", "logging_steps", "save_strategy", "save_steps", "save_total_limit",
      "load_best_model_at_end", "metric_for_best_model", "max_train_samples", "max_eval_samples",
      "resume_from_checkpoint", "label_smoothing_factor",
    ] {
      try root.refuse(key, "it belongs to the section train.")
    }
    for key in ["data_dir", "task_name", "train_file", "validation_file", "labels", "text"] {
      try root.refuse(key, "the data are described in the section task.")
    }
    try root.refuse("model_name_or_path", "it belongs to the section of a model.")
    try root.refuse("temperature", "it belongs to the section method.")
  }
}
