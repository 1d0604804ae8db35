#include "frontend/origin/gateway.h"

#include <utility>

#include "engine/base/hash.h"
#include "engine/runtime/remote.h"
#include "frontend/s3/range.h"

namespace lode::frontend::origin {
namespace {

constexpr http::header one_byte{.name = "Range", .value = "bytes=0-0"};

// True when the answer is about the one byte that we asked for, not about the client's range.
bool is_one_byte(const http::response_head& head) {
    if (head.status != 206) return false;
    const auto text = http::find_header(head.headers, "content-range");
    if (!text) return false;
    const auto range = s3::parse_content_range(*text);
    return range && range->range && range->range->last == object_offset(0);
}

forwarded_head as_it_came(const http::request_head& request) {
    return {.method = request.method, .target = request.target, .headers = request.headers};
}

}  // namespace

engine::task<result<verdict>> gateway::authorise(const http::request_head& request,
                                                 const s3::classified& what,
                                                 const object_name& name) {
    const bool range_free = !what.range_signed;
    version_ptr known = what.conditional ? nullptr : co_await find(name);
    if (known != nullptr) {
        auto word = co_await revalidate(request, name, std::move(known), range_free);
        if (!word) co_return std::unexpected(word.error());
        if (*word) co_return std::move(**word);
    }
    if (range_free) {
        auto word = co_await probe(request, name);
        if (!word) co_return std::unexpected(word.error());
        if (*word) co_return std::move(**word);
    }
    co_return co_await forward(request, name);
}

engine::task<result<std::optional<verdict>>> gateway::revalidate(const http::request_head& request,
                                                                 const object_name& name,
                                                                 version_ptr known,
                                                                 bool range_free) {
    // An empty object satisfies no range; asking for its first byte would hide that it is unchanged.
    const bool one_byte_only = range_free && known->size > bytes(0);
    const http::header added[] = {{.name = "If-None-Match", .value = known->etag},
                                  {.name = "If-Unmodified-Since", .value = known->last_modified},
                                  one_byte};
    forwarded_head question = as_it_came(request);
    question.added = std::span(added).first(one_byte_only ? 3 : 2);
    if (one_byte_only) question.without = "Range";

    auto answer = co_await exchange::ask(link_, question);
    if (!answer) {
        stats_.failed.add();
        co_return std::unexpected(answer.error());
    }
    const unsigned status = answer->head().status;
    if (status == 304) {
        stats_.revalidated.add();
        co_await answer->discard();
        co_return verdict{.version = std::move(known), .answer = std::nullopt};
    }
    if (status == 412 || (status == 416 && one_byte_only)) {
        stats_.touched.add();
        co_await forget(name);
        co_await answer->discard();
        co_return std::nullopt;
    }
    if (one_byte_only && is_one_byte(answer->head())) {
        stats_.touched.add();
        version_ptr current = co_await learn(name, answer->head());
        co_await answer->discard();
        if (current == nullptr) co_return std::nullopt;
        co_return verdict{.version = std::move(current), .answer = std::nullopt};
    }
    co_return co_await relay(std::move(*answer), name);
}

engine::task<result<std::optional<verdict>>> gateway::probe(const http::request_head& request,
                                                            const object_name& name) {
    forwarded_head question = as_it_came(request);
    question.without = "Range";
    question.added = {&one_byte, 1};
    auto answer = co_await exchange::ask(link_, question);
    if (!answer) {
        stats_.failed.add();
        co_return std::unexpected(answer.error());
    }
    if (is_one_byte(answer->head())) {
        version_ptr current = co_await learn(name, answer->head());
        co_await answer->discard();
        // What cannot be cached has to be asked for once more, as the client put it.
        if (current == nullptr) co_return std::nullopt;
        stats_.learned.add();
        co_return verdict{.version = std::move(current), .answer = std::nullopt};
    }
    // 416: an empty object, or the client's own range would have been refused: not ours to tell.
    // 2xx: an origin that does not take our range must see the client's.
    const unsigned status = answer->head().status;
    if (status == 416 || (status >= 200 && status < 300)) {
        co_await answer->discard();
        co_return std::nullopt;
    }
    co_return co_await relay(std::move(*answer), name);
}

engine::task<result<verdict>> gateway::forward(const http::request_head& request,
                                               const object_name& name) {
    auto answer = co_await exchange::ask(link_, as_it_came(request));
    if (!answer) {
        stats_.failed.add();
        co_return std::unexpected(answer.error());
    }
    co_return co_await relay(std::move(*answer), name);
}

core_id gateway::home_of(const object_name& name) const {
    std::string key;
    name.append_to(key);
    return core_id(
        static_cast<std::uint16_t>(xxh3_64(std::as_bytes(std::span(key))) % neighbours_.size()));
}

engine::task<version_ptr> gateway::find(const object_name& name) {
    if (version_ptr mine = versions_.find(name)) co_return mine;
    const core_id home = home_of(name);
    gateway* there = neighbours_[home.value()];
    if (there == this) co_return nullptr;
    version_ptr theirs =
        co_await engine::on_core(home, [&] { return there->versions_.find(name); });
    if (theirs != nullptr) versions_.remember(name, theirs);
    co_return theirs;
}

engine::task<version_ptr> gateway::learn(const object_name& name, const http::response_head& head) {
    auto described = describe_version(identity_, name, head.status, head.headers);
    if (!described) {
        co_await forget(name);
        co_return nullptr;
    }
    // A Content-Range states the size beside the length of the answer; a Content-Length alone may lie.
    if (head.status == 206) co_await remember(name, *described);
    co_return std::move(*described);
}

engine::task<void> gateway::remember(const object_name& name, version_ptr version) {
    versions_.remember(name, version);
    const core_id home = home_of(name);
    gateway* there = neighbours_[home.value()];
    if (there != this) {
        co_await engine::on_core(home, [&] { there->versions_.remember(name, version); });
    }
}

engine::task<void> gateway::forget(const object_name& name) {
    versions_.forget(name);
    const core_id home = home_of(name);
    gateway* there = neighbours_[home.value()];
    if (there != this) {
        co_await engine::on_core(home, [&] { there->versions_.forget(name); });
    }
}

engine::task<verdict> gateway::relay(exchange answer, const object_name& name) {
    stats_.relayed.add();
    version_ptr version;
    const unsigned status = answer.head().status;
    if (status == 200 || status == 206) version = co_await learn(name, answer.head());
    if (status == 404) co_await forget(name);
    co_return verdict{.version = std::move(version), .answer = std::move(answer)};
}

}  // namespace lode::frontend::origin
