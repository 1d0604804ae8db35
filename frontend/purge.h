// frontend/purge.h
//
// Forgets an object on all nodes: the parts of its current version, by lode's own right. What lies under a
// customer's key has other names, which nobody knows without the key, and stays.
//
//   Core     One; asks its peers.
//   Errors   not_found: the origin shows no such object, or does not answer. What a node that does not
//            answer holds stays there, and the node is named.
//   Limits   A part that is being filled is kept. After `until` nobody is asked any more.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "engine/runtime/task.h"
#include "frontend/origin/object_listing.h"
#include "frontend/serving.h"

namespace lode::frontend {

struct purged {
    std::uint64_t objects = 0;
    std::uint64_t failed = 0;      // objects that could not be looked up
    std::uint64_t chunks = 0;      // that were there, over all nodes
    std::set<std::string> silent;  // nodes that did not answer

    purged& operator+=(const purged& other);
};

// Requires an identity, as does the next.
[[nodiscard]] engine::task<result<purged>> purge_object(serving& here, origin::object_name name,
                                                        time_point until);

// The objects of one page of a listing, several at the same time.
[[nodiscard]] engine::task<purged> purge_listed(serving& here, std::string bucket,
                                                const origin::object_listing& page,
                                                time_point until);

}  // namespace lode::frontend
