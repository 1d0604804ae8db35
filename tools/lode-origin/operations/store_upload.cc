#include "tools/lode-origin/operations/store_upload.h"

#include <utility>

#include "engine/runtime/remote.h"

namespace lode::dev_origin {

engine::task<std::expected<received_upload, refusal>> receive_upload(call& c) {
    auto body = upload_body::open(c, upload_body::length_rule::required);
    if (!body) co_return std::unexpected(body.error());
    auto writer = c.here.objects.begin();
    if (!writer) co_return storage_failure(writer.error());
    for (;;) {
        auto piece = co_await (*body)->next();
        if (!piece) co_return std::unexpected(piece.error());
        if (piece->empty()) break;
        auto written = co_await writer->append(*piece);
        if (!written) co_return storage_failure(written.error());
    }
    co_return received_upload{
        .writer = std::move(*writer), .md5 = (*body)->md5(), .checksums = (*body)->checked()};
}

outcome check_write_conditions(const call& c, const object_record* current) {
    if (current == nullptr) {
        if (c.header("if-match")) return refuse(s3::s3_error::no_such_key);
        return {};
    }
    const auto verdict = s3::evaluate(c.head.headers, validators_of(*current), s3::access::write);
    if (verdict == s3::condition_verdict::proceed) return {};
    return refuse(s3::s3_error::precondition_failed);
}

outcome check_target(const call& c) {
    if (!c.here.buckets.exists(c.where.bucket)) return refuse(s3::s3_error::no_such_bucket);
    if (!c.header("if-match") && !c.header("if-none-match")) return {};
    const auto current = c.here.objects.open(c.where.bucket, c.where.key);
    return check_write_conditions(c, current ? &current->record : nullptr);
}

engine::task<outcome> publish(call& c, object_writer& writer, const object_record& record) {
    auto finished = co_await writer.finish(record, c.here.shared.keep);
    if (!finished) co_return storage_failure(finished.error());

    outcome conditions;
    const auto holds = [&](const object_record* current) {
        conditions = check_write_conditions(c, current);
        return conditions.has_value();
    };
    const auto published = co_await engine::on_core(
        c.here.home_of(c.where.bucket, c.where.key),
        [&] { return c.here.objects.publish(c.where.bucket, c.where.key, writer, holds); });
    if (!published && published.error().code == errc::changed) co_return conditions;
    if (!published) co_return storage_failure(published.error());
    co_return outcome{};
}

}  // namespace lode::dev_origin
