// tools/lode/cluster_rules.h
//
// What the settings of a cluster may not say together: find_conflicts() asks here. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "frontend/settings.h"
#include "tools/lode/configuration_rules.h"

namespace lode::tools {

// Needs nothing but [cluster], node.name, node.zone and listen.peer. What depends on a file or on the
// environment (the secret, credentials, a list in a file of its own) is the host check's business.
void check_cluster(const frontend::settings& s, std::vector<conflict>& found);

// Names and addresses in a list that stand there before.
void check_nodes(const std::vector<frontend::cluster_node_settings>& nodes,
                 std::vector<conflict>& found);

// The row of a node that is there, or null.
[[nodiscard]] const frontend::cluster_node_settings* find_node(
    const std::vector<frontend::cluster_node_settings>& nodes, std::string_view name);

}  // namespace lode::tools
