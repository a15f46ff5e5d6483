# Sourced by tests that look at what runs leave: makes data, a teacher, a generator and two
# students, all tiny, in the current folder. Expects $mate_kd.

quietly() {
  "$@" >out.log 2>&1 || { echo "FAILED: $*" >&2; sed 's/^/    /' out.log >&2; exit 1; }
}

shape='{"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
  "max_position_embeddings": 64}'

make_models() { # data, generator, teacher
  quietly "$mate_kd" synthesize --output data --train-rows 400 --dev-rows 80 --corpus-rows 200
  cat >generator.json <<JSON
{"output_dir": "generator", "corpus": {"files": ["data/corpus.txt"]}, "max_seq_length": 24,
 "model": {"config": $shape, "vocab": "data/vocab.txt"}, "train": {"max_steps": 20}}
JSON
  quietly "$mate_kd" pretrain --config generator.json
  cat >teacher.json <<JSON
{"output_dir": "teacher", "task": {"name": "sst-2", "data_dir": "data/SST-2", "max_seq_length": 24},
 "model": {"model_name_or_path": "generator"},
 "train": {"max_steps": 60, "learning_rate": 3e-3, "per_device_train_batch_size": 16}}
JSON
  quietly "$mate_kd" teacher-finetune --config teacher.json
}

make_study() { # make_study SEEDS STEPS [KEYS]: study.json with four methods, after make_models
  cat >study.json <<JSON
{"output_dir": "study", "seeds": [$(seq -s ', ' 1 "$1")], "bootstrap": {"resamples": 20}, ${3:-}
 "base": {"teacher": {"model_name_or_path": "teacher"}, "allow_weak_teacher": true,
  "student": {"from_teacher_layers": [0]}, "threads": 1,
  "train": {"max_steps": $2, "learning_rate": 1e-3, "per_device_train_batch_size": 8,
    "save_steps": 2}},
 "tasks": {"films": {"task": {"name": "sst-2", "data_dir": "data/SST-2", "max_seq_length": 24}}},
 "methods": {"none": {"method": {"name": "none"}}, "kd": {"method": {"name": "kd"}},
  "warm": {"method": {"name": "kd", "temperature": 2}},
  "hot": {"method": {"name": "kd", "temperature": 4}}}}
JSON
}

student() { # student METHOD FOLDER [OPTIONS...]: writes METHOD.json and runs it
  cat >"$1.json" <<JSON
{"output_dir": "$2", "task": {"name": "sst-2", "data_dir": "data/SST-2", "max_seq_length": 24},
 "teacher": {"model_name_or_path": "teacher"}, "allow_weak_teacher": true,
 "student": {"from_teacher_layers": [0]}, "generator": {"model_name_or_path": "generator"},
 "method": {"name": "$1"},
 "train": {"max_steps": 24, "learning_rate": 1e-3, "per_device_train_batch_size": 8,
   "logging_steps": 4, "eval_strategy": "steps", "eval_steps": 8, "save_steps": 8,
   "load_best_model_at_end": true, "report_to": ["tensorboard"]}}
JSON
  quietly "$mate_kd" distill --config "$1.json" "${@:3}"
}
