// tools/lode/cluster_check.h
//
// What this host forbids a member of a cluster: the files that [cluster] names. check_host() asks
// here, with node.name filled in, where there is a cluster.
#pragma once

#include <vector>

#include "frontend/settings.h"
#include "tools/lode/host_check.h"
#include "tools/lode/host_view.h"

namespace lode::tools {

inline constexpr bytes secret_least{16};
inline constexpr bytes secret_most{4096};

// One question each.
[[nodiscard]] finding check_cluster_secret(const frontend::settings& s, host_view& host);
// Of "static": this node is in the list.
[[nodiscard]] finding check_node_list(const frontend::settings& s);
[[nodiscard]] finding check_etcd_password(const frontend::settings& s, host_view& host);
[[nodiscard]] finding check_state_file(const frontend::settings& s, host_view& host);

[[nodiscard]] std::vector<finding> check_cluster_files(const frontend::settings& s,
                                                       host_view& host);

}  // namespace lode::tools
