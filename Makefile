# The first Python that is new enough; to choose another: make lab PYTHON=/path/to/python3.12
NEW := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(or $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(NEW)' 2>/dev/null && echo $$p && break; done),python3)
SETUP = @python="$(PYTHON)"; command -v "$$python" >/dev/null || { echo "Python 3.11 or newer is\
 needed, and there is no $$python on this machine." >&2; exit 1; }; "$$python" .ci/setup.py

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]*:.*## /{printf "make %-13s%s\n", $$1, $$2}' Makefile

lab:  ## set up once, then open the course in JupyterLab
	$(SETUP) .venv
	@.venv/bin/jupyter lab --config=.ci/lab/jupyter_lab_config.py

test:  ## set up once, then run every test; the slow proofs are in the matrix
	$(SETUP) .venv --test
	@.venv/bin/python -m pytest $(SPREAD) --dist=loadfile --ignore=tests/test_audit.py \
		--ignore=tests/test_editions.py --ignore=tests/grading
	@if [ -n "$$CI" ] || command -v bwrap >/dev/null; then $(MAKE) --no-print-directory \
		test-grading; else echo "No bubblewrap here: the grader was not tested."; fi
SPREAD := -n auto --maxprocesses=4

test-grading: grading  ## the tests of the lecturer's side
	@.venv-grading/bin/python -m pytest $(SPREAD) --dist=worksteal tests/grading

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

DECK = notebooks/source/slides.py $(CHAPTER) --language $(LANGUAGE)
CHAPTER =
LANGUAGE = en

lecture: lecture-environment  ## slides with live labs: make lecture CHAPTER=05 LANGUAGE=sv
	@.venv-lecture/bin/python $(DECK) --live

lecture-environment:
	$(SETUP) .venv-lecture --test --lecture

slides:  ## the same slides as files, HTML and PDF, in slides/
	$(SETUP) .venv --test
	@.venv/bin/python $(DECK)

book: lecture-environment  ## the reading edition, a site that opens from disk, in book/
	@.venv-lecture/bin/python notebooks/source/book.py

bench:  ## one table of speeds, beside PyTorch and scikit-learn
	$(SETUP) .venv-bench --test --bench
	@.venv-bench/bin/python tests/bench/run.py

GRADE = @PYTHONPATH=grading .venv-grading/bin/python -m grader
COURSE ?= grading/course
OPTIONS = --course "$(COURSE)" --assignment "$(ASSIGNMENT)" $(if $(OVERLAY),--overlay "$(OVERLAY)")

grading:  ## set up the lecturer's side: see grading/README.md
	$(SETUP) .venv-grading --test --grading

release: grading  ## what students get: make release ASSIGNMENT=05-momentum LANGUAGE=sv
	$(GRADE) release $(OPTIONS) $(if $(filter file,$(origin LANGUAGE)),,--language "$(LANGUAGE)")

grade: grading  ## grade a folder: make grade ASSIGNMENT=05-momentum SUBMISSIONS=folder
	$(GRADE) grade $(OPTIONS) --submissions "$(SUBMISSIONS)" $(if $(REGRADE),--regrade)

formgrader: grading  ## score free text by hand, in the browser
	$(GRADE) formgrader $(OPTIONS)

export: grading  ## grades and feedback as files for Canvas and Moodle, after scoring by hand
	$(GRADE) export $(OPTIONS)

similarity: grading  ## which submissions are alike, for a person to look at
	$(GRADE) similarity $(OPTIONS)

grading-demo: grading  ## a class of 12, graded, and formgrader opened on it
	$(GRADE) demo

lock:  ## pin the newest packages that pyproject.toml allows (needs uv)
	uv pip compile $(UV) --group build pyproject.toml -o requirements.lock
	uv pip compile $(UV) --group test -c requirements.lock -o tests/requirements.lock \
		$$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements.lock)
	uv pip compile $(UV) --group grading $(BESIDE) -o grading/requirements.lock
	uv pip compile $(UV) --group lecture $(BESIDE) -o notebooks/source/requirements.lock
BESIDE = -c requirements.lock -c tests/requirements.lock $$(cat requirements.lock \
	tests/requirements.lock | sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p')
UV := --upgrade --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-annotate --custom-compile-command "make lock" --quiet

clean:  ## remove what these commands made, but not the notebooks
	rm -rf .venv .venv-* .pytest_cache slides book
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help lab test test-all matrix notebooks translations lecture lecture-environment slides \
	book bench lock clean \
	test-grading grading release grade formgrader export similarity grading-demo
