// frontend/origin/gateway.h
//
// Asks the origin's gateway, for each request, whether this caller may read this object and which
// version is current. Nothing cached leaves without that word.
//
//   what we know            what is added to the client's own request      the gateway's answer means
//   ----------------------  ---------------------------------------------  ------------------------------
//   a version               If-None-Match, If-Unmodified-Since             304: may read, unchanged
//     and Range is free     ... and Range: bytes=0-0                       412: touched, ask anew
//   nothing, Range is free  Range: bytes=0-0                               206: may read, all headers
//   anything else           nothing: the request as it came                its answer goes to the client
//
// "Range is free" when the client's signature does not cover it. What is added is never signed, so the
// signature stays valid. Any other answer is the client's: 403, 404, 416, 5xx.
//
// What one core learns is also told to the name's home core, and asked there by a core that does not know
// it: any core of the node can then revalidate, which matters where a signed Range forbids to probe.
//
//   Core     One per core. `neighbours` holds all of them, by core number; made at start, then only read.
//   Errors   As exchange.h; a verdict otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/counters.h"
#include "frontend/http/message.h"
#include "frontend/origin/exchange.h"
#include "frontend/origin/object_version.h"
#include "frontend/origin/version_cache.h"
#include "frontend/s3/request_class.h"

namespace lode::frontend::origin {

// Either the caller may read `version`, which is current, or `answer` is for the client. An answer that
// carries an object's bytes comes with the version that it describes; where only a Content-Length tells
// the size, whoever has seen all the bytes arrive says remember().
struct verdict {
    version_ptr version;
    std::optional<exchange> answer;

    [[nodiscard]] bool authorised() const { return !answer.has_value(); }
};

class gateway {
  public:
    struct statistics {
        counter revalidated;  // 304: unchanged
        counter learned;      // 206 to our one-byte range: version now known
        counter touched;      // 412 or a new version where we knew one
        counter relayed;      // answers that went to the client as they were
        counter failed;       // no answer
    };

    using by_core = std::vector<gateway*>;

    // `identity` names the origin in part ids: the same on every node of a cluster.
    gateway(const origin_link& link, std::string identity, std::size_t objects_max,
            const by_core& neighbours)
        : link_(link),
          identity_(std::move(identity)),
          versions_(objects_max),
          neighbours_(neighbours) {}

    engine::task<result<verdict>> authorise(const http::request_head& request,
                                            const s3::classified& what, const object_name& name);

    // The client's request as it came; the answer teaches the version that it describes.
    engine::task<result<verdict>> forward(const http::request_head& request,
                                          const object_name& name);

    // `version` is current and its size is certain.
    engine::task<void> remember(const object_name& name, version_ptr version);

    // What we know of the object is doubtful: a write passed by, or its bytes did not fit its description.
    engine::task<void> forget(const object_name& name);

    [[nodiscard]] origin_link& link() { return link_; }
    [[nodiscard]] const statistics& stats() const { return stats_; }
    [[nodiscard]] const version_cache& versions() const { return versions_; }

  private:
    // What the answer to a modified request means; nothing: ask in another way.
    engine::task<result<std::optional<verdict>>> revalidate(const http::request_head& request,
                                                            const object_name& name,
                                                            version_ptr known, bool range_free);
    engine::task<result<std::optional<verdict>>> probe(const http::request_head& request,
                                                       const object_name& name);

    engine::task<version_ptr> find(const object_name& name);
    engine::task<version_ptr> learn(const object_name& name, const http::response_head& head);
    engine::task<verdict> relay(exchange answer, const object_name& name);
    [[nodiscard]] core_id home_of(const object_name& name) const;

    origin_link link_;
    std::string identity_;
    version_cache versions_;
    const by_core& neighbours_;
    statistics stats_;
};

}  // namespace lode::frontend::origin
