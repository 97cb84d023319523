"""What the bare Dagster's module, jobs and variables are called, for both of its ends."""

MODULE = "benchmarks.bare"
ONE_JOB = "one_job"
MANY_JOB = "many_job"
SOURCE_VARIABLE = "BENCH_SOURCE"
ASSETS_VARIABLE = "BENCH_ASSETS"
