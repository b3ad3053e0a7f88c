# Image and chart. Included by the Makefile.

TOOLS := $(or $(STILLWATCH_TOOLS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/stillwatch/tools)
HELM_DOCS := $(or $(shell command -v helm-docs),$(TOOLS)/helm-docs)

.PHONY: image chart-docs deploy-tools test-deploy test-deploy-if-possible

image: setup ## Build the container image; BASE=local where no registry can be reached
	@docker/build.sh

chart-docs: ## Write the chart's README from its values
	@[ -x "$(HELM_DOCS)" ] || { echo "chart-docs needs helm-docs; \`tests/deploy/tools.sh chart\` builds it" >&2; exit 1; }
	@"$(HELM_DOCS)" --chart-search-root helm --log-level warning

deploy-tools: ## Build what test-deploy needs and this machine lacks: Kubernetes, Helm, Prometheus (an hour, once)
	@tests/deploy/tools.sh chart
	@tests/deploy/tools.sh nodes

test-deploy: setup ## Test image and chart on a Kubernetes of this machine; before each release
	@STILLWATCH_TEST_DEPLOY=1 tests/deploy/contained.sh $(BIN)/python -m pytest tests/deploy $(PYTEST_ARGS)

# For CI: what has its tools on the machine is tested, what has not is named in a sentence; no tool is fetched for it.
DEPLOY_SECONDS ?= 1800
test-deploy-if-possible: setup
	@$(BIN)/python -m tests.deploy.cluster.tools || exit 0; \
	STILLWATCH_TEST_DEPLOY=if-possible timeout --kill-after=120 $(DEPLOY_SECONDS) \
	    tests/deploy/contained.sh $(BIN)/python -m pytest tests/deploy $(PYTEST_ARGS) || { code=$$?; \
	    [ $$code -ne 124 ] || echo "ended after $(DEPLOY_SECONDS) s (DEPLOY_SECONDS)"; exit $$code; }
