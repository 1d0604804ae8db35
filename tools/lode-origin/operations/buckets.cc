// Operations on buckets as a whole, and on nothing at all: the list of buckets.

#include <cerrno>

#include "tools/lode-origin/call.h"
#include "tools/lode-origin/xml.h"

namespace lode::dev_origin {

engine::task<outcome> list_buckets(call& c) {
    if (c.who == nullptr) co_return refuse(s3::s3_error::access_denied);
    const auto buckets = c.here.buckets.all();
    if (!buckets) co_return storage_failure(buckets.error());

    xml_writer xml("ListAllMyBucketsResult");
    xml.open("Owner").element("ID", c.who->name).element("DisplayName", c.who->name).close();
    xml.open("Buckets");
    for (const bucket_record& bucket : *buckets) {
        if (!c.who->sees(bucket.name)) continue;
        xml.open("Bucket").element("Name", bucket.name);
        xml.element("CreationDate", iso_date(bucket.created)).close();
    }
    co_await c.answer.answer_xml(200, xml.finish());
    co_return outcome{};
}

engine::task<outcome> create_bucket(call& c) {
    // A location constraint is read and not looked at: there is one region.
    auto body = co_await read_small_body(c);
    if (!body) co_return std::unexpected(body.error());
    const auto created = c.here.buckets.create(
        {.name = c.where.bucket, .owner = c.owner_name(), .created = wall_seconds()});
    if (!created && created.error().code == errc::invalid) {
        co_return refuse(s3::s3_error::invalid_bucket_name);
    }
    if (!created && (created.error().sys == EEXIST || created.error().sys == ENOTEMPTY)) {
        co_return refuse(s3::s3_error::bucket_already_owned_by_you);
    }
    if (!created) co_return storage_failure(created.error());

    header_list headers;
    headers.push_back({"Location", "/" + c.where.bucket});
    co_await c.answer.answer(200, std::move(headers));
    co_return outcome{};
}

engine::task<outcome> delete_bucket(call& c) {
    const auto removed = c.here.buckets.remove(c.where.bucket);
    if (!removed && (removed.error().sys == ENOTEMPTY || removed.error().sys == EEXIST)) {
        co_return refuse(s3::s3_error::bucket_not_empty);
    }
    if (!removed) co_return storage_failure(removed.error(), s3::s3_error::no_such_bucket);
    co_await c.answer.answer(204, {});
    co_return outcome{};
}

engine::task<outcome> head_bucket(call& c) {
    if (!c.here.buckets.exists(c.where.bucket)) co_return refuse(s3::s3_error::no_such_bucket);
    header_list headers;
    headers.push_back({"Content-Type", "application/xml"});
    headers.push_back({"x-amz-bucket-region", c.here.shared.region});
    co_await c.answer.answer(200, std::move(headers));
    co_return outcome{};
}

engine::task<outcome> get_bucket_location(call& c) {
    if (!c.here.buckets.exists(c.where.bucket)) co_return refuse(s3::s3_error::no_such_bucket);
    // S3 has always answered with an empty constraint for its first region.
    const std::string_view region = c.here.shared.region;
    std::string body =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    if (region != "us-east-1") s3::append_xml_escaped(region, body);
    body += "</LocationConstraint>";
    co_await c.answer.answer_xml(200, body);
    co_return outcome{};
}

engine::task<outcome> get_bucket_versioning(call& c) {
    if (!c.here.buckets.exists(c.where.bucket)) co_return refuse(s3::s3_error::no_such_bucket);
    co_await c.answer.answer_xml(200, xml_writer("VersioningConfiguration").finish());
    co_return outcome{};
}

engine::task<outcome> get_acl(call& c) {
    const auto bucket = c.here.buckets.find(c.where.bucket);
    if (!bucket) co_return storage_failure(bucket.error(), s3::s3_error::no_such_bucket);
    std::string owner = bucket->owner;
    if (c.what == operation::get_object_acl) {
        auto opened = c.here.objects.open(c.where.bucket, c.where.key);
        if (!opened) co_return storage_failure(opened.error(), s3::s3_error::no_such_key);
        owner = opened->record.owner;
    }
    // The schema's own attribute cannot be left out: clients parse the grantee's type from it.
    std::string body =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>";
    s3::append_xml_escaped(owner, body);
    body +=
        "</ID></Owner><AccessControlList><Grant>"
        "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
        "xsi:type=\"CanonicalUser\"><ID>";
    s3::append_xml_escaped(owner, body);
    body +=
        "</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>"
        "</AccessControlList></AccessControlPolicy>";
    co_await c.answer.answer_xml(200, body);
    co_return outcome{};
}

}  // namespace lode::dev_origin
