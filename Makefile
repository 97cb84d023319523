# Targets for people and CI. Each brings its virtual environment up to date first.
#   make demo              sync a sample shop, then stay up until Ctrl-C
#   make demo ARGS=--exit  the same, but stop at the end; the exit code is the verdict
#   make up                start the platform, its state in .arus
#   make test              the whole suite, on private database servers; two files at a time, slow ones first
#   make lint              format, style, types, import rules
#   make bench             measure speed beside other programs and write docs/benchmarks.md's table
#   make bench ARGS=raw    only one scenario of it
#   make audit             ask PyPI's advisories about every locked package; fails where it can't
#   make lock              write the lock files anew (needs uv)
.PHONY: demo up test bench lint format audit lock venv venv-dev clean
ARGS ?=
BIN := .venv/bin

demo: venv
	@exec $(BIN)/arus demo $(ARGS)

up: venv
	@exec $(BIN)/arus up $(ARGS)

test: venv-dev
	@scripts/test-programs.sh
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder --durations=25 $(ARGS)

bench: venv-dev
	@scripts/test-programs.sh
	$(BIN)/python -m benchmarks $(ARGS)

lint: venv-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: venv-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Strict: a package that the service knows nothing of has not been audited, and is no success.
audit: venv-dev
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements-dev.lock

lock:
	scripts/lock.sh

venv:
	@scripts/venv.sh runtime

venv-dev:
	@scripts/venv.sh dev

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
