#include "frontend/serving.h"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "engine/runtime/scheduler.h"
#include "frontend/clustering.h"
#include "frontend/known_requests.h"
#include "frontend/origin/node_location.h"

namespace lode::frontend {
namespace {

access::gate::options gate_options(const node_context& node) {
    const auto by = [&] {
        switch (node.settings.auth.mode) {
            case auth_mode::gateway: return access::authentication::by_gateway;
            case auth_mode::local: return access::authentication::by_keys;
            case auth_mode::trust: return access::authentication::none;
        }
        std::unreachable();
    }();
    return {.by = by, .authority = node.gateway_authority, .region = node.settings.origin.region};
}

http::connection_pool::options pool_options(const node_context& node) {
    const origin_settings& origin = node.settings.origin;
    return {.connections = origin.connections,
            .connect_timeout = origin.connect_timeout,
            .limits = node.limits};
}

origin::gateway::options gateway_options(const node_context& node) {
    const consistency_settings& c = node.settings.consistency;
    const auto stale_of = [](consistency_mode mode, duration max_stale) {
        return mode == consistency_mode::bounded ? max_stale : duration::zero();
    };
    std::vector<origin::consistency::rule> rules;
    rules.reserve(c.rules.size());
    for (const consistency_rule& r : c.rules) {
        rules.push_back(
            {.bucket = r.bucket, .prefix = r.prefix, .max_stale = stale_of(r.mode, r.max_stale)});
    }
    return {.identity = node.settings.origin.gateway,
            .objects_max = c.objects,
            .consistency = origin::consistency(stale_of(c.mode, c.max_stale), std::move(rules))};
}

origin::data_path::options data_options(const node_context& node) {
    const origin_settings& origin = node.settings.origin;
    const auto gateway = http::endpoint::parse(origin.gateway);
    LODE_ASSERT(gateway);  // the configuration's reader has seen to it
    origin::data_path::options o{.gateway_scheme = gateway->scheme,
                                 .backends = {},
                                 .pool = pool_options(node),
                                 .answer_timeout = origin.backend_timeout,
                                 .check_every = origin.backend_check};
    for (const std::string& url : origin.backends) {
        const auto where = http::endpoint::parse(url);
        LODE_ASSERT(where);  // the configuration's reader has seen to it
        o.backends.push_back(*where);
    }
    return o;
}

// This core's share of the node's limit, rounded up: connections are spread over the cores, and so is
// what they ask.
std::uint64_t share_of_requests(const node_context& node) {
    const std::uint64_t cores = node.links.size();
    return (node.settings.limits.requests + cores - 1) / cores;
}

}  // namespace

serving::serving(const node_context& n, std::unique_ptr<http::dialer> dialer,
                 std::unique_ptr<s3::signer> own_identity,
                 std::shared_ptr<access_log_file> log_file, origin::dialer_maker dial_backend,
                 std::unique_ptr<http::dialer> calls)
    : node(n),
      pool(std::move(dialer), pool_options(n)),
      way(std::move(calls), n.settings.origin.gateway),
      link{.pool = pool,
           .authority = n.gateway_authority,
           .answer_timeout = n.settings.origin.answer_timeout,
           .change_timeout = n.settings.origin.change_timeout,
           .location = origin::node_location(n.settings.node.zone, n.settings.node.name),
           .way = &way},
      identity(std::move(own_identity)),
      data(link, data_options(n), std::move(dial_backend), identity.get()),
      gateway(link, identity.get(), gateway_options(n), n.gateways, &data),
      prestages(*this),
      gate(gate_options(n), identity.get()),
      known(gate.rewrites() ? std::make_unique<known_requests>() : nullptr),
      log(std::move(log_file), n.settings.node.name),
      requests_max(share_of_requests(n)),
      request_seed_(engine::scheduler::current().chance().next()) {}

serving::~serving() = default;

void serving::abort_exchanges() {
    if (cluster != nullptr) cluster->peers.abort();
    data.abort();
    pool.abort();
}

void serving::next_request_id(std::string& out) {
    out.clear();
    fmt::format_to(std::back_inserter(out), "{:08X}{:08X}",
                   static_cast<std::uint32_t>(request_seed_),
                   static_cast<std::uint32_t>(++request_count_));
}

}  // namespace lode::frontend
