// frontend/clustering.h
//
// What a core needs to be part of a cluster: its way to the peers, the door for theirs, and what it counts
// of both.
//
//   Core      One. Counters may be read from any.
#pragma once

#include <utility>

#include "cluster/hot_parts.h"
#include "engine/base/counters.h"
#include "frontend/peer/greeter.h"
#include "frontend/peer/peers.h"
#include "frontend/serving.h"

namespace lode::frontend {

// What peers asked of this core.
struct peer_service_counters {
    counter asked;      // questions about parts
    counter layouts;    // questions about layouts
    counter versions;   // about versions
    counter filled;     // of those, where something had to be fetched
    counter refused;    // with an answer that is no yes
    counter broken;     // answers that ended early
    counter bytes_out;  // of parts
    counter in_flight;  // bytes, now
};

struct request;

struct clustering {
    struct options {
        std::string cluster;  // its name
        peer::secret_ptr secret;
        cluster::member self;
        unsigned candidates = 4;
        unsigned spread_max = 4;
        http::connection_pool::options pool;  // of connections to each peer
    };

    // `here` outlives this.
    clustering(const serving& here, const options& o, peer::peers::dialer_maker dial,
               peer::news_of hear);

    const serving& here;
    cluster::member self;
    peer::peers peers;
    peer::greeter greeter;
    cluster::hot_parts hot;
    connection_counters connections;
    peer_service_counters served;
};

[[nodiscard]] peer::node_state state_of(const clustering& c);

// What this node says of itself to whoever asks.
[[nodiscard]] peer::description describe_self(const clustering& c);

// Bytes on their way to peers, of all cores of this node.
[[nodiscard]] bytes load_of(const node_context& node);

// How the core asks an object's home node, as long as `c` lives.
[[nodiscard]] origin::home_node home_of(clustering& c);

// Where a part that is kept here is read from, rather than with `origin` alone: a hot one is copied from the
// node that it belongs to.
[[nodiscard]] std::unique_ptr<engine::part_source> source_of(
    const serving& here, const peer::part_question& about, unsigned spread,
    std::unique_ptr<engine::part_source> origin);

// Whether other nodes may have parts of this object, or bring them. What lies under a customer's key stays
// here, as the key does.
[[nodiscard]] bool is_shared(const serving& here, const origin::object_name& name);

// Who is to be asked for a part of what `r` asks for; null: it is read here.
[[nodiscard]] peer::peer_ptr peer_for(const serving& here, const request& r, const hash128& part);

}  // namespace lode::frontend
