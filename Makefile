# Two commands: `make lab` opens the course, `make test` tests it. Both begin with `make setup`.
.PHONY: setup lab test browser bench bench-tests torch site lock
BIN := .venv/bin
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
endif

# The first Python on the path that is 3.11 to 3.13; `make PYTHON=/some/python` names another.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,$(shell $(p) -c "import venv, ensurepip; $(FITS)" >/dev/null 2>&1 && echo $(p))))

CPUINFO ?= /proc/cpuinfo

# Programs in .venv hold the folder's path: one that was moved is set up anew.
$(shell test "$$(cat .venv/ready 2>/dev/null)" = "$$(pwd -P)" || rm -f .venv/ready)

setup: .venv/ready

.venv/ready: requirements.txt pyproject.toml
	@test "$$(uname -sm)" != "Darwin x86_64" || { echo "TensorFlow is no longer made for Macs with an Intel processor: run the course on another machine."; exit 1; }
	@test "$$(uname -sm)" != "Linux x86_64" || test ! -r $(CPUINFO) || grep -qw avx $(CPUINFO) || { echo "TensorFlow needs a processor with AVX, which this one lacks: run the course on another machine."; exit 1; }
	@test -n "$(PYTHON)" || { echo "The course needs Python 3.11, 3.12 or 3.13 (with venv): install one, or name it: make PYTHON=/path/to/python"; exit 1; }
	@$(BIN)/python -c "import pip; $(FITS)" 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@echo "Installing the packages, mostly TensorFlow: the first time this takes some minutes and 3 GB of disk."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt && \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . || \
	    { echo "The packages are not all there, and pip says above why: they need a network and 3 GB of disk. Start again with the same command; what is there stays."; exit 1; }
	@pwd -P > $@

# PyTorch, for the appendix 07b; without it `make test` skips that notebook by name, `make torch test` runs all.
torch: .venv/ready-torch

.venv/ready-torch: requirements-torch.txt .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-torch.txt
	@touch $@

lab: setup
	@$(BIN)/python -m course_utils lab

# Outputs and checked facts come from the course's own drawn data, so that every machine sees the same.
test: export COURSE_OFFLINE = 1
test: export COURSE_PROFILE = quick
# Two processes at a time, with one thread each: threads that share two cores mostly wait for each other.
test: export TF_NUM_INTRAOP_THREADS = 1
test: export TF_NUM_INTEROP_THREADS = 1
test: export OMP_NUM_THREADS = 1
# TensorFlow keeps the memory of large tensors for itself; the system takes it back.
test: export TF_ONEDNN_USE_SYSTEM_ALLOCATOR = 1
# Hundreds of processes import the course: compiled once, it is read from then on.
test: export PYTHONDONTWRITEBYTECODE =
test: setup browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/watch.py --name tests -- $(TESTS)
	$(BIN)/python tests/watch.py --name notebooks --kernels -- $(NOTEBOOKS)

# What `make test` runs. SHUFFLE=1 (or another number) runs the tests in another order.
ORDER = $(if $(SHUFFLE),--random-order-seed=$(SHUFFLE),--no-loadscope-reorder)
TESTS = $(BIN)/python -m pytest -n 2 --dist loadfile $(ORDER) -rfEs --junitxml=out/tests.xml
NOTEBOOKS = $(BIN)/python -m pytest -n 2 --dist loadscope -p no:cacheprovider -rfEs --junitxml=out/notebooks.xml \
    --nbval-lax --nbval-current-env --nbval-cell-timeout=600 notebooks

# JupyterLab is tested in Chromium. Where root can install it without a question, as in a container, it is installed;
# elsewhere these tests are skipped by name.
CHROMIUM := -y --no-install-recommends chromium
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	    test "$$(id -u)" = 0 && command -v apt-get >/dev/null || exit 0; \
	    echo "Installing Chromium, in which JupyterLab is tested."; export DEBIAN_FRONTEND=noninteractive; \
	    { timeout 90 sh -c "apt-get update && apt-get install --download-only $(CHROMIUM)" && \
	    apt-get install --no-download $(CHROMIUM); } >/dev/null 2>&1 || true

# The same, and then where the time went.
bench-tests: test
	$(BIN)/python tests/benchmarks/slowest.py out/tests.xml out/notebooks.xml

# What everything takes on this machine, which should have nothing else to do: an hour and more.
bench: export COURSE_OFFLINE = 1
bench: setup
	$(BIN)/python tests/benchmarks/networks.py --into course_utils/recorded/steps.json
	$(BIN)/python tests/benchmarks/course.py --into course_utils/recorded/course.json
	$(BIN)/python -m course_utils results --page

# Pins everything that pyproject.toml asks for, with hashes, for every supported Python and system.
# The notebooks with their stored outputs, and what belongs to them, as static pages; what is wrong on one ends the build.
site: setup
	@rm -rf out/site
	@$(BIN)/python -m sphinx -q -W --keep-going -c docs . out/site
	@echo "The site lies in out/site: open out/site/index.html."

lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links --extra lab --group test --group site --group build pyproject.toml -o requirements.txt
