// frontend/origin/part_fetch.h
//
// The bytes of a part, from the origin: one ranged GET after the other, each with If-Match, so that two
// versions are never mixed. Signed either by lode's own identity or by the client, whose signature does
// not cover Range.
//
//   Core      Made on the client's core, used and destroyed on the part's home core, with that core's
//             connections.
//   Errors    changed: the object is another version now. denied, not_found: the origin's word.
//             overloaded: 503 or 429. closed, timed_out: the answer broke off. protocol: an answer that
//             does not match the question.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/store/part_source.h"
#include "frontend/http/message.h"
#include "frontend/origin/exchange.h"
#include "frontend/origin/object_version.h"
#include "frontend/origin/own_request.h"

namespace lode::frontend::origin {

// Every core's way to the origin, by core number. Made at start, then only read.
using links_by_core = std::vector<origin_link*>;

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

    engine::task<result<>> fetch(part_offset first, bytes length, engine::fill_sink& sink) override;
    void abort() override;

  private:
    engine::task<result<>> pour(exchange& answer, bytes length, engine::fill_sink& sink);
    [[nodiscard]] result<> check(const http::response_head& head, object_offset first,
                                 bytes length) const;

    const links_by_core& links_;
    fetch_request request_;
    version_ptr version_;
    object_offset begins_;  // where the part does
    exchange* current_ = nullptr;
    bool aborted_ = false;
};

}  // namespace lode::frontend::origin
