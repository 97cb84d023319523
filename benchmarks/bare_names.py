"""What the bare Dagster's jobs and variables are called, for both of its ends."""

ONE_JOB = "one_job"
MANY_JOB = "many_job"
SOURCE_VARIABLE = "BENCH_SOURCE"
ASSETS_VARIABLE = "BENCH_ASSETS"
