// tests/frontend/small_node.h
//
// One node without a kernel: the production store (memory only), serving, connections of clients and, in a
// cluster, of peers, over simulated streams before a small_origin. Lives within a simulation.
//
//   Lifetime  stop() must have been awaited before destruction.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/list.h"
#include "engine/runtime/scope.h"
#include "engine/store/part_store.h"
#include "frontend/clustering.h"
#include "frontend/connection.h"
#include "frontend/peer_connection.h"
#include "tests/frontend/peer_wire.h"
#include "tests/frontend/small_origin.h"

namespace lode::frontend {

inline const s3::credentials own_identity{.access_key = "LODESOWNKEY",
                                          .secret_key = "lodes-own-secret"};

class small_node {
  public:
    struct options {
        std::string name = "n";
        settings config;
        // With an identity lode may ask the origin on its own behalf.
        std::optional<s3::credentials> identity;
        bytes memory{64ULL << 20U};
        std::uint32_t fills_max = 1024;
        // What the wire to its clients is like.
        engine::simulated_stream::options wire;
        // To the origin's gateway, where that may be spoiled; it is then called, too, when it is in doubt.
        peer_way* to_origin = nullptr;
    };

    small_node(small_origin& origin, options o);
    ~small_node();
    small_node(const small_node&) = delete;
    small_node& operator=(const small_node&) = delete;

    engine::task<void> start();

    // Makes it a part of a cluster; before anybody is served.
    void join(const clustering::options& o, peer::peers::dialer_maker dial);

    // Ends everything at once, as a node does that is told to stop and has no time.
    engine::task<void> stop();

    // Sends raw bytes as one client on one connection and adds to `answer` what comes back until the
    // server closes, or until the client leaves because it has enough. The client closes its sending side
    // after its bytes.
    engine::task<void> talk(std::string bytes, std::string& answer,
                            std::size_t enough = ~std::size_t{0});

    // A peer's connection. After stop() has begun, nobody is let in.
    void let_in(std::unique_ptr<engine::stream> stream);

    [[nodiscard]] frontend::serving& serving() { return *here_; }
    [[nodiscard]] engine::part_store& store() { return *store_; }
    [[nodiscard]] const std::string& name() const { return config_.node.name; }

  private:
    engine::task<void> serve_peer(std::unique_ptr<engine::stream> stream);

    settings config_;
    engine::simulated_stream::options wire_;
    std::unique_ptr<engine::part_store> store_;
    std::unique_ptr<node_context> context_;
    std::unique_ptr<frontend::serving> here_;
    peer::peers::by_core peers_;
    list<connection> clients_;
    list<peer_connection> guests_;
    engine::scope doors_;  // of peers
};

}  // namespace lode::frontend
