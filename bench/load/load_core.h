// bench/load/load_core.h
//
// One core's share of a run: its connections, each of which takes the next request when it has an answer
// to the last one, until the run is over.
//
// After an error a connection pauses, 10 ms and doubling up to 1 s, as clients do that want a loaded server
// to recover; an answer ends that.
//
//   Core      One. `run_plan` and `run_signals` are shared: constants, and atomics.
//   Memory    request_heads.h, recorder.h, connection.h for each connection.
//   Limits    After the end, requests in flight have `grace`; then they are given up, uncounted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/arrivals.h"
#include "bench/load/connection.h"
#include "bench/load/load_options.h"
#include "bench/load/recorder.h"
#include "bench/load/request_heads.h"
#include "bench/load/request_source.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"

namespace lode::bench {

// What all cores of a run know, and none changes.
struct run_plan {
    const load_options& options;
    const data_set& data;
    time_point begin;  // of the measured time
    time_point end;
};

// What cores and conductor tell each other.
struct run_signals {
    std::atomic<bool> stop{false};
    std::atomic<bool> unreachable{false};
    std::atomic<unsigned> ended{0};  // cores
};

class load_core {
  public:
    // All outlive it.
    load_core(const run_plan& plan, frontend::http::dialer& dialer, run_signals& signals,
              recorder& seen, core_share share);

    // Returns when every connection is closed.
    engine::task<void> run();

    static constexpr duration grace = std::chrono::seconds(1);

  private:
    engine::task<void> work(connection& by);
    engine::task<void> watch();
    engine::task<bool> ask(connection& by, const planned_request& r, std::string& head,
                           time_point due);
    bool judge(const connection& by, const planned_request& r, const request_times& times,
               bool counted);
    enum class reach : std::uint8_t { none, some };
    void note_reach(reach r);
    [[nodiscard]] bool over() const;
    [[nodiscard]] bool take_request();
    engine::task<void> pause_until(time_point when);

    const run_plan& plan_;
    run_signals& signals_;
    recorder& seen_;
    core_share share_;
    frontend::http::dialer& dialer_;
    request_heads heads_;
    request_source source_;
    arrivals arrivals_;
    std::unique_ptr<std::byte[]> bin_;
    std::vector<std::unique_ptr<connection>> connections_;
    std::uint64_t requests_left_;  // where the run is a number of requests
    std::size_t working_ = 0;
    std::size_t refused_ = 0;  // dials, before the first that was not
    bool reached_ = false;
    engine::scope workers_;
    engine::wait_list pauses_;  // ended all at once when the run is over
};

// "503 SlowDown": an answer that is no success, by its status and the code of its S3 error.
[[nodiscard]] std::string kind_of_answer(unsigned status, std::string_view body);

}  // namespace lode::bench
