#!/bin/sh
# Prints the alerts of deploy/prometheus as a PrometheusRule: rules.sh | kubectl apply -f -
set -eu
cat <<'HEAD'
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: vigil
  namespace: vigil
  labels:
    app.kubernetes.io/part-of: vigil
spec:
HEAD
sed 's/^/  /' "$(dirname "$0")/../../prometheus/alerts.yml"
