// frontend/origin/reachability.h
//
// Whether this node has a way to the origin. An origin that is slow is slow for every node, and whoever
// waits for it waits; a node that is cut off is to say so, so that others who have a way fetch what it
// cannot. The two are told apart by a connection: an origin that is merely slow accepts one as ever.
//
// Who waits for bytes of the origin longer than usual says doubt(). The gateway is then called, with
// nothing to say. Where nobody accepts the call, and nothing came from the origin meanwhile over any
// connection of the node, the node is cut off, until a call is accepted or something comes.
//
//   Core      One each. Core 0's calls, for all of them, and tells them.
//   Lifetime  close() must have been awaited before destruction.
//   Limits    One call at a time, of call_patience in all. A doubt is heard once per doubts_apart; an origin
//             that was found well is not called again for well_for.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/counters.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "frontend/http/dialer.h"

namespace lode::frontend::origin {

class reachability {
  public:
    // Outlasts a lost SYN, because the second half is a connection of its own.
    static constexpr duration call_patience = std::chrono::milliseconds(1200);
    static constexpr duration calls_apart = std::chrono::milliseconds(500);
    static constexpr duration doubts_apart = std::chrono::milliseconds(100);
    static constexpr duration well_for = std::chrono::seconds(1);

    // Every core's, by core number. Made at start, then only read.
    using by_core = std::vector<reachability*>;

    // `calls`: how the gateway is called, without TLS, so that the origin's programs have no part in it; null:
    // nobody is ever called, and nobody cut off. `name` is for the log.
    reachability(std::unique_ptr<http::dialer> calls, std::string name)
        : calls_(std::move(calls)), name_(std::move(name)) {}
    reachability(const reachability&) = delete;
    reachability& operator=(const reachability&) = delete;

    [[nodiscard]] bool cut_off() const { return cut_off_; }

    // Something has come from the origin.
    void heard() { heard_.add(); }

    // The origin owes something for longer than usual. Does not wait itself.
    void doubt();

    void start(const by_core& everyone, std::size_t self);
    engine::task<void> close();

  private:
    void look();
    engine::task<void> find_out();
    engine::task<bool> call();
    engine::task<void> ask_first_core();
    engine::task<void> tell(bool cut_off);
    [[nodiscard]] std::uint64_t heard_by_all() const;

    std::unique_ptr<http::dialer> calls_;
    std::string name_;
    counter heard_;  // so often
    const by_core* everyone_ = nullptr;
    std::size_t self_ = 0;
    bool cut_off_ = false;
    bool looking_ = false;
    bool closing_ = false;
    time_point next_doubt_{};
    time_point next_look_{};
    engine::wait_list wake_;
    engine::scope background_;
};

}  // namespace lode::frontend::origin
