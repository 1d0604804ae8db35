// frontend/locate.h
//
// Where the bytes of an object are, part by part: for operators, by lode's own right.
//
//   Core     Any; asks the home cores of the parts, and in a cluster the nodes that may have them.
//   Limits   The nodes are asked for two seconds at most; of those that said nothing it is not known
//            what they have.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/peer_health.h"
#include "engine/store/part_store.h"
#include "frontend/origin/object_version.h"
#include "frontend/prestage.h"

namespace lode::frontend {

struct located_object {
    // A node that may be asked for a part.
    struct candidate {
        std::string name;
        bool is_self = false;
        cluster::peer_state state = cluster::peer_state::joining;
        std::optional<engine::presence> chunks;  // nothing: it did not say
    };

    struct part {
        origin::part_extent extent;
        core_id home;
        engine::presence chunks;            // on this node
        std::vector<candidate> candidates;  // the owner first; none where this node is alone
    };

    origin::object_name name;
    origin::version_ptr version;
    std::vector<part> parts;
    std::optional<prestaging::progress> prestaging;

    // On whichever node.
    [[nodiscard]] bool being_filled() const;
};

// Nothing: lode has no identity, or the origin no such object. Until `until` it waits as long as the
// object is being filled.
engine::task<std::optional<located_object>> locate(serving& here, origin::object_name name,
                                                   time_point until);

[[nodiscard]] std::string print_located(const located_object& o);
[[nodiscard]] std::string print_located_json(const located_object& o);

}  // namespace lode::frontend
