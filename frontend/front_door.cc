#include "frontend/front_door.h"

#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "engine/base/log.h"
#include "engine/runtime/remote.h"

namespace lode::frontend {
namespace {

constexpr duration pause_after_failure = std::chrono::milliseconds(100);

// A socket on its way to the core that will serve it.
struct handoff {
    connection_taker& to;
    int fd;
    engine::socket_address peer;
    connection_taker::admission admission;
};

void come_in(void* object, std::uint64_t /*argument*/) {
    const std::unique_ptr<handoff> h(static_cast<handoff*>(object));
    h->to.take(h->fd, h->peer, h->admission);
}

}  // namespace

std::expected<engine::tcp_listener, std::string> listen_at(std::string_view key,
                                                           const std::string& text) {
    const auto address = engine::socket_address::parse(text);
    if (!address) {
        return std::unexpected(fmt::format(
            "{}: expected an address and a port such as \"0.0.0.0:9000\", got \"{}\"", key, text));
    }
    auto opened = engine::tcp_listener::open(*address);
    if (!opened) {
        return std::unexpected(
            fmt::format("{}: cannot listen on {}: {}", key, text, describe(opened.error())));
    }
    return std::move(*opened);
}

engine::task<void> front_door::run() {
    for (;;) {
        auto accepted = co_await listener_.accept();
        if (accepted) {
            hand_out(*accepted);
            continue;
        }
        if (accepted.error().code == errc::cancelled) co_return;
        // Out of descriptors or memory, or a client that left at once: neither ends the service.
        log::warning("a connection could not be accepted: {}", describe(accepted.error()));
        co_await engine::sleep_for(pause_after_failure);
    }
}

void front_door::hand_out(const engine::tcp_listener::accepted& a) {
    std::size_t chosen = 0;
    std::uint64_t total = 0;
    for (std::size_t core = 0; core < cores_.size(); ++core) {
        total += load_of(core);
        if (load_of(core) < load_of(chosen)) chosen = core;
    }
    ++handed_out_[chosen];
    const auto admission = total < connections_max_ ? connection_taker::admission::welcome
                                                    : connection_taker::admission::one_too_many;
    auto h = std::make_unique<handoff>(*cores_[chosen], a.fd, a.peer, admission);
    engine::post_to(core_id(static_cast<std::uint16_t>(chosen)),
                    {.run = &come_in, .object = h.release(), .argument = 0});
}

}  // namespace lode::frontend
