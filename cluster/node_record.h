// cluster/node_record.h
//
// What a node writes about itself where all nodes can read it, as JSON:
//
//     {"address":"10.0.0.7:9001","capacity":1099511627776,"draining":false,"slots":[[0,16]],
//      "zone":"z1"}
//
// A member that is not known is passed over, so that a later version may say more.
//
//   Errors  A record with anything else in these places is none: a sentence says why.
//   Limits  64 KiB; 4,096 ranges of slots; names, zones of 253 bytes.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "cluster/membership.h"

namespace lode::cluster {

inline constexpr std::size_t node_record_most = std::size_t{64} << 10U;
inline constexpr std::size_t record_ranges_max = 4096;

[[nodiscard]] std::string print_node_record(const member& of);

// The name is not in the record, but in the key under which it stands.
[[nodiscard]] std::expected<discovered, std::string> parse_node_record(std::string_view name,
                                                                       std::string_view text);

// Letters, digits, '-', '_' and '.'; 1 to 253 bytes.
[[nodiscard]] bool is_member_name(std::string_view text);

}  // namespace lode::cluster
