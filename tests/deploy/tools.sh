#!/usr/bin/env bash
# Makes the programs that `make test-deploy` needs and this machine lacks, in pinned versions:
#   tests/deploy/tools.sh chart       helm, helm4, helm-docs, kubeconform, promtool (about 10 CPU-minutes the first time)
#   tests/deploy/tools.sh simulated   helm, kubectl, etcd, API server, controllers, kwok (17)
#   tests/deploy/tools.sh nodes       the above; kubelet, kube-proxy, CoreDNS; Debian's containerd, runc, buildah, podman (20 more)
# Needs Go; nodes also needs root on Debian or Ubuntu. They go to STILLWATCH_TOOLS, by default ~/.cache/stillwatch/tools.
set -euo pipefail
cd "$(dirname "$0")/tools"

tools=${STILLWATCH_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/stillwatch/tools}
mkdir -p "$tools"
export GOFLAGS="-trimpath -buildvcs=false" CGO_ENABLED=0
kubernetes=1.34.0 # what helm template and helm lint take a cluster for

is_there() { [ -x "$tools/$1" ] || { echo "building $1" >&2; return 1; }; }

# from_module NAME PACKAGE@VERSION [LINKER FLAGS]: a program whose module can be installed by name
from_module() {
    is_there "$1" && return
    local folder
    folder=$(mktemp -d)
    GOBIN=$folder go install -ldflags "-s -w ${3:-}" "$2"
    mv "$folder"/* "$tools/$1"
    rmdir "$folder"
}

# from_here NAME FOLDER PACKAGE [LINKER FLAGS] [TAGS]: a program pinned by the go.mod of a folder here
from_here() {
    is_there "$1" && return
    (cd "$2" && go build -mod=readonly -tags "${5:-}" -ldflags "-s -w ${4:-}" -o "$tools/$1" "$3")
}

# Programs of Kubernetes refuse to work together when they do not know their own version.
kubernetes_version() {
    local package
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        echo -n "-X $package.gitVersion=v$1 -X $package.gitMajor=1 -X $package.gitMinor=$(cut -d. -f2 <<<"$1") "
    done
}

helm_version() {
    local package
    for package in chartutil.k8sVersion lint/rules.k8sVersion; do
        echo -n "-X helm.sh/helm/v3/pkg/${package}Major=1 -X helm.sh/helm/v3/pkg/${package}Minor=$(cut -d. -f2 <<<$kubernetes) "
    done
}

helm() { from_module helm helm.sh/helm/v3/cmd/helm@v3.22.0 "$(helm_version)"; }

chart() {
    helm
    from_module helm4 helm.sh/helm/v4/cmd/helm@v4.3.1
    from_module helm-docs github.com/norwoodj/helm-docs/cmd/helm-docs@v1.14.2
    from_module kubeconform github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
    from_here promtool prometheus github.com/prometheus/prometheus/cmd/promtool "" remove_all_sd
}

simulated() {
    local name
    helm
    from_here etcd kubernetes ./etcd
    for name in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
        from_here $name kubernetes k8s.io/kubernetes/cmd/$name "$(kubernetes_version 1.36.3)"
    done
    from_module kwok sigs.k8s.io/kwok/cmd/kwok@v0.8.0 "-X sigs.k8s.io/kwok/pkg/consts.Version=v0.8.0"
}

nodes() {
    local name packages="containerd runc containernetworking-plugins iptables iproute2 buildah podman mmdebstrap"
    simulated
    # shellcheck disable=SC2086  # a list of words
    dpkg --status $packages >/dev/null 2>&1 || { apt-get -q update && apt-get -q install -y --no-install-recommends $packages; }
    # The last minor version that takes cgroup v1, and two behind the API server, which is as far as is supported.
    for name in kubelet kube-proxy; do
        from_here $name kubelet k8s.io/kubernetes/cmd/$name "$(kubernetes_version 1.34.4)"
    done
    from_module coredns github.com/coredns/coredns@v1.13.1
    is_there pause || go build -ldflags "-s -w" -o "$tools/pause" pause/main.go
}

case ${1:-} in
chart | simulated | nodes) "$1" ;;
*) sed -n 2,6p "$0"; exit 2 ;;
esac
