#include "tests/frontend/small_origin.h"

#include <charconv>

#include "engine/base/random.h"
#include "frontend/http/message_reader.h"
#include "frontend/s3/conditionals.h"
#include "frontend/s3/query.h"
#include "frontend/s3/range.h"

namespace lode::frontend {
namespace {

using engine::simulated_stream;
using engine::task;

std::string answer_head(unsigned status, const stored_object* object, std::size_t length,
                        std::string_view extra = {}) {
    std::string head = "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n";
    if (object != nullptr && status != 304) {
        head += "ETag: " + object->etag + "\r\nLast-Modified: " + object->modified + "\r\n" +
                object->metadata;
    }
    head += extra;
    if (status != 304) head += "Content-Length: " + std::to_string(length) + "\r\n";
    return head + "x-amz-request-id: origin\r\n\r\n";
}

}  // namespace

std::string origin_request::header(std::string_view name) const {
    for (const auto& [n, v] : headers) {
        if (http::equal_ignoring_case(n, name)) return v;
    }
    return {};
}

// Dials by making a pair of streams and letting the origin serve the other end.
class small_origin::dialer final : public http::dialer {
  public:
    dialer(small_origin& origin, std::string place) : origin_(origin), place_(std::move(place)) {}

    task<result<http::dialed>> dial(time_point) override {
        origin_.dialled.push_back(place_);
        if (!origin_.reachable || origin_.unreachable.contains(place_)) {
            co_return fail(errc::unavailable);
        }
        auto [ours, theirs] = simulated_stream::make_pair(origin_.wire);
        origin_.connections_.spawn(serve(origin_, place_, std::move(theirs)));
        co_return http::dialed{.stream = std::move(ours), .fd = -1};
    }

  private:
    static task<void> serve(small_origin& origin, std::string place,
                            std::unique_ptr<engine::stream> stream) {
        http::message_reader reader(*stream, {});
        for (;;) {
            auto head = co_await reader.read_request();
            if (!head) break;
            origin_request request{.place = place,
                                   .method = std::string(head->method),
                                   .target = std::string(head->target)};
            for (const auto& h : head->headers) {
                request.headers.emplace_back(std::string(h.name), std::string(h.value));
            }
            const bool at_once = head->expect_continue && !origin.invites;
            if (head->expect_continue && origin.invites) {
                constexpr std::string_view go = "HTTP/1.1 100 Continue\r\n\r\n";
                if (!co_await engine::send_all(*stream, std::as_bytes(std::span(go)))) break;
            }
            std::byte buffer[4096];
            while (!at_once) {
                auto got = co_await reader.read_body(buffer);
                if (!got || *got == 0) break;
                request.body.append(reinterpret_cast<const char*>(buffer), *got);
            }
            if (!at_once && !reader.body_complete()) break;
            duration thinks = origin.thinks;
            if (request.is_fetch()) thinks += origin.fetch_thinks;
            if (thinks > duration::zero()) co_await engine::sleep_for(thinks);
            bool keep = true;
            const std::string answer = origin.answer_of(request, head->headers, keep);
            origin.asked.push_back(std::move(request));
            if (!co_await engine::send_all(*stream, std::as_bytes(std::span(answer)))) break;
            if (!keep) break;
        }
        co_await stream->close();
    }

    small_origin& origin_;
    std::string place_;
};

std::unique_ptr<http::dialer> small_origin::way_to(std::string place) {
    return std::make_unique<dialer>(*this, std::move(place));
}

std::size_t small_origin::body_bytes() const {
    std::size_t sum = 0;
    for (const origin_request& r : asked) sum += r.body_out;
    return sum;
}

std::size_t small_origin::fetched_bytes() const {
    std::size_t sent = 0;
    for (const auto& question : asked) {
        if (question.is_fetch()) sent += question.body_out;
    }
    return sent;
}

task<void> small_origin::end() { co_await connections_.close(); }

std::string small_origin::answer_of(origin_request& request, std::span<const http::header> headers,
                                    bool& keep) {
    if (instead) {
        if (auto raw = instead(request)) {
            request.status = lode::frontend::status_of(*raw);
            keep = false;
            return *raw;
        }
    }
    if (request.method == "PUT") {
        objects[request.target] = {.body = request.body, .etag = "\"put\""};
        request.status = 200;
        return answer_head(200, nullptr, 0);
    }
    const auto [path, query] = s3::split(request.target);
    auto found = objects.find(request.target);
    if (found == objects.end()) found = objects.find(std::string(path));
    if (found == objects.end()) {
        request.status = 404;
        return answer_head(404, nullptr, 9) + (request.method == "HEAD" ? "" : "not there");
    }
    const stored_object& object = found->second;
    const auto verdict = s3::evaluate(
        headers,
        s3::validators{.etag = object.etag, .last_modified = s3::parse_http_date(object.modified)},
        s3::access::read);
    const bool too_early =
        keeps_fractions && request.header("if-unmodified-since") == object.modified;
    if (too_early) {
        request.status = 412;
        return answer_head(412, &object, 0);
    }
    if (verdict != s3::condition_verdict::proceed) {
        request.status = verdict == s3::condition_verdict::not_modified ? 304 : 412;
        return answer_head(request.status, &object, 0);
    }
    const std::string key = request.header("x-amz-server-side-encryption-customer-key-MD5");
    if (key != object.customer_key_md5) {
        request.status = key.empty() || object.customer_key_md5.empty() ? 400 : 403;
        return answer_head(request.status, nullptr, 7) +
               (request.method == "HEAD" ? "" : "refused");
    }
    std::string_view body = object.body;
    std::string extra;
    request.status = 200;
    if (auto number = s3::find_parameter(query, "partNumber");
        number && *number && !object.parts.empty()) {
        const std::size_t n = std::stoul(**number);
        if (n > object.parts.size()) {
            request.status = 416;
            return answer_head(416, nullptr, 0);
        }
        std::size_t first = 0;
        for (std::size_t i = 0; i + 1 < n; ++i) first += object.parts[i];
        const s3::byte_range part{.first = object_offset(first),
                                  .last = object_offset(first + object.parts[n - 1] - 1)};
        extra = "Content-Range: " + s3::content_range(part, bytes(body.size())) +
                "\r\nx-amz-mp-parts-count: " + std::to_string(object.parts.size()) + "\r\n";
        body = body.substr(first, object.parts[n - 1]);
        request.status = 206;
    }
    if (auto type = s3::find_parameter(query, "response-content-type"); type && *type) {
        extra += "Content-Type: " + **type + "\r\n";
    }
    if (const std::string range = request.header("range"); !range.empty()) {
        const auto resolved = s3::resolve(s3::parse_range(range), bytes(body.size()));
        if (resolved.outcome == s3::range_outcome::unsatisfiable) {
            request.status = 416;
            return answer_head(416, nullptr, 0);
        }
        if (resolved.outcome == s3::range_outcome::part) {
            extra =
                "Content-Range: " + s3::content_range(resolved.range, bytes(body.size())) + "\r\n";
            body = body.substr(resolved.range.first.value(), resolved.range.length().count());
            request.status = 206;
        }
    }
    if (request.status == 200 && !request.header("x-amz-checksum-mode").empty()) {
        extra += object.checksum;
    }
    std::string answer = answer_head(request.status, &object, body.size(), extra);
    if (request.method == "HEAD") return answer;
    if (break_body_after && body.size() > *break_body_after) {
        body = body.substr(0, *break_body_after);
        keep = false;
    }
    request.body_out = body.size();
    return answer.append(body);
}

std::string request_text(std::string_view method, std::string_view target, std::string_view lines) {
    return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
           std::string(lines) + "\r\n";
}

unsigned status_of(std::string_view answer) {
    unsigned status = 0;
    if (answer.size() >= 12) std::from_chars(answer.data() + 9, answer.data() + 12, status);
    return status;
}

std::string header_of(std::string_view answer, std::string_view name) {
    const std::string_view head = answer.substr(0, answer.find("\r\n\r\n"));
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
        const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        const auto colon = line.find(": ");
        if (colon != std::string_view::npos &&
            http::equal_ignoring_case(line.substr(0, colon), name)) {
            return std::string(line.substr(colon + 2));
        }
    }
    return {};
}

std::string body_of(std::string_view answer) {
    const auto end = answer.find("\r\n\r\n");
    return end == std::string_view::npos ? std::string() : std::string(answer.substr(end + 4));
}

std::string content(std::size_t length, std::uint64_t seed) {
    lode::random chance(seed);
    std::string made(length, '\0');
    for (char& c : made) c = static_cast<char>('a' + chance.below(26));
    return made;
}

}  // namespace lode::frontend
