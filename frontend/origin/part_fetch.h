// frontend/origin/part_fetch.h
//
// The bytes of a part, from the origin: ranged GETs, each with If-Match, so that two versions are
// never mixed. Signed either by lode's own identity, each request anew because a signature ages, or by
// the client, whose signature does not cover Range.
//
// Where an answer breaks off, is late, or says that the origin is busy or broken, the fetch waits a
// little and goes on at the byte that it reached (retry.h).
//
//   Core        Made on the client's core, used and destroyed on the part's home core, with that core's
//             connections and identity.
//   Memory      One connection per fetch under way.
//   Errors    changed: the object is another version now. denied, not_found: the origin's word. These,
//             and protocol (an answer that does not match the question), are final. When retries are
//             used up: overloaded (503 or 429), unavailable, closed, timed_out. cancelled: abort().
//             What the sink says is passed on.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/list.h"
#include "engine/runtime/wait_list.h"
#include "engine/store/part_source.h"
#include "frontend/http/message.h"
#include "frontend/origin/data_path.h"
#include "frontend/origin/exchange.h"
#include "frontend/origin/object_version.h"
#include "frontend/origin/own_request.h"

namespace lode::frontend::origin {

// Every core's way to the bytes, by core number. Made at start, then only read.
using links_by_core = data_path::by_core;

// The client's own request, to be repeated. Only where its signature does not cover Range and it
// carries no conditions.
[[nodiscard]] fetch_request repeat_of(const http::request_head& request);

class part_fetch final : public engine::part_source {
  public:
    // `part`: which of the version's parts.
    part_fetch(const links_by_core& links, fetch_request request, version_ptr version,
               std::uint32_t part)
        : links_(links),
          request_(std::move(request)),
          version_(std::move(version)),
          begins_(version_->layout.at(part).first) {}

    // Wipes a customer's key where the request carries one.
    ~part_fetch() override;
    part_fetch(const part_fetch&) = delete;
    part_fetch& operator=(const part_fetch&) = delete;

    engine::task<result<>> fetch(part_offset first, bytes length, engine::fill_sink& sink) override;
    void abort() override;

  private:
    // A fetch under way.
    struct job : list_hook<> {
        job(part_offset first, bytes length, engine::fill_sink& into)
            : begin(first), at(first), end(first + length), sink(into) {}

        part_offset begin;
        part_offset at;  // up to here everything has arrived
        part_offset end;
        engine::fill_sink& sink;
        exchange_abort stop;
    };
    struct failure {
        error why;
        bool final = false;
        std::optional<duration> wait = {};  // what the origin asks for
    };
    using attempt = std::expected<void, failure>;

    engine::task<result<>> persist(job& j, data_path& way);
    engine::task<attempt> try_once(job& j, data_path& way);
    engine::task<attempt> pour(exchange& answer, job& j);
    [[nodiscard]] attempt check(const http::response_head& head, object_offset first,
                                bytes length) const;

    const links_by_core& links_;
    fetch_request request_;
    version_ptr version_;
    object_offset begins_;  // where the part does
    list<job> jobs_;
    engine::wait_list pauses_;
    bool aborted_ = false;
};

}  // namespace lode::frontend::origin
