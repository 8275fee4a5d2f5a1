# The chat app of examples/chat_app: here, its tests, and a folder to push to Heroku. The Makefile includes this.

APP_VENV := .venv-app
APP_TESTS ?= tests/chat_app
FOLDER ?= ../my-chat

build_wheel = $(if $(UV),uv build --quiet,$(APP_VENV)/bin/python -m build)

.PHONY: app app-test app-folder

$(APP_VENV)/.app: requirements/app.txt pyproject.toml
	$(call make_venv,$(APP_VENV))
	$(call install,$(APP_VENV)) $(call pinned,requirements/app.txt)
	$(call install,$(APP_VENV)) --no-deps -e .
	@touch $@

app: $(APP_VENV)/.app ## Start the chat app on an emulator and a database of its own, with sample documents
	@PYTHONPATH=examples $(APP_VENV)/bin/python -m retrieval.here chat_app.store \
		"retrieval.load examples/docs" chat_app.main

app-test: $(APP_VENV)/.app ## Test the chat app, in a browser too; APP_TESTS=file for a part
	MYPYPATH=examples $(APP_VENV)/bin/mypy examples/chat_app/*.py
	$(APP_VENV)/bin/python -m pytest $(APP_TESTS)

app-folder: $(APP_VENV)/.app ## Write ../my-chat, a git repository to push to Heroku; FOLDER=path for another
	@test ! -e $(FOLDER) || { echo "$(FOLDER) exists. Name another with FOLDER=..."; exit 1; }
	mkdir -p $(FOLDER)
	$(build_wheel) --wheel --out$(if $(UV),-)dir $(FOLDER)/vendor . > /dev/null
	rm -f $(FOLDER)/vendor/.gitignore
	git -C examples ls-files chat_app retrieval docs | tar -C examples -cf - -T - | tar -C $(FOLDER) -xf -
	cd $(FOLDER)/chat_app && mv Procfile app.json requirements.txt .python-version ..
	sed -nE 's/^([A-Za-z0-9._-]+==[^ ]+( ; .*)?) \\$$/\1/p' requirements/app.txt > $(FOLDER)/constraints.txt
	cd $(FOLDER) && git init --quiet --initial-branch main && git add --all \
		&& git -c user.name=make -c user.email=make@localhost commit --quiet --message "Chat over documents"
	@echo "Now, with Heroku's CLI:"
	@echo "  cd $(FOLDER)"
	@echo "  heroku create --addons heroku-inference:standard,heroku-postgresql:essential-0"
	@echo '  heroku config:set SESSION_SECRET=$$(openssl rand -hex 32)'
	@echo "  git push heroku main"
	@echo "  heroku open"
