#include "frontend/origin/gateway.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "engine/base/hash.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/started.h"
#include "frontend/s3/range.h"
#include "frontend/sealing/customer_key.h"

namespace lode::frontend::origin {
namespace {

constexpr http::header one_byte{.name = "Range", .value = "bytes=0-0"};

// Which bytes the answer is about; nothing when it does not say so clearly.
std::optional<s3::byte_range> bytes_in(const http::response_head& head) {
    if (head.status != 206) return std::nullopt;
    const auto text = http::find_header(head.headers, "content-range");
    const auto stated = s3::parse_content_range(text.value_or(""));
    if (!stated || !stated->range) return std::nullopt;
    const bool fits =
        head.body != http::framing::length || head.content_length == stated->range->length();
    return fits ? stated->range : std::nullopt;
}

// True when the answer is about the one byte that we asked for, not about the client's range.
bool is_one_byte(const http::response_head& head) {
    const auto range = bytes_in(head);
    return range && range->last == object_offset(0);
}

// The first bytes that the client wants, as far as that can be told without the object's size.
std::optional<s3::byte_range> first_wanted(const inquiry& i) {
    if (!i.takes_first_bytes || !i.range_is_free()) return std::nullopt;
    s3::range_request wanted{.form = s3::range_form::from_first, .suffix_length = {}};
    if (const auto text = http::find_header(i.head.headers, "range")) {
        wanted = s3::parse_range(*text);
    }
    const bool is_bounded = wanted.form == s3::range_form::first_last;
    if (!is_bounded && wanted.form != s3::range_form::from_first) return std::nullopt;
    std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    if (wanted.first > last - first_bytes::most) return std::nullopt;
    last = wanted.first + first_bytes::most - 1;
    if (is_bounded) last = std::min(last, wanted.last);
    return s3::byte_range{.first = object_offset(wanted.first), .last = object_offset(last)};
}

forwarded_head as_it_came(const http::request_head& request) {
    return {.method = request.method, .target = request.target, .headers = request.headers};
}

// Whether the client says whose bucket it must be, or that it pays: the origin's word on that is for
// this request alone.
bool has_terms(const inquiry& i) {
    return http::find_header(i.head.headers, "x-amz-expected-bucket-owner") ||
           http::find_header(i.head.headers, "x-amz-request-payer");
}

// Whether the origin's word on it is the same for everybody whom lode lets in. Who has the customer's
// key, another's answer does not tell.
bool is_for_all(const inquiry& i) {
    return i.who == asker::lode && !i.what.conditional && i.describes() && !i.what.part_number &&
           i.name.customer_key.empty() && !has_terms(i);
}

wall_time wall_now() { return engine::scheduler::current().time().wall(); }

}  // namespace

gateway::gateway(const origin_link& link, s3::signer* own, options o, const by_core& neighbours,
                 data_path* data)
    : link_(link),
      own_(own),
      data_(data),
      identity_(std::move(o.identity)),
      consistency_(std::move(o.consistency)),
      versions_(o.objects_max, engine::now()),
      layouts_(link_, own),
      known_layouts_(link.answer_timeout),
      validations_(link.answer_timeout),
      neighbours_(neighbours) {}

engine::task<result<verdict>> gateway::authorise(const inquiry& i) {
    auto word = co_await decide_for_all(i);
    if (word && word->version != nullptr && !word->version->laid_out) {
        engine::started<result<>> gathering;
        if (word->first) gathering.start(word->first->gather(spare_));
        word->version = co_await completed(i.name, std::move(word->version), word->asked);
        if (gathering.pending()) (void)co_await gathering;
    }
    co_return word;
}

std::optional<verdict> gateway::recall(const inquiry& i) {
    if (!is_for_all(i) || !may_be_old(i)) return std::nullopt;
    version_cache::known known = versions_.find(i.name);
    if (known.version == nullptr || !known.version->laid_out) return std::nullopt;
    return recent(i, std::move(known));
}

// Who says no-cache wants to have it confirmed (RFC 9111 section 5.2.1.4).
bool gateway::may_be_old(const inquiry& i) const {
    return !i.what.no_cache && max_stale_of(i) > duration::zero();
}

std::optional<verdict> gateway::recent(const inquiry& i, version_cache::known known) {
    const duration stale = max_stale_of(i);
    const bool recent = !known.doubted && engine::now() - known.confirmed <= stale;
    if (known.version == nullptr || !recent) return std::nullopt;
    stats_.recent.add();
    return verdict{.version = std::move(known.version), .asked = known.confirmed};
}

engine::task<result<verdict>> gateway::decide_for_all(const inquiry& i) {
    if (!is_for_all(i)) co_return co_await decide(i);

    if (may_be_old(i)) {
        if (auto known = recent(i, co_await find(i.name))) co_return std::move(*known);
    }
    const std::string object = i.name.text();
    const time_point came = engine::now();
    auto turn = co_await validations_.enter(object);
    // Who asked for all may have been content with an older word than we are.
    const duration old = may_be_old(i) ? max_stale_of(i) : duration::zero();
    if (turn.what == shared_validation::turn::kind::told && turn.asked >= came - old) {
        stats_.shared.add();
        co_return verdict{.version = std::move(turn.version), .asked = turn.asked};
    }
    auto word = co_await decide_or_be_told(i);
    if (turn.what == shared_validation::turn::kind::ask_for_all) {
        const bool good = word && word->authorised();
        validations_.answered(object, good ? word->version : nullptr,
                              good ? word->asked : time_point{});
    }
    co_return word;
}

engine::task<result<verdict>> gateway::decide_or_be_told(const inquiry& i) {
    if (auto told = co_await told_current(i)) co_return std::move(*told);
    co_return co_await decide(i);
}

engine::task<result<verdict>> gateway::decide(const inquiry& i) {
    // Another round is for what a question of our own has taught: to the object's home node, then to the origin.
    version_ptr doubted;
    bool described = false;
    for (int round = 0; round < 3; ++round) {
        const bool matched = i.what.only_if_match && own_ != nullptr && !i.range_is_free();
        const bool probed = i.range_is_free() && i.describes();
        const bool wanted = probed && probes_.worthwhile() && !points_away_;
        const auto first = wanted ? first_wanted(i) : std::nullopt;
        finding found = co_await find_or_begin(i.name, first.has_value());
        version_ptr known = std::move(found.version);
        const bool unknown = known == nullptr;
        const bool dated = !i.what.conditional && !dates_mislead_;
        const bool beside =
            matched || (!i.what.conditional && dates_mislead_ && !probed && may_ask_itself(i.name));
        if (known != nullptr && (dated || beside)) {
            auto said =
                dated ? co_await revalidate(i, known) : co_await revalidate_beside(i, known);
            if (!said) co_return std::unexpected(said.error());
            if (*said) co_return std::move(**said);
            if (dated) doubted = std::move(known);
            // Another version, most likely, and its bytes are not here.
            if (first) found = co_await find_or_begin(i.name, true);
        }
        if (probed) {
            auto said = co_await probe(i, found.turn ? first : std::nullopt);
            if (!said) co_return std::unexpected(said.error());
            if (*said) {
                note_relearned(doubted, (*said)->version);
                co_return std::move(**said);
            }
            break;
        }
        if (described || (i.what.conditional && !matched)) break;
        if (unknown && round == 0 && co_await told_guess(i.name, false) != nullptr) continue;
        described = true;
        const version_ptr current = co_await describe(i.name, i.customer_key_fields());
        if (current == nullptr) break;
        note_relearned(doubted, current);
    }
    co_return co_await forward(i);
}

// A store that keeps finer times than it tells finds its objects modified after the very second that it told
// (versitygw does). Its dates are of no use then: replaced metadata may keep them.
void gateway::note_relearned(const version_ptr& doubted, const version_ptr& now) {
    if (doubted != nullptr && now != nullptr && doubted->same_as(*now)) dates_mislead_ = true;
}

gateway::word gateway::revalidate(const inquiry& i, version_ptr known) {
    // An empty object satisfies no range; asking for its first byte would hide that it is unchanged.
    const bool one_byte_only = i.range_is_free() && known->size > bytes(0);
    const http::header added[] = {{.name = "If-None-Match", .value = known->etag},
                                  {.name = "If-Unmodified-Since", .value = known->last_modified},
                                  one_byte};
    forwarded_head question = as_it_came(i.head);
    question.added = std::span(added).first(one_byte_only ? 3 : 2);
    if (one_byte_only) question.without = "Range";

    const time_point asked = engine::now();
    auto answer = co_await ask(question);
    if (!answer) {
        stats_.failed.add();
        co_return std::unexpected(answer.error());
    }
    const unsigned status = answer->head().status;
    if (status == 304) {
        stats_.revalidated.add();
        known = with_direct_path(std::move(known), direct_path_of(answer->head().headers));
        co_await answer->discard();
        if (max_stale_of(i) > duration::zero()) {
            co_await remember(i.name, known, asked);
        }
        co_return verdict{.version = std::move(known), .answer = std::nullopt, .asked = asked};
    }
    if (status == 412 || (status == 416 && one_byte_only)) {
        stats_.touched.add();
        co_await forget(i.name);
        co_await answer->discard();
        co_return std::nullopt;
    }
    if (one_byte_only && is_one_byte(answer->head())) {
        stats_.touched.add();
        version_ptr current =
            i.describes() ? co_await learn(i, answer->head(), asked) : version_ptr();
        co_await answer->discard();
        if (current == nullptr) {
            co_await forget(i.name);
            co_return std::nullopt;
        }
        co_return verdict{.version = std::move(current), .answer = std::nullopt, .asked = asked};
    }
    // Bytes, and not the client's: the range was ours.
    if (one_byte_only && status >= 200 && status < 300) {
        stats_.touched.add();
        co_await forget(i.name);
        co_await answer->discard();
        co_return std::nullopt;
    }
    co_return co_await relay(std::move(*answer), i, asked);
}

// The client's question about the content, and one of our own about everything else, where a date would not
// help: beside If-Match it is ignored (RFC 9110 section 13.2.2), and some stores' dates mislead.
gateway::word gateway::revalidate_beside(const inquiry& i, version_ptr known) {
    const http::header added{.name = "If-None-Match", .value = known->etag};
    forwarded_head question = as_it_came(i.head);
    question.added = {&added, 1};

    const time_point asked = engine::now();
    engine::started<result<bool>> beside;
    beside.start(untouched(i.name, *known, i.customer_key_fields()));
    auto answer = co_await ask(question);
    const auto same = co_await beside;
    if (!answer) {
        stats_.failed.add();
        co_return std::unexpected(answer.error());
    }
    if (answer->head().status != 304) co_return co_await relay(std::move(*answer), i, asked);
    co_await answer->discard();
    if (same && *same) {
        stats_.revalidated.add();
        co_return verdict{.version = std::move(known), .answer = std::nullopt, .asked = asked};
    }
    stats_.touched.add();
    co_await forget(i.name);
    co_return std::nullopt;
}

engine::task<result<bool>> gateway::untouched(const object_name& name, const object_version& known,
                                              std::vector<http::header> also) {
    if (!may_ask_itself(name)) co_return false;
    if (dates_mislead_) {
        const version_ptr now = co_await describe(name, std::move(also));
        co_return now != nullptr && now->same_as(known);
    }
    const std::string target = own_request(name).target;
    const auto signing = signature_fields(*own_, link_.authority, "GET", target, also, wall_now());
    if (!signing) co_return std::unexpected(signing.error());
    auto fields = views_of(*signing);
    fields.push_back({.name = "If-None-Match", .value = known.etag});
    fields.push_back({.name = "If-Unmodified-Since", .value = known.last_modified});
    if (known.size > bytes(0)) fields.push_back(one_byte);
    auto answer =
        co_await exchange::ask(link_, {.method = "GET", .target = target, .headers = fields});
    if (!answer) co_return std::unexpected(answer.error());
    const bool same = answer->head().status == 304;
    co_await answer->discard();
    co_return same;
}

gateway::word gateway::probe(const inquiry& i, std::optional<s3::byte_range> first) {
    const std::string range = first ? s3::range_header(*first) : std::string(one_byte.value);
    const http::header added{.name = one_byte.name, .value = range};
    forwarded_head question = as_it_came(i.head);
    question.without = "Range";
    question.added = {&added, 1};
    const time_point asked = engine::now();
    auto answer = co_await ask(question);
    if (!answer) {
        stats_.failed.add();
        co_return std::unexpected(answer.error());
    }
    const auto came = bytes_in(answer->head());
    const bool ours = first ? came && came->first == first->first && came->last <= first->last
                            : is_one_byte(answer->head());
    if (ours) {
        version_ptr current = co_await learn(i, answer->head(), asked);
        if (current == nullptr) {
            // What cannot be cached has to be asked for once more, as the client put it.
            probes_.note(true);
            co_await answer->discard();
            co_return std::nullopt;
        }
        stats_.learned.add();
        points_away_ = !current->direct_path.empty();
        verdict word{.version = std::move(current),
                     .answer = std::nullopt,
                     .asked = asked,
                     .learned = true,
                     .first = std::nullopt};
        if (first && answer->head().body == http::framing::length) {
            word.first.emplace(std::move(*answer), *came);
        } else {
            co_await answer->discard();
        }
        co_return word;
    }
    // 416: an empty object, or the client's own range would have been refused: not ours to tell.
    // 2xx: an origin that does not take our range must see the client's.
    const unsigned status = answer->head().status;
    if (status == 416 || (status >= 200 && status < 300)) {
        co_await answer->discard();
        co_return std::nullopt;
    }
    co_return co_await relay(std::move(*answer), i, asked);
}

engine::task<result<verdict>> gateway::forward(const inquiry& i) {
    const time_point asked = engine::now();
    auto answer = co_await ask(as_it_came(i.head));
    if (!answer) {
        stats_.failed.add();
        co_return std::unexpected(answer.error());
    }
    auto word = co_await relay(std::move(*answer), i, asked);
    if (word.version != nullptr && !word.version->laid_out) {
        word.version = co_await completed(i.name, std::move(word.version), asked);
    }
    co_return word;
}

engine::task<verdict> gateway::relay(exchange answer, const inquiry& i, time_point asked) {
    stats_.relayed.add();
    version_ptr version;
    const unsigned status = answer.head().status;
    if ((status == 200 || status == 206) && i.describes()) {
        version = co_await learn(i, answer.head(), asked);
    }
    if (status == 404) co_await forget(i.name);
    co_return verdict{.version = std::move(version), .answer = std::move(answer), .asked = asked};
}

engine::task<result<exchange>> gateway::ask(const forwarded_head& question) {
    auto answer = co_await exchange::ask(link_, question);
    const bool points = answer && data_ != nullptr && is_redirect(answer->head().status);
    if (!points) co_return answer;
    co_return co_await data_->follow(std::move(*answer), question);
}

}  // namespace lode::frontend::origin
