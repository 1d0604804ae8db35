// frontend/metrics.h
//
// What a node counts, as one page in the Prometheus text format.
//
//   Core    Any; reads the counters of all cores.
#pragma once

#include <string>

#include "engine/base/clock.h"
#include "frontend/access/key_watch.h"
#include "frontend/cluster_report.h"
#include "frontend/serving.h"

namespace lode::frontend {

// `keys` null: there is no key file. `nodes` null: this node is alone.
[[nodiscard]] std::string describe_node(const node_context& node, const access::key_watch* keys,
                                        const cluster_report* nodes, time_point started);

}  // namespace lode::frontend
