#include "frontend/peer/peer_node.h"

#include <utility>

#include <fmt/format.h>

#include "engine/base/log.h"
#include "frontend/peer/part_call.h"

namespace lode::frontend::peer {
namespace {

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
      hear_(hear) {}

void peer_node::heard(const description& about) {
    if (!complaint_.empty()) log::info("peer {} ({}) is there again", name, address);
    complaint_.clear();
    state = about.state;
    view = described_view_ = about.view;
    described_ = engine::now();
    load = about.load;
    if (hear_) hear_(address, about);
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
    log::warning("peer {} ({}): {}", name, address, sentence);
}

void peer_node::heard(const part_answer& a) {
    health.heard_from(engine::now());
    state = a.state;
    view = a.view;
    load = a.load;
}

void peer_node::abandon_silent(time_point since) {
    part_call* c = calls.empty() ? nullptr : &calls.front();
    for (; c != nullptr; c = calls.next_of(*c)) {
        if (c->heard() < since) c->abandon(part_call::reason::silence);
    }
}

}  // namespace lode::frontend::peer
