# Image and chart. Included by the Makefile.

TOOLS := $(or $(STILLWATCH_TOOLS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/stillwatch/tools)
HELM_DOCS := $(or $(shell command -v helm-docs),$(TOOLS)/helm-docs)

.PHONY: image chart-docs deploy-tools test-deploy test-deploy-if-possible

image: setup ## Build the container image; BASE=local where no registry can be reached
	@docker/build.sh

chart-docs: ## Write the chart's README from its values
	@$(HELM_DOCS) --chart-search-root helm --log-level warning

deploy-tools: ## Build what test-deploy needs and this machine lacks: Kubernetes, Helm, Prometheus (an hour, once)
	@tests/deploy/tools.sh chart
	@tests/deploy/tools.sh nodes

test-deploy: setup ## Test image and chart on a Kubernetes of this machine; before each release
	@STILLWATCH_TEST_DEPLOY=1 $(BIN)/python -m pytest tests/deploy $(PYTEST_ARGS)

# For CI: what has its tools is tested, what has not says so, and nothing is built for an hour.
test-deploy-if-possible: setup
	@STILLWATCH_TEST_DEPLOY=if-possible $(BIN)/python -m pytest tests/deploy $(PYTEST_ARGS)
