#include "frontend/peer/peers.h"

#include <algorithm>
#include <utility>

#include "engine/base/hash.h"
#include "engine/runtime/remote.h"
#include "frontend/peer/part_reading.h"

namespace lode::frontend::peer {
namespace {

namespace rules = cluster::health_rules;

// How often a core looks at what it thinks of its peers: small beside the second within which a dead one
// is to be noticed.
constexpr duration look_every = std::chrono::milliseconds(50);

cluster::peer_says meaning_of(node_state s) {
    return s == node_state::draining ? cluster::peer_says::draining : cluster::peer_says::up;
}

}  // namespace

peers::peers(options o, dialer_maker dial, news_of hear)
    : options_(std::move(o)),
      dial_(std::move(dial)),
      hear_(std::move(hear)),
      view_(
          std::make_shared<const cluster::view>(std::vector<cluster::member>(), options_.us.node)),
      loads_(0),
      chance_(engine::scheduler::current().chance().next()) {}

peers::~peers() { LODE_ASSERT(by_name_.empty()); }

void peers::use(cluster::view_ptr now) {
    if (closing_) return;
    const auto members = now->members();
    std::unordered_map<std::string, peer_ptr> left = std::move(by_name_);
    std::vector<std::optional<cluster::member_index>> before(members.size());
    by_name_.clear();
    by_index_.assign(members.size(), nullptr);
    for (std::size_t n = 0; n < members.size(); ++n) {
        const cluster::member& m = members[n];
        before[n] = view_->find(m.name);
        if (m.name == options_.us.node) continue;
        const auto known = left.find(m.name);
        if (known != left.end() && known->second->address == m.address) {
            by_index_[n] = std::move(known->second);
            left.erase(known);
        } else {
            by_index_[n] = make(m);
        }
        by_name_.emplace(m.name, by_index_[n]);
    }
    view_ = std::move(now);
    loads_.follow(before);
    for (auto& [name, peer] : left) retire(std::move(peer));
}

peer_ptr peers::make(const cluster::member& m) {
    using duty = cluster::peer_health::duty;
    return std::make_shared<peer_node>(
        peer_node::options{
            .name = m.name,
            .address = m.address,
            .us = options_.us,
            .pool = options_.pool,
            .health = {.role = is_watched_here(m.name) ? duty::watch : duty::guest,
                       .idle_interval = rules::idle_interval(view_->members().size())},
            .is_logged = is_watched_here(m.name)},
        dial_(m.address), hear_, chance_);
}

engine::task<bool> peers::greet(std::string address, time_point until, mention m) {
    if (closing_) co_return false;
    peer_node stranger({.name = {},
                        .address = address,
                        .us = options_.us,
                        .pool = options_.pool,
                        .health = {},
                        .is_logged = m == mention::news},
                       dial_(address), hear_, chance_);
    bool answered = false;
    {
        const auto lease = co_await stranger.pool.acquire(until);
        answered = lease.has_value();
    }
    co_await stranger.pool.close();
    co_return answered;
}

bool peers::are_acquainted() const {
    return std::ranges::all_of(by_name_, [this](const auto& each) {
        return !is_watched_here(each.first) || each.second->health.had_a_chance();
    });
}

bool peers::is_watched_here(const std::string& name) const {
    if (everyone_ == nullptr) return true;
    return xxh3_64(std::as_bytes(std::span(name))) % everyone_->size() == self_;
}

// Leaves us when the last answer of its has been read. Until then each core that reads one watches over it:
// the others may have nothing to do with it any more.
void peers::retire(peer_ptr peer) {
    peer->retire();
    retired_.push_back(peer);
    background_.spawn(close_connections(std::move(peer)));
}

engine::task<void> peers::close_connections(peer_ptr peer) {
    while (!closing_ && !peer->calls.empty()) (void)co_await wake_.wait(engine::now() + look_every);
    co_await peer->pool.close();
    std::erase(retired_, peer);
}

peer_ptr peers::choose(const hash128& part, std::span<const peer_node* const> tried) {
    if (is_alone()) return nullptr;
    const cluster::member_index self = *view_->self();
    const cluster::candidates some = view_->candidates_of(part, options_.candidates);
    const time_point now = engine::now();
    const auto chosen = cluster::choose(
        some, spread_of(part),
        [&](cluster::member_index who) { return standing_of(who, now, tried); },
        [&](cluster::member_index who) {
            return who == self ? options_.own_load() : loads_.load(who, now);
        },
        chance_);
    if (!chosen || *chosen == self) return nullptr;
    return by_index_[chosen->value()];
}

peer_ptr peers::owner_of(const hash128& part) const {
    if (is_alone()) return nullptr;
    const cluster::member_index self = *view_->self();
    const cluster::candidates owner = view_->candidates_of(part, 1);
    if (owner.empty() || owner[0] == self) return nullptr;
    const bool askable = standing_of(owner[0], engine::now(), {}) != cluster::standing::refuse;
    return askable ? by_index_[owner[0].value()] : nullptr;
}

peer_ptr peers::home_of(const hash128& object) const {
    if (is_alone()) return nullptr;
    const cluster::member_index self = *view_->self();
    const time_point now = engine::now();
    for (const cluster::member_index who : view_->candidates_of(object, options_.candidates)) {
        if (who == self) return nullptr;
        if (standing_of(who, now, {}) == cluster::standing::ask) return by_index_[who.value()];
    }
    return nullptr;
}

cluster::standing peers::standing_of(cluster::member_index who, time_point now,
                                     std::span<const peer_node* const> tried) const {
    using enum cluster::standing;
    const peer_ptr& peer = by_index_[who.value()];
    // What this node brings in while it leaves is lost with it.
    if (peer == nullptr) return view_->members()[who.value()].draining ? ask_last : ask;
    if (std::ranges::find(tried, peer.get()) != tried.end()) return refuse;
    // A client need not wait to find out whether a suspect is dead: probes do.
    if (peer->health.state() == cluster::peer_state::suspect || !peer->health.may_ask(now)) {
        return refuse;
    }
    return peer->health.state() == cluster::peer_state::draining ? ask_last : ask;
}

unsigned peers::spread_of(const hash128& part) const {
    return std::min(spreads_.spread_of(part, engine::now()), options_.spread_max);
}

void peers::told(const peer_node& peer, const part_answer& said) {
    const time_point now = engine::now();
    if (said.spread > 1) spreads_.told(said.part, said.spread, now);
    if (const auto who = view_->find(peer.name)) loads_.reported(*who, said.load, now);
}

void peers::ask_to_fill(part_question question, peer_ptr whom) {
    if (closing_ || fills_asked_ >= fills_asked_max) return;
    ++fills_asked_;
    question.want = part_question::want_kind::fill;
    background_.spawn(have_filled(std::move(question), std::move(whom)));
}

engine::task<void> peers::have_filled(part_question question, peer_ptr whom) {
    (void)co_await ask_only(*this, std::move(question), std::move(whom));
    --fills_asked_;
}

void peers::start(const by_core& everyone, std::size_t self) {
    everyone_ = &everyone;
    self_ = self;
    background_.spawn(watch());
}

engine::task<void> peers::watch() {
    while (!closing_) {
        const time_point now = engine::now();
        for (const auto& [name, peer] : by_name_) {
            cluster::peer_health& health = peer->health;
            if (const auto news = health.news()) background_.spawn(tell(name, *news));
            look_at(peer, now);
        }
        for (const peer_ptr& peer : retired_) look_at(peer, now);
        (void)co_await wake_.wait(now + look_every);
    }
}

void peers::look_at(const peer_ptr& peer, time_point now) {
    if (peer->health.next_probe() <= now) {
        peer->health.probe_sent(now);
        background_.spawn(probe(peer));
    }
    peer->abandon_silent(now);
}

engine::task<void> peers::tell(std::string name, cluster::peer_state state) {
    for (std::size_t core = 0; core < everyone_->size(); ++core) {
        if (core == self_) continue;
        peers* there = (*everyone_)[core];
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                 [&] { there->learn(name, state); });
    }
}

void peers::learn(const std::string& name, cluster::peer_state state) {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) found->second->health.told(state, engine::now());
}

engine::task<void> peers::probe(peer_ptr peer) {
    peer->counts.probes.add();
    const auto alive = co_await look_after(*peer, engine::now() + rules::probe_wait);
    const time_point now = engine::now();
    if (alive) {
        peer->health.probe_answered(now, meaning_of(peer->state));
    } else {
        peer->counts.probes_failed.add();
        peer->health.probe_failed(now);
    }
}

// A hello says everything; between two of them, the peer is only asked whether it has changed.
engine::task<result<>> peers::look_after(peer_node& peer, time_point until) {
    using freshness = http::connection_pool::freshness;
    const freshness wanted = peer.has_news(engine::now()) ? freshness::fresh : freshness::any;
    for (const freshness f : {wanted, freshness::fresh}) {
        auto lease = co_await peer.pool.acquire(until, f);
        if (!lease) co_return std::unexpected(lease.error());
        if (!(*lease)->reused()) {
            lease->keep();
            co_return result<>{};
        }
        const std::string target = path_of(agreement_of(**lease).protocol, state_word);
        const auto answer = co_await exchange_heads(**lease, target, {}, until);
        if (!answer && answer.error().code == errc::denied) co_return fail(errc::denied);
        if (!answer) continue;
        const auto text = http::find_header(answer->headers, answer_field);
        const auto said = parse_answer(text.value_or(""));
        if (!said) co_return fail(errc::protocol);
        peer.heard(*said);
        told(peer, *said);
        (*lease)->stream().expire_at(never);
        lease->keep();
        co_return result<>{};
    }
    co_return fail(errc::unavailable);
}

void peers::abort() {
    closing_ = true;
    wake_.notify_all();
    for (const auto& [name, peer] : by_name_) peer->pool.abort();
    for (const peer_ptr& peer : retired_) peer->pool.abort();
}

engine::task<void> peers::close() {
    abort();
    for (auto& [name, peer] : by_name_) retire(std::move(peer));
    by_name_.clear();
    by_index_.clear();
    co_await background_.close();
}

}  // namespace lode::frontend::peer
