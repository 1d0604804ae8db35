// DeleteObject and DeleteObjects. Deleting what is not there succeeds, as S3 has it.

#include "engine/runtime/remote.h"
#include "tools/lode-origin/operations/store_upload.h"
#include "tools/lode-origin/xml.h"

namespace lode::dev_origin {
namespace {

engine::task<outcome> remove_key(call& c, const std::string& key) {
    outcome conditions;
    const auto holds = [&](const object_record* current) {
        if (!c.header("if-match") || current == nullptr) return true;
        conditions = check_write_conditions(c, current);
        return conditions.has_value();
    };
    const auto removed = co_await engine::on_core(c.here.home_of(c.where.bucket, key), [&] {
        return c.here.objects.remove(c.where.bucket, key, holds);
    });
    if (removed || removed.error().code == errc::not_found) co_return outcome{};
    if (removed.error().code == errc::changed) co_return conditions;
    co_return storage_failure(removed.error());
}

}  // namespace

engine::task<outcome> delete_object(call& c) {
    if (auto removed = co_await remove_key(c, c.where.key); !removed) co_return removed;
    co_await c.answer.answer(204, {});
    co_return outcome{};
}

engine::task<outcome> delete_objects(call& c) {
    if (c.who == nullptr) co_return refuse(s3::s3_error::access_denied);
    if (!c.here.buckets.exists(c.where.bucket)) co_return refuse(s3::s3_error::no_such_bucket);
    auto body = co_await read_small_body(c);
    if (!body) co_return std::unexpected(body.error());
    const auto wanted = parse_delete(*body);
    if (!wanted) co_return refuse(s3::s3_error::malformed_xml);

    xml_writer xml("DeleteResult");
    for (const std::string& key : wanted->keys) {
        outcome removed;
        if (key.size() > s3::key_length_max) {
            removed = refuse(s3::s3_error::key_too_long);
        } else if (c.here.shared.use == directory_use::reader ||
                   !c.may(action::write, c.where.bucket, key)) {
            removed = refuse(s3::s3_error::access_denied);
        } else {
            removed = co_await remove_key(c, key);
        }
        if (!removed) {
            xml.open("Error").element("Key", key);
            xml.element("Code", removed.error().code);
            xml.element("Message", removed.error().message).close();
        } else if (wanted->report == deletion::reporting::verbose) {
            xml.open("Deleted").element("Key", key).close();
        }
    }
    co_await c.answer.answer_xml(200, xml.finish());
    co_return outcome{};
}

}  // namespace lode::dev_origin
