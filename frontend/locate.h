// frontend/locate.h
//
// Where the bytes of an object are, part by part: for operators, by lode's own right.
//
//   Core     Any; asks the home cores of the parts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/store/part_store.h"
#include "frontend/origin/object_version.h"
#include "frontend/prestage.h"

namespace lode::frontend {

struct located_object {
    struct part {
        origin::part_extent extent;
        core_id home;
        engine::presence chunks;
    };

    origin::object_name name;
    origin::version_ptr version;
    std::vector<part> parts;
    std::optional<prestaging::progress> prestaging;

    [[nodiscard]] bool being_filled() const;
};

// Nothing: lode has no identity, or the origin no such object. Until `until` it waits as long as the
// object is being filled.
engine::task<std::optional<located_object>> locate(serving& here, origin::object_name name,
                                                   time_point until);

[[nodiscard]] std::string print_located(const located_object& o);
[[nodiscard]] std::string print_located_json(const located_object& o);

}  // namespace lode::frontend
