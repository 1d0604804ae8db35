#include "frontend/peer/peer_node.h"

#include <utility>

#include <fmt/format.h>

#include "engine/base/log.h"
#include "frontend/peer/part_call.h"

namespace lode::frontend::peer {
namespace {

// Nothing came from a peer that is in doubt for so long: what is read of it is read elsewhere.
constexpr duration silence_max = std::chrono::milliseconds(500);

std::unique_ptr<http::dialer> greeting(std::unique_ptr<http::dialer> below,
                                       const peer_node::options& o, peer_listener& listener) {
    return std::make_unique<peer_dialer>(std::move(below), o.us,
                                         peer_dialer::options{.expected = o.name}, &listener);
}

}  // namespace

peer_node::peer_node(const options& o, std::unique_ptr<http::dialer> below, const news_of& hear,
                     lode::random& chance)
    : name(o.name),
      address(o.address),
      pool(greeting(std::move(below), o, *this), o.pool),
      health(o.health, chance, engine::now()),
      hear_(hear),
      is_logged_(o.is_logged) {}

void peer_node::heard(const description& about) {
    if (!complaint_.empty() && is_logged_) log::info("peer {} is there again", title());
    complaint_.clear();
    state = about.state;
    view = described_view_ = about.view;
    described_ = engine::now();
    load = about.load;
    if (hear_ && !retired_) hear_(address, about);
}

void peer_node::refused(refusal /*why*/, std::string_view sentence) {
    complain(fmt::format("refused us: {}", sentence));
}

void peer_node::failed(error why, std::string_view sentence) {
    complain(sentence.empty() ? describe(why) : std::string(sentence));
}

// Once, and not at each attempt.
void peer_node::complain(std::string_view sentence) {
    if (complaint_ == sentence) return;
    complaint_ = sentence;
    if (is_logged_) log::warning("peer {}: {}", title(), sentence);
}

std::string peer_node::title() const {
    return name.empty() ? address : fmt::format("{} ({})", name, address);
}

void peer_node::retire() {
    retired_ = true;
    health.keep_watch();
}

void peer_node::heard(const part_answer& a) {
    health.heard_from(engine::now());
    state = a.state;
    view = a.view;
    load = a.load;
}

void peer_node::abandon_silent(time_point now) {
    const cluster::peer_state s = health.state();
    if (s != cluster::peer_state::suspect && s != cluster::peer_state::down) return;
    const time_point since = s == cluster::peer_state::down ? now : now - silence_max;
    part_call* c = calls.empty() ? nullptr : &calls.front();
    for (; c != nullptr; c = calls.next_of(*c)) {
        if (c->heard() < since) c->abandon(part_call::reason::silence);
    }
}

}  // namespace lode::frontend::peer
