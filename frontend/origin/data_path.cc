#include "frontend/origin/data_path.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/assert.h"
#include "engine/runtime/remote.h"
#include "frontend/http/hop_by_hop.h"
#include "frontend/s3/query.h"
#include "frontend/sealing/customer_key.h"

namespace lode::frontend::origin {
namespace {

constexpr std::size_t places_max = 3;
constexpr int hops_max = 2;

constexpr http::header anything{.name = "If-None-Match", .value = "*"};

// The fields of one request, and what they borrow from.
struct composed_fields {
    composed_fields() = default;
    composed_fields(const composed_fields&) = delete;
    composed_fields& operator=(const composed_fields&) = delete;

    s3::signature_headers signature;
    std::vector<http::header> fields;
};

// Fields that only mean something where the client sent them.
bool belongs_to_authority(std::string_view name) {
    constexpr auto names = std::to_array<std::string_view>({
        "host",
        "authorization",
        "cookie",
        "x-amz-date",
        "date",
        "x-amz-content-sha256",
        "x-amz-security-token",
    });
    return std::ranges::any_of(
        names, [&](std::string_view n) { return http::equal_ignoring_case(n, name); });
}

std::vector<http::header> without_authority(std::span<const http::header> fields,
                                            std::string_view without = {}) {
    const http::hop_by_hop hop(fields);
    std::vector<http::header> kept;
    for (const http::header& h : fields) {
        if (hop.drops(h.name) || belongs_to_authority(h.name)) continue;
        if (!without.empty() && http::equal_ignoring_case(h.name, without)) continue;
        kept.push_back(h);
    }
    return kept;
}

struct place_to_sign_for {
    std::string_view method;
    std::string_view target;
    std::string_view authority;
};

// `into` has the request's own fields already. Those that stores want signed are.
result<> sign_for(s3::signer& who, const place_to_sign_for& place, composed_fields& into) {
    const auto [path, query] = s3::split(place.target);
    std::vector<http::header> covered;
    for (const http::header& h : into.fields) {
        if (http::starts_with_ignoring_case(h.name, "x-amz-")) covered.push_back(h);
    }
    auto made = who.sign({.method = place.method,
                          .raw_path = path,
                          .raw_query = query,
                          .host = place.authority,
                          .headers = covered},
                         engine::scheduler::current().time().wall());
    if (!made) return std::unexpected(made.error());
    into.signature = std::move(*made);
    const s3::signature_headers& s = into.signature;
    into.fields.push_back({.name = "x-amz-date", .value = s.x_amz_date});
    into.fields.push_back({.name = "x-amz-content-sha256", .value = s.x_amz_content_sha256});
    if (!s.x_amz_security_token.empty()) {
        into.fields.push_back({.name = "x-amz-security-token", .value = s.x_amz_security_token});
    }
    into.fields.push_back({.name = "Authorization", .value = s.authorization});
    return {};
}

// For the gateway, a backend or the direct path.
result<> compose(const fetch_request& request, std::span<const http::header> added,
                 std::string_view authority, s3::signer* who, composed_fields& into) {
    into.fields.reserve(request.fields.size() + added.size() + 4);
    for (const auto& [name, value] : request.fields) into.fields.push_back({name, value});
    into.fields.insert(into.fields.end(), added.begin(), added.end());
    if (request.signed_by == fetch_request::signer::client) return {};
    LODE_ASSERT(who != nullptr);
    return sign_for(*who, {.method = "GET", .target = request.target, .authority = authority},
                    into);
}

// Those of `request` that may travel to where a redirect points.
std::vector<http::header> portable_fields(const fetch_request& request,
                                          std::span<const http::header> added) {
    std::vector<http::header> all;
    all.reserve(request.fields.size());
    for (const auto& [name, value] : request.fields) all.push_back({name, value});
    std::vector<http::header> kept = without_authority(all);
    kept.insert(kept.end(), added.begin(), added.end());
    return kept;
}

// Whether an answer carries bytes of the version that was asked for.
bool is_of_version(const http::response_head& head, std::span<const http::header> added) {
    if (head.status != 200 && head.status != 206) return false;
    const auto wanted = http::find_header(added, "if-match");
    return !wanted || http::find_header(head.headers, "etag") == *wanted;
}

bool carries_key(std::span<const http::header> fields) {
    return std::ranges::any_of(
        fields, [](const http::header& h) { return sealing::is_customer_key_field(h.name); });
}

bool carries_key(const fetch_request& request) {
    return std::ranges::any_of(
        request.fields, [](const auto& f) { return sealing::is_customer_key_field(f.first); });
}

// An answer that nobody will read ends by itself.
engine::task<void> drop(exchange& answer, exchange_abort* stop) {
    if (stop != nullptr) stop->let_go();
    return answer.discard();
}

bool is_failure(unsigned status) { return status == 429 || status >= 500; }

}  // namespace

data_path::data_path(origin_link& gateway, options o, dialer_maker dial, s3::signer* who)
    : gateway_(gateway),
      gateway_data_(gateway),
      options_(std::move(o)),
      dial_(std::move(dial)),
      who_(who) {
    gateway_data_.observer = &from_gateway_;
    for (const http::endpoint& where : options_.backends) {
        LODE_ASSERT(dial_);
        auto dialer = dial_(where);
        LODE_ASSERT(dialer != nullptr);
        backends_.push_back(std::make_unique<data_backend>(where, std::move(dialer), options_.pool,
                                                           options_.answer_timeout));
        backends_.back()->link().way = gateway_.way;
    }
}

data_path::~data_path() = default;

engine::task<result<exchange>> data_path::open(const fetch_request& request,
                                               std::span<const http::header> added,
                                               std::string_view direct, exchange_abort* stop) {
    const auto pointed = http::endpoint::parse(direct);
    if (pointed && in_clear_text(*pointed) && carries_key(request)) direct = {};
    std::array<const data_backend*, places_max> tried{};
    for (std::size_t i = 0; i < places_max; ++i) {
        auto place = choose(direct, std::span(tried).first(i));
        if (!place) break;
        tried[i] = &**place;
        attempt made = co_await read_from(**place, request, added, stop);
        if (made.then == attempt::next::use_it) co_return std::move(*made.answer);
        if (made.then == attempt::next::nobody) co_return std::unexpected(made.why);
        if (made.then == attempt::next::the_gateway) break;
    }
    co_return co_await read_from_gateway(request, added, stop);
}

std::optional<data_backend::pin> data_path::choose(std::string_view direct,
                                                   std::span<const data_backend* const> tried) {
    if (closing_) return std::nullopt;
    const time_point now = engine::now();
    const auto is_eligible = [&](const data_backend& b) {
        return b.welcomes(now) && std::ranges::find(tried, &b) == tried.end();
    };
    if (!direct.empty()) {
        if (const auto where = http::endpoint::parse(direct)) {
            auto host = host_at(*where);
            if (host && is_eligible(**host)) return host;
        }
    }
    data_backend* best = nullptr;
    const std::size_t first = next_++;
    for (std::size_t i = 0; i < backends_.size(); ++i) {
        data_backend& candidate = *backends_[(first + i) % backends_.size()];
        if (!is_eligible(candidate)) continue;
        if (best == nullptr || candidate.in_flight() < best->in_flight()) best = &candidate;
    }
    if (best == nullptr) return std::nullopt;
    return data_backend::pin(*best);
}

engine::task<data_path::attempt> data_path::read_from(data_backend& place,
                                                      const fetch_request& request,
                                                      std::span<const http::header> added,
                                                      exchange_abort* stop) {
    using next = attempt::next;
    composed_fields head;
    if (auto made = compose(request, added, place.link().authority, who_, head); !made) {
        co_return attempt{.then = next::nobody, .why = made.error()};
    }
    place.admit(engine::now());
    auto answer = co_await exchange::ask(
        place.link(), {.method = "GET", .target = request.target, .headers = head.fields}, stop);
    if (!answer) {
        place.failed(answer.error());
        const bool leaving = answer.error().code == errc::cancelled;
        co_return attempt{.then = leaving ? next::nobody : next::another_place,
                          .why = answer.error()};
    }
    if (is_failure(answer->head().status)) {
        answer->blame({errc::unavailable});
        co_await drop(*answer, stop);
        co_return attempt{};
    }
    if (const auto to = redirect_of(answer->head())) {
        co_await drop(*answer, stop);
        answer = co_await go(*to, "GET", portable_fields(request, added), stop);
        if (!answer) co_return attempt{.why = answer.error()};
    }
    if (!is_of_version(answer->head(), added)) {
        place.count(&backend_counters::disagreed);
        co_await drop(*answer, stop);
        co_return attempt{.then = next::the_gateway, .why = {errc::changed}};
    }
    co_return attempt{.then = next::use_it, .answer = std::move(*answer)};
}

engine::task<result<exchange>> data_path::read_from_gateway(const fetch_request& request,
                                                            std::span<const http::header> added,
                                                            exchange_abort* stop) {
    composed_fields head;
    if (auto made = compose(request, added, gateway_.authority, who_, head); !made) {
        co_return std::unexpected(made.error());
    }
    from_gateway_.counts.requests.add();
    auto answer = co_await exchange::ask(
        gateway_data_, {.method = "GET", .target = request.target, .headers = head.fields}, stop);
    if (!answer) {
        from_gateway_.failed(answer.error());
        co_return answer;
    }
    const auto to = redirect_of(answer->head());
    if (!to) co_return answer;
    co_await drop(*answer, stop);
    co_return co_await go(*to, "GET", portable_fields(request, added), stop);
}

engine::task<result<exchange>> data_path::follow(exchange answer, const forwarded_head& asked) {
    const auto to = redirect_of(answer.head());
    if (!to || (asked.method != "GET" && asked.method != "HEAD")) co_return answer;
    if (in_clear_text(to->where) && carries_key(asked.headers)) co_return answer;
    if (!to->carries_signature && !co_await is_authorised(asked)) co_return answer;

    std::vector<http::header> fields = without_authority(asked.headers, asked.without);
    fields.insert(fields.end(), asked.added.begin(), asked.added.end());
    auto there = co_await go(*to, asked.method, fields);
    if (!there) co_return there;
    // It does not know us: perhaps it knows the client.
    const bool refused = there->head().status == 401 || there->head().status == 403;
    co_await (refused ? *there : answer).discard();
    if (refused) co_return answer;
    co_return there;
}

// A gateway that looks at rights first says 304 to "only if there is none", where there is one.
engine::task<bool> data_path::is_authorised(const forwarded_head& asked) {
    if (http::find_header(asked.headers, "if-none-match")) co_return false;
    auto word = co_await exchange::ask(gateway_, {.method = asked.method,
                                                  .target = asked.target,
                                                  .headers = asked.headers,
                                                  .added = {&anything, 1}});
    if (!word) co_return false;
    const bool yes = word->head().status == 304;
    co_await word->discard();
    co_return yes;
}

// From hop to hop, until an answer is none.
engine::task<result<exchange>> data_path::go(redirect to, std::string_view method,
                                             std::vector<http::header> fields,
                                             exchange_abort* stop) {
    for (int hop = 0; hop < hops_max; ++hop) {
        if (in_clear_text(to.where) && carries_key(fields)) co_return fail(errc::denied);
        auto host = host_at(to.where);
        if (!host) co_return fail(errc::overloaded);
        if (!(*host)->welcomes(engine::now())) co_return fail(errc::unavailable);

        composed_fields head;
        head.fields = fields;
        if (who_ != nullptr && !to.carries_signature) {
            auto made = sign_for(
                *who_,
                {.method = method, .target = to.target, .authority = (*host)->link().authority},
                head);
            if (!made) co_return std::unexpected(made.error());
        }
        (*host)->admit(engine::now());
        auto answer = co_await exchange::ask(
            (*host)->link(), {.method = method, .target = to.target, .headers = head.fields}, stop);
        if (!answer) {
            (*host)->failed(answer.error());
            co_return answer;
        }
        if (is_failure(answer->head().status)) {
            answer->blame({errc::unavailable});
            co_await drop(*answer, stop);
            co_return fail(errc::unavailable);
        }
        if (!is_redirect(answer->head().status)) co_return answer;
        auto next = redirect_of(answer->head());
        co_await drop(*answer, stop);
        if (!next) break;
        to = std::move(*next);
    }
    co_return fail(errc::protocol);
}

std::optional<data_backend::pin> data_path::host_at(const http::endpoint& where) {
    for (const auto* places : {&backends_, &hosts_}) {
        for (const auto& place : *places) {
            if (place->where() == where) return data_backend::pin(*place);
        }
    }
    if (closing_ || !dial_ || !make_room()) return std::nullopt;
    auto dialer = dial_(where);
    if (dialer == nullptr) return std::nullopt;
    hosts_.push_back(std::make_unique<data_backend>(where, std::move(dialer), options_.pool,
                                                    options_.answer_timeout, &pointed_));
    hosts_.back()->link().way = gateway_.way;
    hosts_.back()->last_used = engine::now();
    hosts_now_.set(hosts_.size());
    return data_backend::pin(*hosts_.back());
}

bool data_path::make_room() {
    if (hosts_.size() < options_.hosts_max) return true;
    auto oldest = hosts_.end();
    for (auto it = hosts_.begin(); it != hosts_.end(); ++it) {
        if (!(*it)->is_idle()) continue;
        if (oldest == hosts_.end() || (*it)->last_used < (*oldest)->last_used) oldest = it;
    }
    if (oldest == hosts_.end()) return false;
    background_.spawn(retire(std::move(*oldest)));
    hosts_.erase(oldest);
    return true;
}

engine::task<void> data_path::retire(std::unique_ptr<data_backend> host) {
    co_await host->pool().close();
}

void data_path::start(const by_core& everyone, std::size_t self) {
    if (backends_.empty() || options_.check_every <= duration::zero()) return;
    background_.spawn(check_regularly(everyone, self));
}

engine::task<void> data_path::check_regularly(const by_core& everyone, std::size_t self) {
    random& chance = engine::scheduler::current().chance();
    const auto whole = static_cast<std::uint64_t>(options_.check_every.count());
    for (;;) {
        const duration pause =
            options_.check_every / 2 + duration(static_cast<duration::rep>(chance.below(whole)));
        (void)co_await stop_asked_.wait(engine::now() + pause);
        if (closing_) co_return;
        for (std::size_t i = self; i < backends_.size(); i += everyone.size()) {
            const data_backend& backend = *backends_[i];
            const bool just_worked = backend.last_well + options_.check_every > engine::now();
            if (backend.being_checked || (just_worked && backend.is_up())) continue;
            background_.spawn(check(everyone, i));
        }
    }
}

// Any answer that is HTTP and no failure will do: whether objects can be read there, requests show.
engine::task<void> data_path::check(const by_core& everyone, std::size_t index) {
    data_backend& backend = *backends_[index];
    backend.being_checked = true;
    origin_link unobserved = backend.link();
    unobserved.observer = nullptr;
    auto answer =
        co_await exchange::ask(unobserved, {.method = "HEAD", .target = "/", .headers = {}});
    bool well = false;
    if (answer) {
        const unsigned status = answer->head().status;
        well = status != 429 && (status < 500 || status == 501);
        co_await answer->discard();
    }
    backend.being_checked = false;
    const bool ours = !answer && (answer.error().code == errc::cancelled ||
                                  answer.error().code == errc::overloaded);
    if (ours) co_return;
    for (std::size_t core = 0; core < everyone.size(); ++core) {
        data_path* there = everyone[core];
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                 [there, index, well] { there->backends_[index]->checked(well); });
    }
}

void data_path::abort() {
    for (const auto& place : backends_) place->pool().abort();
    for (const auto& place : hosts_) place->pool().abort();
}

engine::task<void> data_path::close() {
    closing_ = true;
    stop_asked_.notify_all();
    for (const auto& place : backends_) co_await place->pool().close();
    for (const auto& place : hosts_) co_await place->pool().close();
    co_await background_.close();
}

}  // namespace lode::frontend::origin
