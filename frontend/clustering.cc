#include "frontend/clustering.h"

#include "frontend/client.h"
#include "frontend/peer/layout_call.h"
#include "frontend/peer/peer_source.h"
#include "frontend/peer/version_call.h"

namespace lode::frontend {
namespace {

peer::own_side own_side_of(const clustering& c, const clustering::options& o) {
    return {.cluster = o.cluster, .node = o.self.name, .secret = o.secret, .describe = [&c] {
                return describe_self(c);
            }};
}

peer::peers::options peers_options_of(const clustering& c, const clustering::options& o) {
    return {.us = own_side_of(c, o),
            .pool = o.pool,
            .candidates = o.candidates,
            .spread_max = o.spread_max,
            .origin_patience = c.here.node.settings.origin.answer_timeout,
            .own_load = [&c] { return load_of(c.here.node); }};
}

}  // namespace

clustering::clustering(const serving& h, const options& o, peer::peers::dialer_maker dial,
                       peer::news_of hear)
    : here(h),
      self(o.self),
      peers(peers_options_of(*this, o), std::move(dial), std::move(hear)),
      greeter(own_side_of(*this, o), {}),
      hot({.spread_max = o.spread_max}) {}

peer::node_state state_of(const clustering& c) {
    if (c.self.draining || c.here.stopping) return peer::node_state::draining;
    return c.self.slots.empty() ? peer::node_state::joining : peer::node_state::up;
}

peer::description describe_self(const clustering& c) {
    return {.who = c.self,
            .state = state_of(c),
            .load = load_of(c.here.node),
            .view = c.peers.view()->digest()};
}

bytes load_of(const node_context& node) {
    bytes sum;
    for (const serving* s : node.servings) {
        if (s != nullptr && s->cluster != nullptr) {
            sum += bytes(s->cluster->served.in_flight.value());
        }
    }
    return sum;
}

origin::home_node home_of(clustering& c) {
    const std::string& store = c.here.node.settings.origin.gateway;
    return {
        .layout =
            [&c](const origin::object_name& name, const origin::object_version& version) {
                return peer::ask_layout(c.peers, name, version);
            },
        .version =
            [&c, &store](const origin::object_name& name, origin::version_wish wish) {
                return peer::ask_version(c.peers, store, name, wish);
            },
    };
}

std::unique_ptr<engine::part_source> source_of(const serving& here,
                                               const peer::part_question& about, unsigned spread,
                                               std::unique_ptr<engine::part_source> origin) {
    const bool copies = spread > 1 && here.cluster->peers.owner_of(about.id) != nullptr;
    if (!copies) return origin;
    return std::make_unique<peer::peer_source>(here.cluster->peers.everyone(), about,
                                               std::move(origin));
}

bool is_shared(const serving& here, const origin::object_name& name) {
    return here.cluster != nullptr && name.scope.empty() && name.customer_key.empty();
}

peer::peer_ptr peer_for(const serving& here, const request& r, const hash128& part) {
    const bool may_ask = is_shared(here, r.name) && !r.what.no_cache;
    return may_ask ? here.cluster->peers.choose(part) : nullptr;
}

}  // namespace lode::frontend
