#include "bench/load/uploader.h"

#include <algorithm>

#include <fmt/format.h>

#include "cluster/backoff.h"
#include "engine/runtime/scheduler.h"
#include "frontend/s3/percent.h"

namespace lode::bench {
namespace {

using engine::task;
using keep = connection::question::keep;

constexpr std::size_t answer_bin_length = std::size_t{16} << 10U;
constexpr unsigned attempts_most = 4;
constexpr unsigned connections_most = 16;

bool succeeded(const connection& by) {
    return by.answered().status >= 200 && by.answered().status < 300;
}

// What stands between <UploadId> and its end.
std::string_view upload_id_in(std::string_view text) {
    constexpr std::string_view opening = "<UploadId>";
    const auto at = text.find(opening);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + opening.size());
    return text.substr(0, text.find('<'));
}

}  // namespace

uploader::uploader(const run_plan& plan, frontend::http::dialer& dialer, run_signals& signals,
                   recorder& seen, upload_counts& counts)
    : plan_(plan),
      signals_(signals),
      seen_(seen),
      counts_(counts),
      dialer_(dialer),
      heads_(plan.options.target, plan.data, request_heads::ranges::unsigned_),
      bin_(std::make_unique<std::byte[]>(answer_bin_length)) {}

task<void> uploader::run() {
    const std::uint64_t count = std::min<std::uint64_t>(
        std::min(plan_.options.in_flight, connections_most), plan_.data.objects());
    for (std::uint64_t i = 0; i < count; ++i) {
        connections_.push_back(
            std::make_unique<connection>(dialer_, plan_.options.target.at.scheme,
                                         std::span(bin_.get(), answer_bin_length), seen_));
    }
    if (co_await make_bucket(*connections_.front())) {
        for (const auto& each : connections_) workers_.spawn(work(*each));
    }
    co_await workers_.close();
    for (const auto& each : connections_) co_await each->close();
    counts_.ended = true;
}

task<void> uploader::work(connection& by) {
    while (next_ < plan_.data.objects() && problem_.empty() && !signals_.stop) {
        if (co_await put_if_missing(by, next_++)) ++counts_.objects;
    }
}

task<bool> uploader::make_bucket(connection& by) {
    if (!co_await ask(by, {.head = {.method = "HEAD"}})) co_return false;
    if (succeeded(by)) co_return true;
    if (by.answered().status != 404) co_return refuse("looking for", std::nullopt, by);
    if (!co_await ask(by, {.head = {.method = "PUT"}})) co_return false;
    // Somebody else may have made it meanwhile.
    if (succeeded(by) || by.answered().status == 409) co_return true;
    co_return refuse("making", std::nullopt, by);
}

task<bool> uploader::put_if_missing(connection& by, std::uint64_t object) {
    if (!co_await ask(by, {.head = {.method = "HEAD", .object = object}})) co_return false;
    if (succeeded(by) && by.answered().announced == plan_.data.size_of(object)) co_return true;
    if (!succeeded(by) && by.answered().status != 404) {
        co_return refuse("looking for", object, by);
    }
    ++counts_.put;
    if (plan_.data.parts_of(object) == 1) co_return co_await put_whole(by, object);
    co_return co_await put_in_parts(by, object);
}

task<bool> uploader::put_whole(connection& by, std::uint64_t object) {
    const bytes length = plan_.data.size_of(object);
    const request r{.head = {.method = "PUT", .object = object, .length = length},
                    .upload = known_bytes{.of = plan_.data.content_of(object), .length = length}};
    if (!co_await ask(by, r)) co_return false;
    co_return succeeded(by) || refuse("putting", object, by);
}

task<bool> uploader::put_in_parts(connection& by, std::uint64_t object) {
    const request begin{.head = {.method = "POST", .object = object, .query = "uploads="},
                        .body = keep::text};
    if (!co_await ask(by, begin)) co_return false;
    std::string upload_id;
    frontend::s3::percent_encode(upload_id_in(by.answered().text), frontend::s3::slash::encode,
                                 upload_id);
    if (!succeeded(by) || upload_id.empty()) co_return refuse("beginning", object, by);

    std::string list = "<CompleteMultipartUpload>";
    for (std::uint64_t part = 0; part < plan_.data.parts_of(object); ++part) {
        if (!co_await put_part(by, object, part, upload_id, list)) co_return false;
    }
    list += "</CompleteMultipartUpload>";
    co_return co_await complete(by, object, upload_id, list);
}

task<bool> uploader::put_part(connection& by, std::uint64_t object, std::uint64_t part,
                              std::string_view upload_id, std::string& list) {
    const extent piece = plan_.data.part_of(object, part);
    const std::string query = fmt::format("partNumber={}&uploadId={}", part + 1, upload_id);
    const request r{
        .head = {.method = "PUT", .object = object, .query = query, .length = piece.length},
        .upload =
            known_bytes{
                .of = plan_.data.content_of(object), .from = piece.begin, .length = piece.length},
        .body = keep::text};
    if (!co_await ask(by, r)) co_return false;
    if (!succeeded(by)) co_return refuse("putting a part of", object, by);
    list += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", part + 1,
                        by.answered().etag);
    co_return true;
}

task<bool> uploader::complete(connection& by, std::uint64_t object, std::string_view upload_id,
                              std::string_view list) {
    const std::string query = fmt::format("uploadId={}", upload_id);
    const request r{
        .head = {.method = "POST", .object = object, .query = query, .length = bytes(list.size())},
        .text = list,
        .body = keep::text};
    if (!co_await ask(by, r)) co_return false;
    // S3 may have said 200 before it knew.
    const bool good = succeeded(by) && !by.answered().text.contains("<Error>");
    co_return good || refuse("completing", object, by);
}

task<bool> uploader::ask(connection& by, const request& r) {
    cluster::backoff pauses(std::chrono::milliseconds(50), std::chrono::seconds(1));
    std::string head;
    for (unsigned attempt = 1;; ++attempt) {
        heads_.plain(r.head, engine::scheduler::current().time().wall(), head);
        auto asked = co_await by.ask({.method = r.head.method,
                                      .head = head,
                                      .upload = r.upload,
                                      .upload_text = r.text,
                                      .compare = {},
                                      .body = r.body,
                                      .until = engine::now() + plan_.options.deadline});
        if (asked && by.answered().status < 500) co_return true;
        if (attempt == attempts_most || signals_.stop || !problem_.empty()) break;
        co_await engine::sleep_for(pauses.next(engine::scheduler::current().chance()));
    }
    co_return refuse("asking for", r.head.object, by);
}

// False, for the caller to return.
bool uploader::refuse(std::string_view what, std::optional<std::uint64_t> object,
                      const connection& answered) {
    const auto& got = answered.answered();
    if (problem_.empty()) {
        problem_ = fmt::format("{} {} at {} failed: {}.", what, name_of(object),
                               plan_.options.target.at.url(),
                               got.status == 0 ? std::string(answered.failure())
                                               : kind_of_answer(got.status, got.text));
        problem_.front() = static_cast<char>(problem_.front() - 'a' + 'A');
    }
    return false;
}

std::string uploader::name_of(std::optional<std::uint64_t> object) const {
    if (!object) return fmt::format("the bucket {}", plan_.data.bucket());
    std::string key;
    plan_.data.append_key(*object, key);
    return key;
}

}  // namespace lode::bench
