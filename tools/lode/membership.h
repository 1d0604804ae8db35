// tools/lode/membership.h
//
// The source of membership that a configuration asks for.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/membership.h"
#include "cluster/static_membership.h"
#include "frontend/settings.h"

namespace lode::tools {

// Where the others reach this node's peer port, as far as the configuration says it; else empty.
[[nodiscard]] std::string own_peer_address(const frontend::settings& s);

// Null where this node is alone. `s` is valid and its node.name filled in. The error is a sentence: a file
// could not be read. Blocks.
[[nodiscard]] std::expected<std::unique_ptr<cluster::membership>, std::string> make_membership(
    const frontend::settings& s);

// A list of nodes out of the text of `file`, or the first mistake in it: "/etc/nodes.toml:3: ...".
[[nodiscard]] std::expected<std::vector<cluster::listed_node>, std::string> read_node_list(
    std::string_view text, std::string_view file);

}  // namespace lode::tools
