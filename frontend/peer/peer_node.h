// frontend/peer/peer_node.h
//
// One peer, as one core sees it: its connections, what it said of itself, what is thought of its health, and
// how it went with what was asked of it.
//
//   Core      One.
//   Lifetime  close() must have been awaited before destruction.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cluster/peer_health.h"
#include "engine/base/counters.h"
#include "engine/base/list.h"
#include "engine/runtime/task.h"
#include "frontend/http/connection_pool.h"
#include "frontend/peer/part_answer.h"
#include "frontend/peer/peer_dialer.h"

namespace lode::frontend::peer {

class part_call;

struct peer_counters {
    counter asked;       // questions about parts and layouts
    counter answered;    // with what was asked for, or with the word that it is being fetched
    counter refused;     // it had other things to do, or another view
    counter failed;      // no answer, or none that may be believed
    counter broken_off;  // of the answers, those that ended early
    counter
        rivalled;  // of the questions, those that another peer was asked, too, because it was late
    counter bytes_in;
    counter probes;
    counter probes_failed;
};

// Hears what peers say of themselves, on the core that asked.
using news_of = std::function<void(const std::string& address, const description& about)>;

class peer_node final : public peer_listener {
  public:
    // Much less than the time after which a name that only a node itself has told is doubted (roster.h).
    static constexpr duration describe_every = std::chrono::seconds(10);

    struct options {
        std::string name;
        std::string address;
        own_side us;
        http::connection_pool::options pool;
        cluster::peer_health::options health;
        bool is_logged = true;  // what is wrong with it: by one core for all
    };

    // Dials through `below`. `hear` and `chance` outlive this.
    peer_node(const options& o, std::unique_ptr<http::dialer> below, const news_of& hear,
              lode::random& chance);

    // peer_listener: what comes of attempts to connect.
    void heard(const description& about) override;
    void refused(refusal why, std::string_view sentence) override;
    void failed(error why, std::string_view sentence) override;

    // An answer's word on itself.
    void heard(const part_answer& a);

    // It may describe itself in another way than it did last.
    [[nodiscard]] bool has_news(time_point now) const {
        return view != described_view_ || now - described_ > describe_every;
    }

    // Ends the answers from which nothing came for too long, given the peer's state: they are read elsewhere.
    void abandon_silent(time_point now);

    // It is no member any more: what it says of itself is nobody's concern.
    void retire();

    const std::string name;
    const std::string address;
    http::connection_pool pool;
    cluster::peer_health health;
    list<part_call> calls;          // under way
    std::size_t asked_as_home = 0;  // questions under way (home_call.h)
    peer_counters counts;

    // As it said last.
    node_state state = node_state::joining;
    std::uint64_t view = 0;  // digest
    bytes load;              // in flight

  private:
    void complain(std::string_view sentence);
    [[nodiscard]] std::string title() const;

    bool retired_ = false;
    const news_of& hear_;
    const bool is_logged_;
    std::uint64_t described_view_ = 0;
    time_point described_{};
    std::string complaint_;  // logged last
};

using peer_ptr = std::shared_ptr<peer_node>;

}  // namespace lode::frontend::peer
