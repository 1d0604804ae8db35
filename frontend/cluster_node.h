// frontend/cluster_node.h
//
// A node's part in its cluster, from start to stop: the port for peers, what each core needs to deal with
// them, and the one who knows who is there (cluster_lead.h).
//
//   Core      open() on the thread that runs the cores; equip() and the rest on the core that is meant.
//   Errors    open(): one sentence for the operator.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "cluster/membership.h"
#include "engine/runtime/socket.h"
#include "frontend/cluster_lead.h"
#include "frontend/clustering.h"
#include "frontend/core_server.h"
#include "frontend/peer_connection.h"
#include "frontend/settings.h"

namespace lode::frontend {

class cluster_node {
  public:
    // `source` says which nodes there are.
    [[nodiscard]] static std::expected<std::unique_ptr<cluster_node>, std::string> open(
        const settings& s, node_context& node, std::unique_ptr<cluster::membership> source);

    // Makes a core a part of the cluster. Every core's, before any of them starts.
    void equip(serving& here, std::size_t core);

    // From now on this core deals with its peers. Every core is equipped.
    void start(serving& here, std::size_t core);

    // Core 0: lets peers in and keeps up with who is there, until stop().
    engine::task<void> lead();
    engine::task<void> stop();

    // Each core, where the node cannot start: nobody was let in.
    void give_up(std::size_t core) { servers_[core]->begin_stop(); }

    // Each core: ends its peers' connections, those that do not finish in time by force.
    engine::task<void> finish(std::size_t core, time_point until);

    [[nodiscard]] cluster_lead& who() { return lead_; }
    [[nodiscard]] const engine::socket_address& local() const { return port_.local(); }

  private:
    cluster_node(const settings& s, node_context& node, std::unique_ptr<cluster::membership> source,
                 peer::secret_ptr secret, engine::tcp_listener port, cluster::member self);

    const settings& settings_;
    peer::secret_ptr secret_;
    engine::tcp_listener port_;
    std::unique_ptr<cluster::membership> source_;
    cluster_lead lead_;
    std::vector<std::unique_ptr<core_server<peer_connection>>> servers_;
    peer::peers::by_core peers_;
};

}  // namespace lode::frontend
