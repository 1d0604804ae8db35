#include "tests/sim/origin_history.h"

#include <algorithm>

#include <fmt/format.h>

namespace lode::frontend {
namespace {

struct right_answer {
    unsigned status = 200;
    std::string_view body;
    std::string content_range;
};

right_answer answer_of(const stored_object& object, const wanted_range& range) {
    const std::string_view body = object.body;
    if (!range) return {.status = 200, .body = body};
    const auto [first, last] = *range;
    if (first >= body.size()) return {.status = 416, .body = {}};
    const std::size_t end = std::min(last + 1, body.size());
    return {.status = 206,
            .body = body.substr(first, end - first),
            .content_range = fmt::format("bytes {}-{}/{}", first, end - 1, body.size())};
}

std::string_view body_in(std::string_view answer) {
    const auto end = answer.find("\r\n\r\n");
    return end == std::string_view::npos ? std::string_view() : answer.substr(end + 4);
}

bool matches(const stored_object& object, const wanted_range& range, std::string_view answer) {
    const right_answer right = answer_of(object, range);
    if (status_of(answer) != right.status) return false;
    if (right.status == 416) return true;
    return header_of(answer, "ETag") == object.etag && body_in(answer) == right.body &&
           header_of(answer, "Content-Range") == right.content_range;
}

bool begins(const stored_object& object, const wanted_range& range, std::string_view answer) {
    const right_answer right = answer_of(object, range);
    if (status_of(answer) != right.status) return false;
    return right.status == 416 || right.body.starts_with(body_in(answer));
}

}  // namespace

void origin_history::put(small_origin& origin, const std::string& target, stored_object object,
                         time_point now) {
    std::vector<version>& all = versions_[target];
    if (!all.empty()) all.back().to = now;
    all.push_back({.object = object, .from = now});
    origin.objects[target] = std::move(object);
}

bool origin_history::changed(const std::string& target, time_point begin, time_point end) const {
    return std::ranges::any_of(versions_.at(target),
                               [&](const version& v) { return begin <= v.from && v.from <= end; });
}

std::string origin_history::judge(const std::string& target, const wanted_range& range,
                                  std::string_view answer, time_point begin, time_point end) const {
    bool was_right = false;
    for (const version& v : versions_.at(target)) {
        if (!matches(v.object, range, answer)) continue;
        if (v.from <= end && begin <= v.to) return {};
        was_right = true;
    }
    if (was_right) return fmt::format("{} was answered with a version of another time", target);
    return fmt::format("{} was answered {} with the wrong {} bytes, ETag {}, X-Cache {}", target,
                       status_of(answer), body_in(answer).size(), header_of(answer, "ETag"),
                       header_of(answer, "X-Cache"));
}

bool origin_history::is_beginning(const std::string& target, const wanted_range& range,
                                  std::string_view answer, time_point begin, time_point end) const {
    if (answer.find("\r\n\r\n") == std::string_view::npos) return true;
    return std::ranges::any_of(versions_.at(target), [&](const version& v) {
        return v.from <= end && begin <= v.to && begins(v.object, range, answer);
    });
}

bool is_complete(std::string_view answer) {
    if (answer.find("\r\n\r\n") == std::string_view::npos) return false;
    const std::string length = header_of(answer, "Content-Length");
    return !length.empty() && std::to_string(body_in(answer).size()) == length;
}

}  // namespace lode::frontend
