// frontend/origin/object_version.h
//
// One immutable content of a key, as an origin's answer described it: enough to name its bytes in
// the cache and to repeat its headers to a client.
//
//   Memory  A few hundred bytes; shared by the requests that use it, never changed.
//   Errors  `not_found` where an answer does not describe a version that may be cached: no strong
//           ETag, no Last-Modified, no size, cookies; a customer's encryption key where the request
//           had none, or none where it had one.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/store/part_store.h"
#include "frontend/http/header.h"
#include "frontend/origin/part_layout.h"

namespace lode::frontend::origin {

// Which object a request means. `scope` is the Host as far as it may name a bucket that we do not
// understand: under an unknown domain two hosts with the same path are two objects.
struct object_name {
    std::string scope;
    std::string bucket;
    std::string key;
    std::string version_id;  // as asked for; empty: the current version
    // The fingerprint of the customer's key that came with the request; empty: none. Without the key
    // nothing is found that was learned or stored with it, whatever the gateway says.
    std::string customer_key;

    // One string that differs for different objects. Reuses `out`.
    void append_to(std::string& out) const;
    [[nodiscard]] std::string text() const;

    // What an upload is of: the version comes into being by it.
    [[nodiscard]] object_name without_version() const;

    friend bool operator==(const object_name&, const object_name&) = default;
};

struct object_version {
    std::string etag;           // with its quotes, as the origin sent it
    std::string last_modified;  // as the origin sent it
    bytes size;
    std::string version_id;  // under which the origin keeps it; empty where it told none
    std::string headers;     // "Name: value\r\n" lines that belong to the version
    // The same for the stored checksums of the whole object; nothing while nobody asked for them.
    std::optional<std::string> checksums;
    std::string direct_path;  // the URL of the server that has the bytes; empty: none was named
    hash128 identity;         // of the content: origin, name, ETag, version id, size
    part_layout layout = part_layout::whole(bytes(0));
    bool laid_out =
        false;  // `layout` is what it will be; else a multipart object's is still to be found

    // Names a part's bytes in the cache, by its index in `layout`.
    [[nodiscard]] engine::part_key part(std::uint32_t index) const;

    // Described by the same answer: content, time and headers.
    [[nodiscard]] bool same_as(const object_version& other) const;

    [[nodiscard]] std::size_t memory() const {
        return sizeof *this + etag.size() + last_modified.size() + headers.size() +
               layout.memory() + (checksums ? checksums->size() : 0) + direct_path.size() +
               version_id.size();
    }
};

using version_ptr = std::shared_ptr<const object_version>;

// What `object_version::identity` is of. `origin` names the store, the same on every node of a cluster.
[[nodiscard]] hash128 identity_of(std::string_view origin, const object_name& name,
                                  std::string_view etag, std::string_view version_id, bytes size);

// A copy that differs in one thing.
[[nodiscard]] version_ptr with_layout(const object_version& v, part_layout layout);
[[nodiscard]] version_ptr with_checksums(const object_version& v, std::string lines);

// The lines of `headers` that state checksums of the body.
[[nodiscard]] std::string checksum_lines(std::span<const http::header> headers);

// From the head of a 200 or 206 answer to a GET or HEAD that asked for no other headers than the stored
// ones. `origin` names the store that answered.
[[nodiscard]] result<version_ptr> describe_version(std::string_view origin, const object_name& name,
                                                   unsigned status,
                                                   std::span<const http::header> headers);

// The same version with its bytes elsewhere; `known` itself where nothing changed.
[[nodiscard]] version_ptr with_direct_path(version_ptr known, std::string direct_path);

}  // namespace lode::frontend::origin
