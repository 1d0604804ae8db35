#include "frontend/cluster_node.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/remote.h"
#include "engine/runtime/scope.h"
#include "frontend/front_door.h"
#include "frontend/http/dialer.h"

namespace lode::frontend {
namespace {

// To each peer, from each core.
constexpr std::uint32_t connections_to_peer = 128;

// A peer said something of itself on some core.
struct word_of_peer {
    cluster_lead& to;
    std::string address;
    cluster::member about;
};

void arrive(void* object, std::uint64_t /*argument*/) {
    const std::unique_ptr<word_of_peer> word(static_cast<word_of_peer*>(object));
    word->to.heard(word->address, word->about);
}

bytes capacity_of(const settings& s) {
    bytes sum = s.node.memory;
    for (const device_settings& d : s.cache.devices) sum += d.size;
    return sum;
}

cluster::member self_of(const settings& s) {
    const bool named = !s.cluster.advertise.empty();
    return {.name = s.node.name,
            .address = named ? s.cluster.advertise : s.listen.peer,
            .zone = s.node.zone,
            .capacity = capacity_of(s),
            .slots = {},
            .draining = false};
}

// To a host whose name nobody could resolve yet.
class no_way final : public http::dialer {
  public:
    engine::task<result<http::dialed>> dial(time_point /*until*/) override {
        co_return fail(errc::unavailable);
    }
};

// An address of a list: the source has resolved names, as far as it could.
std::unique_ptr<http::dialer> dial_peer(const std::string& address) {
    const auto where = engine::socket_address::parse(address);
    if (!where) return std::make_unique<no_way>();
    using dialer = http::network_dialer;
    return std::make_unique<dialer>(http::endpoint{}, std::vector{*where}, nullptr,
                                    dialer::news::silent);
}

}  // namespace

std::expected<std::unique_ptr<cluster_node>, std::string> cluster_node::open(
    const settings& s, node_context& node, std::unique_ptr<cluster::membership> source) {
    auto secret = peer::load_secret(s.cluster.secret_file);
    if (!secret) return std::unexpected("cluster.secret_file: " + secret.error());
    auto port = listen_at("listen.peer", s.listen.peer);
    if (!port) return std::unexpected(port.error());
    return std::unique_ptr<cluster_node>(new cluster_node(
        s, node, std::move(source), std::move(*secret), std::move(*port), self_of(s)));
}

cluster_node::cluster_node(const settings& s, node_context& node,
                           std::unique_ptr<cluster::membership> source, peer::secret_ptr secret,
                           engine::tcp_listener port, cluster::member self)
    : settings_(s),
      secret_(std::move(secret)),
      port_(std::move(port)),
      source_(std::move(source)),
      lead_(node, *source_,
            {.self = std::move(self),
             .state_file = s.cluster.state_file,
             .slot_unit = s.cluster.slot_unit,
             .claims = s.cluster.membership != membership_kind::fixed}),
      servers_(node.servings.size()),
      peers_(node.servings.size()) {}

void cluster_node::equip(serving& here, std::size_t core) {
    auto hear = [this](const std::string& address, const peer::description& about) {
        auto word = std::make_unique<word_of_peer>(lead_, address, about.who);
        engine::post_to(core_id(0), {.run = &arrive, .object = word.release(), .argument = 0});
    };
    here.cluster = std::make_unique<clustering>(
        here,
        clustering::options{.cluster = settings_.cluster.name,
                            .secret = secret_,
                            .self = lead_.members().self(),
                            .candidates = settings_.cluster.candidates,
                            .spread_max = settings_.cluster.spread_max,
                            .pool = {.connections = connections_to_peer,
                                     .idle = settings_.limits.idle_timeout * 3 / 4,
                                     .connect_timeout = std::chrono::seconds(1),
                                     .trusted = std::chrono::seconds(1),
                                     .limits = peer::wire_limits}},
        &dial_peer, std::move(hear));
    here.gateway.ask_first(home_of(*here.cluster));
    servers_[core] = std::make_unique<core_server<peer_connection>>(here);
    peers_[core] = &here.cluster->peers;
}

void cluster_node::start(serving& here, std::size_t core) {
    here.cluster->peers.start(peers_, core);
}

engine::task<void> cluster_node::lead() {
    std::vector<connection_taker*> takers;
    takers.reserve(servers_.size());
    for (const auto& s : servers_) takers.push_back(s.get());
    front_door door(port_, std::move(takers), settings_.limits.connections);
    engine::scope doors;
    doors.spawn(door.run());
    co_await lead_.run();
    co_await doors.close();
}

engine::task<void> cluster_node::stop() {
    port_.stop();
    co_await lead_.stop();
    for (std::size_t core = 0; core < servers_.size(); ++core) {
        core_server<peer_connection>* there = servers_[core].get();
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                 [there] { there->begin_stop(); });
    }
}

engine::task<void> cluster_node::finish(std::size_t core, time_point until) {
    co_await servers_[core]->finish(until);
    servers_[core].reset();
}

}  // namespace lode::frontend
