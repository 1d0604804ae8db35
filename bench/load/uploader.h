// bench/load/uploader.h
//
// Puts the objects of a data set that are not there yet, over a few connections of one core.
//
//   Core      One.
//   Errors    problem(): one sentence, of the first object that could not be put; the others are left.
//   Limits    A request has the load's deadline, and is made four times at most.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/connection.h"
#include "bench/load/load_core.h"
#include "bench/load/request_heads.h"
#include "engine/runtime/scope.h"

namespace lode::bench {

// What the thread that waits may look at meanwhile.
struct upload_counts {
    std::atomic<std::uint64_t> objects{0};
    std::atomic<std::uint64_t> put{0};
    std::atomic<bool> ended{false};
};

class uploader {
  public:
    // All outlive it.
    uploader(const run_plan& plan, frontend::http::dialer& dialer, run_signals& signals,
             recorder& seen, upload_counts& counts);

    engine::task<void> run();

    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    struct request {
        request_heads::plain_request head;
        std::optional<known_bytes> upload;
        std::string_view text;
        connection::question::keep body = connection::question::keep::none;
    };

    engine::task<void> work(connection& by);
    engine::task<bool> make_bucket(connection& by);
    engine::task<bool> put_if_missing(connection& by, std::uint64_t object);
    engine::task<bool> put_whole(connection& by, std::uint64_t object);
    engine::task<bool> put_in_parts(connection& by, std::uint64_t object);
    engine::task<bool> put_part(connection& by, std::uint64_t object, std::uint64_t part,
                                std::string_view upload_id, std::string& list);
    engine::task<bool> complete(connection& by, std::uint64_t object, std::string_view upload_id,
                                std::string_view list);

    // Until there is an answer that is no 5xx. False: problem() says why there was none.
    engine::task<bool> ask(connection& by, const request& r);
    bool refuse(std::string_view what, std::optional<std::uint64_t> object,
                const connection& answered);
    [[nodiscard]] std::string name_of(std::optional<std::uint64_t> object) const;

    const run_plan& plan_;
    run_signals& signals_;
    recorder& seen_;
    upload_counts& counts_;
    frontend::http::dialer& dialer_;
    request_heads heads_;
    std::unique_ptr<std::byte[]> bin_;
    std::vector<std::unique_ptr<connection>> connections_;
    std::uint64_t next_ = 0;
    std::string problem_;
    engine::scope workers_;
};

}  // namespace lode::bench
