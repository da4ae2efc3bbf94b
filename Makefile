# The first Python that is new enough; to choose another: make lab PYTHON=/path/to/python3.12
NEW := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(or $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(NEW)' 2>/dev/null && echo $$p && break; done),python3)
SETUP = @python="$(PYTHON)"; command -v "$$python" >/dev/null || { echo "Python 3.11 or newer is\
 needed, and there is no $$python on this machine." >&2; exit 1; }; "$$python" .ci/setup.py

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]*:.*## /{printf "make %-12s%s\n", $$1, $$2}' Makefile

lab:  ## set up once, then open the course in JupyterLab
	$(SETUP) .venv
	@.venv/bin/jupyter lab --config=.ci/lab/jupyter_lab_config.py

test:  ## set up once, then run every test; the slow proofs are in the matrix
	$(SETUP) .venv --test
	@.venv/bin/python -m pytest -n auto --maxprocesses=4 --dist=loadfile --ignore=tests/test_audit.py --ignore=tests/test_editions.py

test-all: test matrix  ## the tests, then the matrix

matrix:  ## the notebooks again: other Pythons, NumPy without AVX; and the full audit
	$(SETUP) .venv --test
	@.venv/bin/python .ci/matrix.py

notebooks:  ## build the notebooks of every language from notebooks/source
	$(SETUP) .venv --test
	@.venv/bin/python notebooks/source/build.py

translations:  ## take new and changed texts into the catalogues, and compile them
	$(SETUP) .venv --test
	@.venv/bin/python notebooks/source/translate.py

bench:  ## one table of speeds, beside PyTorch and scikit-learn
	$(SETUP) .venv-bench --test --bench
	@.venv-bench/bin/python tests/bench/run.py

lock:  ## pin the newest packages that pyproject.toml allows (needs uv)
	uv pip compile $(UV) --group build pyproject.toml -o requirements.lock
	uv pip compile $(UV) --group test -c requirements.lock -o tests/requirements.lock \
		$$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements.lock)
UV := --upgrade --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-annotate --custom-compile-command "make lock" --quiet

clean:  ## remove what these commands made, but not the notebooks
	rm -rf .venv .venv-* .pytest_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help lab test test-all matrix notebooks translations bench lock clean
