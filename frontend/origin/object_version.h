// frontend/origin/object_version.h
//
// One immutable content of a key, as an origin's answer described it: enough to name its bytes in
// the cache and to repeat its headers to a client.
//
//   Memory  A few hundred bytes; shared by the requests that use it, never changed.
//   Errors  `not_found` where an answer does not describe a version that may be cached: no strong
//           ETag, no Last-Modified, no size, a customer's encryption key, cookies.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/store/part_store.h"
#include "frontend/http/header.h"

namespace lode::frontend::origin {

// Which object a request means. `scope` is the Host as far as it may name a bucket that we do not
// understand: under an unknown domain two hosts with the same path are two objects.
struct object_name {
    std::string scope;
    std::string bucket;
    std::string key;
    std::string version_id;  // as asked for; empty: the current version

    // One string that differs for different objects. Reuses `out`.
    void append_to(std::string& out) const;
};

struct object_version {
    std::string etag;           // with its quotes, as the origin sent it
    std::string last_modified;  // as the origin sent it
    bytes size;
    std::string headers;    // "Name: value\r\n" lines that belong to the version
    engine::part_key part;  // the whole object is one part

    [[nodiscard]] std::size_t memory() const {
        return sizeof *this + etag.size() + last_modified.size() + headers.size();
    }
};

using version_ptr = std::shared_ptr<const object_version>;

// From the head of a 200 or 206 answer to a GET. `origin` names the store that answered.
[[nodiscard]] result<version_ptr> describe_version(std::string_view origin, const object_name& name,
                                                   unsigned status,
                                                   std::span<const http::header> headers);

}  // namespace lode::frontend::origin
