// tests/frontend/small_cluster.h
//
// Several nodes (small_node.h) in one simulation before one origin (small_origin.h), who reach each other
// over ways that tests spoil (peer_wire.h). Nobody finds anybody: views are given out by hand.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/view.h"
#include "engine/runtime/simulation.h"
#include "tests/frontend/peer_wire.h"
#include "tests/frontend/small_node.h"
#include "tests/frontend/small_origin.h"

namespace lode::frontend {

inline constexpr std::size_t mebibyte = std::size_t{1} << 20U;

class small_cluster : public small_origin {
  public:
    struct options {
        std::uint64_t seed = 1;
        settings config;
        bytes memory{64ULL << 20U};
        engine::simulated_stream::options wire;
        // Of one node, where it differs from the others.
        std::function<void(std::size_t, small_node::options&)> adjust_node;
        std::function<void(std::size_t, clustering::options&)> adjust_peers;
        // Who answers peers in the place of a node.
        std::function<engine::task<void>(std::unique_ptr<engine::stream>)> impostor;
        std::size_t impostor_at = ~std::size_t{0};
    };

    // Everybody is up and knows everybody when it returns. Nodes are called "a", "b", ...
    explicit small_cluster(std::size_t nodes);
    small_cluster(std::size_t nodes, options o);
    ~small_cluster();

    [[nodiscard]] std::size_t size() const { return places_.size(); }
    [[nodiscard]] static std::string name_of(std::size_t node);
    [[nodiscard]] static cluster::member member_of(std::size_t node);
    [[nodiscard]] static peer::secret_ptr secret();
    [[nodiscard]] small_node& node(std::size_t n) { return *places_[n]->node; }
    [[nodiscard]] clustering& cluster(std::size_t n) { return *node(n).serving().cluster; }
    // What one node counts and thinks of another.
    [[nodiscard]] peer::peer_node& seen(std::size_t by, std::size_t of);

    // The way from one node to another; one may be spoiled for everybody who comes to a node.
    [[nodiscard]] peer_way& way(std::size_t from, std::size_t to);
    void spoil(std::size_t to, const std::function<void(peer_way&)>& how);

    // The way from a node to the origin's gateway.
    [[nodiscard]] peer_way& to_origin(std::size_t node) { return places_[node]->to_origin; }

    // A view of these nodes, each with one slot, as `node` sees it.
    void publish(std::size_t node, const std::vector<std::size_t>& members);

    // A node that is up ends at once, and begins again with an empty store and the last view that it was
    // given. The clients that are connected to it lose their connections.
    engine::task<void> end(std::size_t node);
    engine::task<void> begin(std::size_t node);
    [[nodiscard]] bool is_up(std::size_t node) const { return places_[node]->open; }

    struct asking {
        std::size_t node = 0;
        std::string target;
        std::string lines;
        duration after{0};  // it waits so long first
    };
    std::string get(std::size_t node, std::string_view target, std::string_view lines = {});
    // At the same time, and something else meanwhile; the answers in order.
    std::vector<std::string> get_all(const std::vector<asking>& questions);
    std::vector<std::string> get_all(const std::vector<asking>& questions,
                                     engine::task<void> meanwhile);

    // The candidates of an object's part, as everybody sees it who has seen everybody.
    [[nodiscard]] std::vector<std::size_t> candidates_of(const std::string& target,
                                                         std::uint32_t part = 0) const;
    [[nodiscard]] hash128 id_of(const std::string& target, std::uint32_t part = 0) const;
    // Puts an object in place whose (first) part belongs to this node, and returns its target.
    std::string put_at(std::size_t owner, stored_object object);

    // Bytes of bodies that the origin has sent, without its one-byte answers to those who only ask who may
    // read what.
    [[nodiscard]] std::size_t fetched() const;

    // Everything ends: the nodes that are up, and the origin. Destruction does it otherwise.
    engine::task<void> end_all();

    void run(engine::task<void> work);
    // Whether it came to its end, within so many steps.
    [[nodiscard]] bool try_run(engine::task<void> work, std::uint64_t steps_max = 100'000'000);
    void rest(duration time = std::chrono::seconds(2));
    [[nodiscard]] time_point now() { return world_.clock().now(); }

  private:
    // Where a node is reached, whether one is there or not.
    struct place final : listener {
        [[nodiscard]] bool listens() const override;
        void accept(std::unique_ptr<engine::stream> from) override;

        small_cluster* all = nullptr;
        std::size_t number = 0;
        std::unique_ptr<small_node> node;
        bool open = false;
        std::vector<std::size_t> members;
        std::vector<peer_way> ways;  // from here
        peer_way to_origin;
    };

    void make(std::size_t n);
    engine::task<void> begin_all();

    engine::simulation world_;
    options options_;
    std::vector<std::unique_ptr<place>> places_;
    engine::scope impostors_;
    bool ended_ = false;
};

// As many questions for one object by each node.
[[nodiscard]] std::vector<small_cluster::asking> from_everywhere(const small_cluster& world,
                                                                 std::size_t each,
                                                                 const std::string& target);

// An object in parts of about this length, no two of them alike in both length and place.
[[nodiscard]] stored_object in_parts(std::size_t parts, std::size_t length = 300'000);

// "Range: bytes=FIRST-LAST" and its end of line.
[[nodiscard]] std::string range_line(std::size_t first, std::size_t last);

}  // namespace lode::frontend
