#include "tests/frontend/small_node.h"

#include <utility>

#include "frontend/cache_status.h"

namespace lode::frontend {
namespace {

using engine::simulated_stream;
using engine::task;

task<void> speak(engine::stream& stream, std::string bytes) {
    // The server may close before it has read everything.
    (void)co_await engine::send_all(stream, std::as_bytes(std::span(bytes)));
    (void)co_await stream.finish_sending();
}

template <class Connection>
void abort_all(list<Connection>& open) {
    if (open.empty()) return;
    for (Connection* c = &open.front(); c != nullptr; c = open.next_of(*c)) c->abort();
}

}  // namespace

small_node::small_node(small_origin& origin, options o)
    : config_(std::move(o.config)), wire_(o.wire) {
    if (config_.origin.gateway.empty()) config_.origin.gateway = "http://origin:80";
    config_.node.name = o.name;
    config_.listen.domains = {"lode.internal"};
    engine::store_options store;
    store.memory = o.memory;
    store.fills_max = o.fills_max;
    store.fetch_size = config_.origin.fetch_size;
    store.fetch_parallel = config_.origin.fetch_parallel;
    auto opened = engine::part_store::open(store);
    LODE_ASSERT(opened.has_value());
    store_ = std::move(*opened);
    context_ =
        std::make_unique<node_context>(node_context{.settings = config_,
                                                    .store = *store_,
                                                    .cache_name = cache_name_of(config_.node.name),
                                                    .gateway_authority = "origin",
                                                    .links = origin::links_by_core(1),
                                                    .gateways = origin::gateway::by_core(1),
                                                    .limits = {.head = config_.limits.head},
                                                    .servings = std::vector<frontend::serving*>(1),
                                                    .ways = origin::reachability::by_core(1)});
    auto signer = o.identity ? std::make_unique<s3::signer>(*o.identity, "us-east-1") : nullptr;
    const auto way = [&] {
        auto below = origin.way_to("origin");
        return o.to_origin == nullptr ? std::move(below)
                                      : dial_over(*o.to_origin, std::move(below));
    };
    here_ = std::make_unique<frontend::serving>(
        *context_, way(), std::move(signer), nullptr,
        [&origin](const http::endpoint& where) { return origin.way_to(where.authority()); },
        o.to_origin == nullptr ? nullptr : way());
    context_->servings[0] = here_.get();
    context_->links[0] = &here_->data;
    context_->gateways[0] = &here_->gateway;
    context_->ways[0] = &here_->way;
}

small_node::~small_node() = default;

task<void> small_node::start() {
    auto started = co_await store_->start(core_id(0));
    LODE_ASSERT(started.has_value());
    here_->way.start(context_->ways, 0);
}

void small_node::join(const clustering::options& o, peer::peers::dialer_maker dial) {
    here_->cluster = std::make_unique<clustering>(*here_, o, std::move(dial), nullptr);
    here_->gateway.ask_first(home_of(*here_->cluster));
    peers_ = {&here_->cluster->peers};
    here_->cluster->peers.start(peers_, 0);
}

task<void> small_node::stop() {
    here_->stopping = true;
    abort_all(clients_);
    abort_all(guests_);
    // What is asked of the origin again meanwhile ends as well.
    while (!clients_.empty() || doors_.running() > 0) {
        here_->abort_exchanges();
        co_await engine::sleep_for(std::chrono::milliseconds(1));
    }
    co_await doors_.close();
    co_await here_->prestages.stop();
    if (here_->cluster != nullptr) co_await here_->cluster->peers.close();
    here_->data.abort();
    here_->pool.abort();
    co_await here_->way.close();
    co_await here_->data.close();
    co_await here_->pool.close();
    co_await here_->log.close();
    co_await store_->stop(core_id(0));
}

task<void> small_node::talk(std::string bytes, std::string& answer, std::size_t enough) {
    auto [ours, theirs] = simulated_stream::make_pair(wire_);
    connection server_side(*here_, std::move(theirs));
    clients_.push_back(server_side);
    engine::scope answering;
    engine::scope asking;
    answering.spawn(server_side.run());
    asking.spawn(speak(*ours, std::move(bytes)));
    std::byte buffer[16384];
    while (answer.size() < enough) {
        auto got = co_await ours->receive(buffer);
        if (!got || *got == 0) break;
        answer.append(reinterpret_cast<const char*>(buffer), *got);
    }
    ours->abort();
    co_await asking.close();
    co_await ours->close();
    co_await answering.close();
}

void small_node::let_in(std::unique_ptr<engine::stream> stream) {
    doors_.spawn(serve_peer(std::move(stream)));
}

task<void> small_node::serve_peer(std::unique_ptr<engine::stream> stream) {
    peer_connection guest(*here_, std::move(stream));
    guests_.push_back(guest);
    co_await guest.run();
}

}  // namespace lode::frontend
