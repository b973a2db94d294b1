# `make run` and `make test` are all that a newcomer needs; both begin with `make setup`.
# Every path is relative: make splits absolute ones at their spaces.

PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	echo "$$candidate"; break; fi; done)
IN_VENV := .venv/bin/python
# Named so that a tool which only reads the settings starts no server.
NO_SERVERS := DATABASE_URL=postgres:///unused REDIS_URL=redis://unused
ARGS ?=
# Without bytecode each of the processes that run and test start would compile all of our files again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test bench soak lint format migrate check-production

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  make %-18s %s\n' "$$name" "$$text"; done

setup: ## Prepare the environment; quick when nothing has changed
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed, and none was found in PATH.' >&2; exit 1; }
	@$(PYTHON) -P config/bootstrap.py

run: setup ## Run everything until Ctrl-C; PORT=8001 for another port
	@exec $(IN_VENV) -m config.runner

# Three workers for two cores: a browser test, or one of a server that does not answer, mostly waits.
test: setup ## Run every test and print the ten slowest; ARGS='-k name' for some
	@exec $(IN_VENV) -m pytest -n 3 --dist loadscope --no-loadscope-reorder --durations=10 $(ARGS)

bench: setup ## Print speed as ratios; ARGS=--small for seconds, ARGS=name for one
	@exec $(IN_VENV) -m tests.benchmarks $(ARGS)

soak: setup ## Kill everything under a chat for ten minutes, and see that no message is lost
	@exec $(IN_VENV) -m tests.soak --minutes 10

lint: setup ## Check style, types, floors, templates, scripts, migrations and production settings
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	find templates -name '*.html' -print0 | xargs -0 -r .venv/bin/djade --target-version 5.2 --check
	.venv/bin/oxlint --config config/oxlint.json --deny-warnings static
	$(NO_SERVERS) .venv/bin/mypy accompaniment caseload messaging visio config
	.venv/bin/lint-imports
	$(IN_VENV) manage.py makemigrations --check --dry-run
	@$(MAKE) --no-print-directory check-production

check-production:
	@echo 'manage.py check --deploy, with throw-away values'
	@$(NO_SERVERS) ALLOWED_HOSTS=check.example DJANGO_SETTINGS_MODULE=config.settings.production \
		LEGAL_WORDS_VALIDATED_ON=9999-12-31 MEDIATOR_URL=https://mediateur.example CLAMD_URL=unix:///clamd \
		OPERATOR_NAME=nobody OPERATOR_ADDRESS=nowhere OPERATOR_EMAIL=a@check.example OPERATOR_PHONE=0 \
		PUBLICATION_DIRECTOR=nobody HOSTING=nobody DATA_CONTROLLER=nobody DPO_CONTACT=a@check.example \
		ACCESSIBILITY_EMAIL=a@check.example ACCESSIBILITY_PHONE=0 ACCESSIBILITY_STATED_ON=2026-11-28 \
		SECRET_KEY="$$($(IN_VENV) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		$(IN_VENV) manage.py check --deploy --fail-level WARNING

format: setup ## Put code and templates in form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	find templates -name '*.html' -print0 | xargs -0 -r .venv/bin/djade --target-version 5.2

migrate: setup ## Bring the database up to date
	@exec $(IN_VENV) manage.py migrate
