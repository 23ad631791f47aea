#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log.h"
#include "result.h"
#include "timestamp.h"

// The metrics of a run for Prometheus. prometheus-cpp's core is not used because merely loading
// that library makes every task start 8% later (9.6 ms of CPU time instead of 8.8 ms), and because
// its histogram cannot be copied.
namespace steamflow {

// Names and values of the labels of every metric of a run. They are also the group under which a
// Pushgateway keeps the metrics.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Returns the labels of a run: `job` is the task, `dag_id` and `task_id` are set if Airflow runs
// it, and `shard` is set for a sharded run.
MetricLabels LabelsOf(const ResultHead& head, std::optional<std::uint64_t> shard);

// Returns the metrics of a run that ended at `ended`, in Prometheus' text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). docker/prometheus/README.md lists
// them. Without `last_success`, the metric of that name is left out.
std::string FormatMetrics(const ResultHead& head, const Result& result, const MetricLabels& labels,
                          Instant ended, std::optional<Instant> last_success);

// Returns the path of a group in a Pushgateway, as defined in the Pushgateway's README:
// "/metrics/job/steam-news/...". Values that cannot be part of a path are encoded in base64. The
// first label must be `job`.
std::string GroupPath(const MetricLabels& labels);

// The destinations of metrics; an empty one is not used.
struct MetricsTargets {
  std::string pushgateway_url;
  std::string file;
};

// Returns the targets. The URL is `pushgateway_flag`, AIRFLOW_VAR_PUSHGATEWAY_URL or
// PUSHGATEWAY_URL, whichever is set first. Throws TaskError if it is not an http or https address.
MetricsTargets ReadMetricsTargets(const std::string& pushgateway_flag, const std::string& file);

// Pushes the metrics of a run that has just ended, waiting at most `at_most` for the Pushgateway,
// and replaces the metrics file. A failure is only a warning: metrics never fail a run.
void PublishMetrics(const MetricsTargets& targets, const ResultHead& head, const Result& result,
                    const MetricLabels& labels, std::chrono::milliseconds at_most, Log& log);

}  // namespace steamflow
