// frontend/peer/peers.h
//
// The other nodes of the cluster as one core deals with them: which of them to ask for a part, and whether
// they are well.
//
//   Core        One. What one core finds out about a peer's health it tells the others.
//   Memory      A connection pool for each peer that was ever asked.
//   Lifetime    close() must have been awaited before destruction; readings have ended by then.
//   Limits      options.pool.connections to each peer; fills_asked_max questions that nobody waits for.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/choice.h"
#include "cluster/hedge_budget.h"
#include "cluster/load_board.h"
#include "cluster/spread_memory.h"
#include "cluster/view.h"
#include "engine/base/random.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "frontend/peer/own_side.h"
#include "frontend/peer/part_question.h"
#include "frontend/peer/peer_node.h"

namespace lode::frontend::peer {

class peers {
  public:
    static constexpr std::uint32_t fills_asked_max = 256;

    struct options {
        own_side us;
        http::connection_pool::options pool;                  // of each peer
        unsigned candidates = 4;                              // nodes that are asked for a part
        unsigned spread_max = 4;                              // those of them that share a hot one
        duration origin_patience = std::chrono::seconds(60);  // a peer that fetches may be as late
        std::function<bytes()> own_load;                      // in flight here
    };

    // A way to an address; what hears of it is the peer_dialer's business.
    using dialer_maker = std::function<std::unique_ptr<http::dialer>(const std::string& address)>;

    // Every core's, by core number. Made at start, then only read.
    using by_core = std::vector<peers*>;

    peers(options o, dialer_maker dial, news_of hear);
    ~peers();
    peers(const peers&) = delete;
    peers& operator=(const peers&) = delete;

    // Where parts are from now on. Who is no member any more is not asked; what is under way goes on, and is
    // watched for silence.
    void use(cluster::view_ptr now);
    [[nodiscard]] const cluster::view_ptr& view() const { return view_; }

    // Who is to be asked for a part next; null: it is read here, either because this node is the one, or
    // because nobody else can be asked.
    [[nodiscard]] peer_ptr choose(const hash128& part,
                                  std::span<const peer_node* const> tried = {});

    // Whom a hot part is copied from: the one that it belongs to, unless that is this node or cannot be
    // asked.
    [[nodiscard]] peer_ptr owner_of(const hash128& part) const;

    // Who knows of an object, by a hash of its name, what all nodes want to know: the first of its candidates
    // that may be asked without a doubt. Null: this node itself, or nobody.
    [[nodiscard]] peer_ptr home_of(const hash128& object) const;

    [[nodiscard]] unsigned spread_of(const hash128& part) const;
    // What an answer said.
    void told(const peer_node& peer, const part_answer& said);

    // Second questions to whoever might be faster.
    [[nodiscard]] cluster::hedge_budget& hedges() { return hedges_; }

    // Goes on after whoever began it; close() waits for it.
    void background(engine::task<void> work) { background_.spawn(std::move(work)); }

    // Has the part brought in where it will be asked for soon. Nobody hears what comes of it.
    void ask_to_fill(part_question question, peer_ptr whom);

    [[nodiscard]] duration origin_patience() const { return options_.origin_patience; }

    // Whether it is news that nobody answers there.
    enum class mention : std::uint8_t { news, known };
    // Calls whoever is at this address, so that it says who it is. Its name need not be known.
    engine::task<bool> greet(std::string address, time_point until, mention m);

    // Every peer that this core looks after has answered, or let its first chance pass.
    [[nodiscard]] bool are_acquainted() const;

    // Looks after the peers from now on: this core after each cores-th of them.
    void start(const by_core& everyone, std::size_t self);
    // As start() was told.
    [[nodiscard]] const by_core& everyone() const { return *everyone_; }
    [[nodiscard]] bool closing() const { return closing_; }
    // Fails what waits for peers.
    void abort();
    engine::task<void> close();

    // By name; may be read between two changes of the view, on this core.
    [[nodiscard]] const std::unordered_map<std::string, peer_ptr>& all() const { return by_name_; }

  private:
    // No member, or nobody else is one.
    [[nodiscard]] bool is_alone() const { return !view_->self() || by_index_.size() < 2; }
    [[nodiscard]] peer_ptr make(const cluster::member& m);
    [[nodiscard]] cluster::standing standing_of(cluster::member_index who, time_point now,
                                                std::span<const peer_node* const> tried) const;
    engine::task<void> watch();
    void look_at(const peer_ptr& peer, time_point now);
    engine::task<void> probe(peer_ptr peer);
    engine::task<result<>> look_after(peer_node& peer, time_point until);
    engine::task<void> tell(std::string name, cluster::peer_state state);
    void learn(const std::string& name, cluster::peer_state state);
    engine::task<void> have_filled(part_question question, peer_ptr whom);
    void retire(peer_ptr peer);
    engine::task<void> close_connections(peer_ptr peer);
    [[nodiscard]] bool is_watched_here(const std::string& name) const;

    options options_;
    dialer_maker dial_;
    news_of hear_;
    cluster::view_ptr view_;
    std::unordered_map<std::string, peer_ptr> by_name_;
    std::vector<peer_ptr> by_index_;  // of view_; null: ourselves
    std::vector<peer_ptr> retired_;  // no members any more; something of theirs is still being read
    cluster::load_board loads_;      // of view_
    cluster::spread_memory spreads_;
    cluster::hedge_budget hedges_;
    lode::random chance_;

    const by_core* everyone_ = nullptr;
    std::size_t self_ = 0;
    bool closing_ = false;
    std::uint32_t fills_asked_ = 0;  // under way
    engine::wait_list wake_;
    engine::scope background_;
};

}  // namespace lode::frontend::peer
