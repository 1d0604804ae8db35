// frontend/cluster_metrics.h
//
// What a node counts of its cluster: its members, its questions to each of them, and theirs to it.
//
//   Core    Any; reads the counters of all cores.
//   Limits  peers_named peers by name; the others are summed up as "others".
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/counters.h"
#include "frontend/cluster_report.h"
#include "frontend/serving.h"

namespace lode::frontend {

inline constexpr std::size_t peers_named = 512;

void describe_cluster(metrics_page& page, std::span<serving* const> cores,
                      const cluster_report& report);

}  // namespace lode::frontend
