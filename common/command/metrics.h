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

// What Prometheus is told of a run. Not by prometheus-cpp's core: to load that library alone makes
// every task start 8 % later (9.6 ms of CPU, not 8.8), and its histogram cannot be copied.
namespace steamflow {

// Whose metrics they are, as names and values: the labels of each metric, and the group that a
// Pushgateway keeps them in.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// `job` = the task, `dag_id` and `task_id` where Airflow runs it, `shard` where there is one.
MetricLabels LabelsOf(const ResultHead& head, std::optional<std::uint64_t> shard);

// The metrics of a run that ended at `ended`, in Prometheus' text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/); docker/prometheus/README.md lists
// them. `last_success` is left out where it is empty.
std::string FormatMetrics(const ResultHead& head, const Result& result, const MetricLabels& labels,
                          Instant ended, std::optional<Instant> last_success);

// The path of a group in a Pushgateway, as its README has it: "/metrics/job/steam-news/...", with
// values in base64 that are no plain part of a path. The first label is `job`.
std::string GroupPath(const MetricLabels& labels);

// Where metrics go; either may be empty.
struct MetricsTargets {
  std::string pushgateway_url;
  std::string file;
};

// `pushgateway_flag`, else AIRFLOW_VAR_PUSHGATEWAY_URL, else PUSHGATEWAY_URL. Throws TaskError
// where that is no http(s) address.
MetricsTargets ReadMetricsTargets(const std::string& pushgateway_flag, const std::string& file);

// Pushes the metrics of a run that has just ended, waiting `at_most` for the Pushgateway, and
// replaces the file. What cannot be done is a warning: metrics never fail a run.
void PublishMetrics(const MetricsTargets& targets, const ResultHead& head, const Result& result,
                    const MetricLabels& labels, std::chrono::milliseconds at_most, Log& log);

}  // namespace steamflow
