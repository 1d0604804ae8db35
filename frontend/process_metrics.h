// frontend/process_metrics.h
//
// What every process can say of itself, under the names that Prometheus' client libraries gave it, so that
// dashboards and load generators find it.
#pragma once

#include <string>

namespace lode::frontend {

// CPU time since the start, in the text format.
[[nodiscard]] std::string describe_process();

}  // namespace lode::frontend
