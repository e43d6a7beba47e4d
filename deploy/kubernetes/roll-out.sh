#!/bin/sh
# roll-out.sh OVERLAY [WORKLOAD ...]: brings a new version, or a changed setting, into a running cluster without a lost
# verdict. One workload after the other, each when the one before is there: readers before writers, so that nobody gets
# a message that is newer than itself. To go back, name them the other way round:
#   deploy/kubernetes/roll-out.sh production api arbiter detection pii logging
set -eu
overlay=$(dirname "$0")/overlays/$1
shift
[ $# -gt 0 ] || set -- logging pii detection arbiter api
kubectl --namespace vigil delete job provision --ignore-not-found
kubectl apply --kustomize "$overlay" --selector "app.kubernetes.io/component notin (api, logging, pii, detection, arbiter)"
kubectl --namespace vigil wait --for=condition=complete --timeout=180s job/provision
for workload in "$@"; do
    kubectl apply --kustomize "$overlay" --selector "app.kubernetes.io/component=$workload"
    kubectl --namespace vigil rollout status "deployment/$workload" --timeout=300s
done
kubectl apply --kustomize "$overlay"
