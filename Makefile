# make demo   cluster real images and write a report
# make test   lint, format check, tests
# make clean  remove what the two made
#
# Needs make and one of Python 3.10 to 3.13; to name one: make demo PYTHON=/usr/bin/python3.12

PYTHON := python3.13 python3.12 python3.11 python3.10 python3
VENV := .venv
RUN := $(VENV)/bin/python -m

.PHONY: demo test clean

demo: $(VENV)/demo.done
	@$(RUN) tfclust.demo

test: $(VENV)/test.done
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

clean:
	rm -rf $(VENV) demo build *.egg-info .pytest_cache .ruff_cache

# The stamps are newer than setup.cfg as long as nothing needs to be installed again.
$(VENV)/demo.done: EXTRAS :=
$(VENV)/test.done: EXTRAS := [test]
$(VENV)/%.done: setup.cfg | $(VENV)/created
	@echo "Installing tfclust$(EXTRAS) and its dependencies into $(VENV): minutes, once"
	@$(RUN) pip install --quiet --disable-pip-version-check --editable ".$(EXTRAS)"
	@touch $@

$(VENV)/created:
	@found=; for python in $(PYTHON); do \
	  if $$python -c 'import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' \
	    2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.10 to 3.13 with its venv module is needed. Tried: $(PYTHON)" >&2; exit 1; \
	fi; \
	echo "Creating $(VENV) with $$($$found --version)"; \
	$$found -m venv --clear $(VENV) && touch $@
