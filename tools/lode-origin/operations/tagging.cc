// Tags of objects. They change neither the ETag nor Last-Modified, so they live beside the object.

#include "engine/runtime/remote.h"
#include "tools/lode-origin/call.h"
#include "tools/lode-origin/xml.h"

namespace lode::dev_origin {
namespace {

engine::task<outcome> replace_tags(call& c, std::string tags) {
    const auto replaced =
        co_await engine::on_core(c.here.home_of(c.where.bucket, c.where.key), [&]() -> result<> {
            auto opened = c.here.objects.open(c.where.bucket, c.where.key);
            if (!opened) return std::unexpected(opened.error());
            return c.here.objects.set_tags(c.where.bucket, opened->record, tags);
        });
    if (!replaced && replaced.error().code == errc::not_found) {
        co_return missing_object(c, c.where.bucket);
    }
    if (!replaced) co_return storage_failure(replaced.error());
    co_return outcome{};
}

}  // namespace

engine::task<outcome> get_object_tagging(call& c) {
    const auto opened = c.here.objects.open(c.where.bucket, c.where.key);
    if (!opened && opened.error().code == errc::not_found) {
        co_return missing_object(c, c.where.bucket);
    }
    if (!opened) co_return storage_failure(opened.error());
    const auto text = c.here.objects.tags(c.where.bucket, opened->record);
    if (!text) co_return storage_failure(text.error());
    const auto tags = tags_from_query(*text);
    if (!tags) co_return storage_failure(tags.error());

    xml_writer xml("Tagging");
    xml.open("TagSet");
    for (const tag& t : *tags) {
        xml.open("Tag").element("Key", t.key).element("Value", t.value).close();
    }
    co_await c.answer.answer_xml(200, xml.finish());
    co_return outcome{};
}

engine::task<outcome> put_object_tagging(call& c) {
    auto body = co_await read_small_body(c);
    if (!body) co_return std::unexpected(body.error());
    const auto tags = parse_tagging(*body);
    if (!tags && tags.error().code == errc::too_large) {
        co_return refuse(400U, "BadRequest", "Object tags cannot be greater than 10");
    }
    if (!tags) co_return refuse(s3::s3_error::malformed_xml);
    auto replaced = co_await replace_tags(c, tags_to_query(*tags));
    if (!replaced) co_return replaced;
    co_await c.answer.answer(200, {});
    co_return outcome{};
}

engine::task<outcome> delete_object_tagging(call& c) {
    auto replaced = co_await replace_tags(c, "");
    if (!replaced) co_return replaced;
    co_await c.answer.answer(204, {});
    co_return outcome{};
}

}  // namespace lode::dev_origin
