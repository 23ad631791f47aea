#!/usr/bin/env bash
# kafka-run-class.sh CLASS ARGUMENT...
set -euo pipefail
read -ra options <<<"${KAFKA_HEAP_OPTS:-} ${KAFKA_JVM_PERFORMANCE_OPTS:-} ${KAFKA_OPTS:-}"
# Java uses only its quick compiler, because the machine is small.
exec java "${options[@]}" -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' \
  -Dlog4j2.configurationFile=/etc/kafka/log4j2.properties "$@"
