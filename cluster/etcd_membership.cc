#include "cluster/etcd_membership.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cluster/backoff.h"
#include "cluster/json.h"
#include "cluster/node_record.h"
#include "engine/base/assert.h"
#include "engine/base/log.h"
#include "engine/base/random.h"

namespace lode::cluster {
namespace {

constexpr duration question_limit = std::chrono::seconds(5);
constexpr duration farewell_limit = std::chrono::seconds(1);
constexpr duration least_pause = std::chrono::milliseconds(100);
constexpr duration shortest_most = std::chrono::seconds(1);
constexpr duration longest_pause = std::chrono::seconds(10);
constexpr duration between_writes = std::chrono::seconds(1);
constexpr duration longest_wait = std::chrono::seconds(1);
constexpr int unauthorized = 401;
constexpr std::size_t unreadable_said_max = 64;

time_point now() { return system_clock().now(); }

std::uint64_t whole_seconds(duration time) {
    return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

}  // namespace

etcd_membership::etcd_membership(etcd_options options)
    : options_(std::move(options)),
      nodes_prefix_(options_.prefix + "/nodes/"),
      client_(options_.ca_file) {
    LODE_ASSERT(!options_.endpoints.empty());
}

etcd_membership::~etcd_membership() = default;

void etcd_membership::announce(const member& self) {
    LODE_ASSERT(self.name == options_.self);
    {
        const std::scoped_lock lock(mutex_);
        if (announced_ == self) return;
        announced_ = self;
    }
    client_.wake();
}

// An endpoint that served for a while is followed by the next at once. Where none serves, pauses grow
// after each has been asked.
void etcd_membership::run(const std::stop_token& stopping) {
    stopping_ = stopping;
    const std::stop_callback wake(stopping, [this] { client_.wake(); });
    random chance = random::from_system();
    // Whoever pauses for longer than its lease is forgotten by an etcd that has come back meanwhile.
    const duration most = std::clamp(options_.lease / 3, shortest_most, longest_pause);
    backoff pause(least_pause, most);
    duration current = pause.next(chance);
    for (std::size_t asked = 1; !stopping.stop_requested(); ++asked) {
        const std::string& endpoint = options_.endpoints[(asked - 1) % options_.endpoints.size()];
        const time_point begun = now();
        client_.turn_to(endpoint);
        const step ended = converse();
        if (stopping.stop_requested()) break;
        complain(fmt::format("etcd at {} {}", endpoint, ended.error()));
        const bool served = now() - begun >= longest_pause;
        if (served) pause.reset();
        if (served || asked % options_.endpoints.size() == 0) current = pause.next(chance);
        if (!sleep(stopping, current)) break;
    }
    give_back_lease();
}

etcd_membership::step etcd_membership::converse() {
    for (const auto next : {&etcd_membership::log_in, &etcd_membership::have_lease,
                            &etcd_membership::list, &etcd_membership::listen}) {
        const step done = (this->*next)();
        if (!done) return done;
    }
    return {};
}

etcd_membership::step etcd_membership::log_in() {
    if (options_.user.empty()) return {};
    client_.use_token({});
    const auto answer = client_.ask(
        "/v3/auth/authenticate",
        print_json({{"name", options_.user}, {"password", options_.password}}), limit(), stopping_);
    if (!answer) return std::unexpected(answer.error().sentence);
    const auto token = parse_etcd_token(*answer);
    if (!token) return std::unexpected("answered without a token for cluster.etcd_user");
    client_.use_token(*token);
    return {};
}

// The one that there was, if etcd knows it still.
etcd_membership::step etcd_membership::have_lease() {
    next_keepalive_ = now() + options_.lease / 3;
    if (lease_ != 0) {
        const auto answer =
            ask("/v3/lease/keepalive", print_json({{"ID", std::to_string(lease_)}}));
        if (!answer) return std::unexpected(answer.error());
        const auto kept = parse_etcd_keepalive(*answer);
        if (kept && kept->seconds > 0) return {};
    }
    const auto answer = ask("/v3/lease/grant",
                            print_json({{"TTL", std::to_string(whole_seconds(options_.lease))}}));
    if (!answer) return std::unexpected(answer.error());
    const auto granted = parse_etcd_grant(*answer);
    if (!granted) return std::unexpected("answered a question for a lease with something else");
    lease_ = granted->id;
    return {};
}

etcd_membership::step etcd_membership::list() {
    const auto answer =
        ask("/v3/kv/range", print_json({
                                {"key", to_base64(nodes_prefix_)},
                                {"range_end", to_base64(end_of_prefix(nodes_prefix_))},
                            }));
    if (!answer) return std::unexpected(answer.error());
    const auto found = parse_etcd_range(*answer);
    if (!found) return std::unexpected("answered the question for the nodes with something else");

    // After the first list every other one comes after a gap.
    if (revision_ != 0) settling_until_ = now() + options_.lease;
    const auto before = std::exchange(nodes_, {});
    own_ = {};
    counters_.skipped.add(found->broken);
    for (const etcd_entry& entry : found->entries) take_entry(entry);
    for (const auto& [name, node] : before) {
        if (nodes_.contains(name)) continue;
        known_node& kept = nodes_[name];
        kept = node;
        if (kept.kept_until == never) kept.kept_until = settling_until_;
    }
    revision_ = found->revision;
    say();
    begin_watch();
    return {};
}

void etcd_membership::begin_watch() {
    client_.begin_watch("/v3/watch",
                        print_json({{"create_request",
                                     {{"key", to_base64(nodes_prefix_)},
                                      {"range_end", to_base64(end_of_prefix(nodes_prefix_))},
                                      {"start_revision", std::to_string(revision_ + 1)}}}}));
}

etcd_membership::step etcd_membership::listen() {
    while (!stopping_.stop_requested()) {
        for (const auto next : {&etcd_membership::take_news, &etcd_membership::keep_lease,
                                &etcd_membership::write_self}) {
            const step done = (this->*next)();
            if (!done) return done;
        }
        drop_kept();
        client_.wait(std::clamp(next_keepalive_ - now(), duration::zero(), longest_wait));
    }
    return {};
}

etcd_membership::step etcd_membership::take_news() {
    bool changed = false;
    while (const auto line = client_.next_line()) {
        const auto news = parse_etcd_news(*line);
        if (!news) return std::unexpected("told something else than what happened");
        if (news->compacted) return list();
        if (news->is_over) {
            return std::unexpected(fmt::format("ended the watch: {}", news->reason));
        }
        all_is_well();
        counters_.skipped.add(news->broken);
        for (const etcd_event& event : news->events) {
            if (event.what == etcd_event::kind::put) {
                take_entry(event.entry);
            } else {
                forget(event.entry.key);
            }
        }
        revision_ = std::max(revision_, news->revision);
        changed = changed || !news->events.empty();
    }
    if (changed) say();
    if (auto why = client_.end_of_watch()) return std::unexpected(std::move(*why));
    return {};
}

etcd_membership::step etcd_membership::keep_lease() {
    if (now() < next_keepalive_) return {};
    return have_lease();
}

// Only over what was seen there, and never over another node's.
etcd_membership::step etcd_membership::write_self() {
    const std::optional<member> self = announced();
    if (!self || now() < next_write_) return {};
    const std::string record = print_node_record(*self);
    const bool is_foreign = own_.revision != 0 && own_.lease != lease_ && !own_.address.empty() &&
                            own_.address != self->address;
    if (is_foreign) {
        warn_beside(
            fmt::format("the node at {} calls itself \"{}\", as this node does: give each "
                        "its own node.name; the other nodes do not know this one",
                        own_.address, options_.self));
        return {};
    }
    warn_beside({});
    if (own_.revision != 0 && own_.lease == lease_ && own_.value == record) return {};

    const std::string key = to_base64(nodes_prefix_ + options_.self);
    const json compare = {{"key", key},
                          {"target", "MOD"},
                          {"result", "EQUAL"},
                          {"mod_revision", std::to_string(own_.revision)}};
    const json put = {
        {"key", key}, {"value", to_base64(record)}, {"lease", std::to_string(lease_)}};
    const auto answer =
        ask("/v3/kv/txn", print_json({{"compare", json::array({compare})},
                                      {"success", json::array({{{"request_put", put}}})}}));
    if (!answer) return std::unexpected(answer.error());
    if (!parse_etcd_transaction(*answer).has_value()) {
        return std::unexpected("answered this node's record with something else");
    }
    // Whether it was written or somebody else was quicker, the watch tells what stands there now.
    next_write_ = now() + between_writes;
    return {};
}

// Also where the end came in the middle of a question, or of a pause.
void etcd_membership::give_back_lease() {
    if (lease_ == 0) return;
    leaving_ = true;
    stopping_ = std::stop_token();
    const auto answer = ask("/v3/lease/revoke", print_json({{"ID", std::to_string(lease_)}}));
    // It runs out by itself.
    if (!answer) log::debug("cluster: the lease was not given back: {}", answer.error());
}

std::expected<std::string, std::string> etcd_membership::ask(std::string_view path,
                                                             std::string body) {
    auto answer = client_.ask(path, body, limit(), stopping_);
    if (!answer && answer.error().status == unauthorized && !options_.user.empty()) {
        const step again = log_in();
        if (!again) return std::unexpected(again.error());
        answer = client_.ask(path, std::move(body), limit(), stopping_);
    }
    if (!answer) return std::unexpected(std::move(answer.error().sentence));
    return std::move(*answer);
}

void etcd_membership::take_entry(const etcd_entry& entry) {
    if (!entry.key.starts_with(nodes_prefix_)) return;
    const std::string name = entry.key.substr(nodes_prefix_.size());
    auto read = parse_node_record(name, entry.value);
    if (name == options_.self) {
        own_ = {.value = entry.value,
                .address = read ? read->address : "",
                .revision = entry.revision,
                .lease = entry.lease};
    }
    if (read) {
        nodes_[name] = {.of = std::move(*read)};
        unreadable_.erase(name);
        return;
    }
    counters_.skipped.add();
    nodes_.erase(name);
    // Once for each, as long as there are few: whoever writes such records writes many.
    if (unreadable_.size() >= unreadable_said_max || !unreadable_.insert(name).second) return;
    log::warning("cluster: the record of {} in etcd is passed over: {}",
                 is_member_name(name) ? fmt::format("node \"{}\"", name) : "a node", read.error());
}

void etcd_membership::forget(const std::string& key) {
    if (!key.starts_with(nodes_prefix_)) return;
    const std::string name = key.substr(nodes_prefix_.size());
    if (name == options_.self) own_ = {};
    unreadable_.erase(name);
    const auto there = nodes_.find(name);
    if (there == nodes_.end()) return;
    if (now() >= settling_until_) {
        nodes_.erase(there);
    } else if (there->second.kept_until == never) {
        there->second.kept_until = settling_until_;
    }
}

void etcd_membership::drop_kept() {
    const auto dropped = std::erase_if(
        nodes_, [at = now()](const auto& each) { return each.second.kept_until <= at; });
    if (dropped > 0) say();
}

void etcd_membership::say() {
    std::vector<discovered> all;
    all.reserve(nodes_.size());
    for (const auto& [name, node] : nodes_) all.push_back(node.of);
    publish(std::move(all));
}

std::optional<member> etcd_membership::announced() {
    const std::scoped_lock lock(mutex_);
    return announced_;
}

duration etcd_membership::limit() const {
    return leaving_ ? farewell_limit : std::min(options_.lease / 3, question_limit);
}

}  // namespace lode::cluster
