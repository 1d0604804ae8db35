// frontend/cluster_lead.h
//
// Knows who is in the cluster, and tells every core: puts together what the source of membership finds and
// what peers say of themselves, claims this node's slots, and makes a view of it whenever it has changed.
//
//   Core        Core 0. The source speaks on its own thread, through a box with a lock; the cores' peers by
//               message.
//   Lifetime    stop() must have been awaited before destruction; the source outlives it.
//   Errors      Logged once each: a conflict, a state file that cannot be written.
//   Limits      A view at most every look_every.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/membership.h"
#include "cluster/roster.h"
#include "cluster/view.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "frontend/clustering.h"

namespace lode::frontend {

class cluster_lead {
  public:
    static constexpr duration look_every = std::chrono::milliseconds(100);

    struct options {
        cluster::member self;  // without slots
        std::string state_file;
        bytes slot_unit;
        bool claims = false;  // slots are claimed by the nodes themselves, and not by a list
    };

    cluster_lead(node_context& node, cluster::membership& source, options o);
    cluster_lead(const cluster_lead&) = delete;
    cluster_lead& operator=(const cluster_lead&) = delete;

    // Until stop().
    engine::task<void> run();
    engine::task<void> stop();

    // What a peer said of itself, from any core.
    void heard(const std::string& address, const cluster::member& about);

    // This node leaves soon, or does not any more.
    void drain(bool leaves);

    // This node knows of each listed one whether it is there: it has been heard, or has let its first chance
    // pass. Or it has taken too long.
    [[nodiscard]] bool is_acquainted() const { return acquaintance_ == acquaintance::made; }

    [[nodiscard]] const cluster::roster& members() const { return roster_; }
    [[nodiscard]] const cluster::view_ptr& view() const { return view_; }
    [[nodiscard]] const cluster::membership& source() const { return source_; }

  private:
    // What has come since the last look.
    struct inbox {
        std::mutex lock;
        std::optional<std::vector<cluster::discovered>> listed;
    };

    engine::task<void> look();
    void take_listed(time_point now);
    void claim(time_point now);
    void learn_claim(const std::vector<cluster::discovered>& listed);
    void complain();
    engine::task<void> publish();
    engine::task<void> greet(std::string address);
    engine::task<void> get_acquainted();
    [[nodiscard]] bool has_tried_all() const;
    engine::task<void> keep_saving();

    node_context& node_;
    cluster::membership& source_;
    options options_;
    cluster::roster roster_;
    cluster::view_ptr view_;
    std::uint64_t published_ = 0;           // roster_.changes() of it
    std::optional<std::uint64_t> claimed_;  // the same, when slots were claimed last
    bool listed_ = false;                   // there has been a list
    time_point began_{};
    inbox inbox_;
    enum class acquaintance : std::uint8_t { pending, as_good_as_made, made };
    acquaintance acquaintance_ = acquaintance::pending;
    std::set<std::string> greeting_;    // addresses being called, or called a moment ago
    std::set<std::string> silent_;      // those of them that did not answer
    std::set<std::string> complaints_;  // logged
    bool saving_ = false;
    std::vector<cluster::slot_range> saved_;
    bool state_problem_ = false;
    bool stopping_ = false;
    engine::wait_list wake_;
    engine::scope background_;
};

}  // namespace lode::frontend
