// frontend/origin/object_listing.h
//
// Which objects there are below a prefix, page by page, by lode's own right (ListObjectsV2).
//
//   Core     One, that of the link.
//   Memory   One answer of at most answer_max, and what it lists.
//   Errors   not_found: no such bucket. denied: lode may not list it. protocol: an answer that is no
//            listing. too_large: one beyond answer_max. Others as exchange.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/runtime/task.h"
#include "frontend/origin/exchange.h"
#include "frontend/s3/sigv4.h"

namespace lode::frontend::origin {

struct object_listing {
    static constexpr bytes answer_max{16ULL << 20U};

    struct entry {
        std::string key;
        bytes size;
        friend bool operator==(const entry&, const entry&) = default;
    };

    struct question {
        std::string bucket;
        std::string prefix;
        std::string from;  // a page's `next`; empty: the first page
        std::uint32_t objects_max = 1000;
    };

    std::vector<entry> objects;
    std::string next;  // empty: that was all
};

[[nodiscard]] engine::task<result<object_listing>> list_objects(origin_link& link, s3::signer& own,
                                                                object_listing::question q);

// The body of an answer.
[[nodiscard]] result<object_listing> parse_listing(std::string_view xml);

}  // namespace lode::frontend::origin
