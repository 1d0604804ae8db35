#include <string>
#include <vector>

#include "tests/catch.h"
#include "tools/lode-origin/checksums.h"
#include "tools/lode-origin/faults.h"
#include "tools/lode-origin/operation.h"
#include "tools/lode-origin/tally.h"
#include "tools/lode-origin/xml.h"

using namespace lode;
using namespace lode::dev_origin;
using frontend::s3::address_kind;

namespace {

std::string digest(checksum_kind kind, std::string_view text, std::size_t step) {
    checksum sum(kind);
    const auto data = std::as_bytes(std::span(text));
    for (std::size_t at = 0; at < data.size(); at += step) {
        sum.add(data.subspan(at, std::min(step, data.size() - at)));
    }
    return to_hex(sum.finish());
}

operation operation_of(std::string_view method, address_kind kind, std::string_view query = "",
                       std::vector<frontend::http::header> headers = {}) {
    const auto parsed = parse_query(query);
    REQUIRE(parsed.has_value());
    return identify({.method = method, .addresses = kind, .query = *parsed, .headers = headers});
}

result<fault_plan> plan_of(std::string_view query) {
    const auto parsed = parse_query(query);
    REQUIRE(parsed.has_value());
    return parse_fault_plan(*parsed);
}

}  // namespace

TEST_CASE("digests have their published check values, however the data is cut") {
    // The check values of the catalogue of parametrised CRC algorithms, over "123456789".
    for (const std::size_t step : {1U, 2U, 8U, 9U}) {
        CHECK(digest(checksum_kind::crc32, "123456789", step) == "cbf43926");
        CHECK(digest(checksum_kind::crc32c, "123456789", step) == "e3069283");
        CHECK(digest(checksum_kind::crc64nvme, "123456789", step) == "ae8b14860a799888");
        CHECK(digest(checksum_kind::md5, "123456789", step) == "25f9e794323b453885f5181f1b624d0b");
    }
    CHECK(digest(checksum_kind::sha1, "", 1) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(digest(checksum_kind::crc32, "", 1) == "00000000");
}

TEST_CASE("base64 and hexadecimal are read strictly") {
    CHECK(to_base64("a") == "YQ==");
    CHECK(from_base64("YQ==") == "a");
    CHECK(from_base64("YWI=") == "ab");
    CHECK(from_base64("YWJj") == "abc");
    for (const auto* wrong : {"", "YQ", "YQ=", "Y===", "YQ=a", "Y*==", "===="}) {
        INFO(wrong);
        CHECK_FALSE(from_base64(wrong).has_value());
    }
    CHECK(from_hex("00fF") == std::string("\0\xff", 2));
    CHECK_FALSE(from_hex("0").has_value());
    CHECK_FALSE(from_hex("0g").has_value());
}

TEST_CASE("a request is recognised by its method, its address and its query") {
    using enum operation;
    const auto bucket = address_kind::bucket;
    const auto object = address_kind::object;

    CHECK(operation_of("GET", address_kind::service) == list_buckets);
    CHECK(operation_of("PUT", address_kind::service) == not_implemented);
    CHECK(operation_of("GET", bucket) == list_objects);
    CHECK(operation_of("GET", bucket, "list-type=2&prefix=acl") == list_objects_v2);
    CHECK(operation_of("GET", bucket, "list-type=3") == list_objects);
    CHECK(operation_of("GET", bucket, "location") == get_bucket_location);
    CHECK(operation_of("GET", bucket, "%6Cocation=") == get_bucket_location);
    CHECK(operation_of("GET", bucket, "policy") == not_implemented);
    CHECK(operation_of("PUT", bucket) == create_bucket);
    CHECK(operation_of("PUT", bucket, "versioning") == not_implemented);
    CHECK(operation_of("POST", bucket, "delete") == delete_objects);
    CHECK(operation_of("POST", bucket) == not_implemented);
    CHECK(operation_of("GET", object) == get_object);
    CHECK(operation_of("GET", object, "x-id=GetObject&partNumber=2") == get_object);
    CHECK(operation_of("GET", object, "torrent") == not_implemented);
    CHECK(operation_of("HEAD", object) == head_object);
    CHECK(operation_of("PUT", object) == put_object);
    CHECK(operation_of("PUT", object, "acl") == not_implemented);
    CHECK(operation_of("PUT", object, "", {{"X-Amz-Copy-Source", "b/k"}}) == copy_object);
    CHECK(operation_of("PUT", object, "partNumber=1&uploadId=x") == upload_part);
    CHECK(operation_of("PUT", object, "partNumber=1&uploadId=x", {{"x-amz-copy-source", "b/k"}}) ==
          upload_part_copy);
    CHECK(operation_of("POST", object, "uploads=") == create_multipart_upload);
    CHECK(operation_of("POST", object, "uploadId=x") == complete_multipart_upload);
    CHECK(operation_of("POST", object, "select&select-type=2") == not_implemented);
    CHECK(operation_of("DELETE", object, "uploadId=x") == abort_multipart_upload);
    CHECK(operation_of("PATCH", object) == not_implemented);
    CHECK(operation_of("GET", address_kind::unaddressable) == unreadable);
}

TEST_CASE("every operation has a name of its own") {
    for (std::size_t i = 0; i < operation_count; ++i) {
        const auto op = static_cast<operation>(i);
        CHECK(operation_named(name_of(op)) == op);
    }
    CHECK_FALSE(operation_named("GetNothing").has_value());
}

TEST_CASE("queries with broken encoding or too many parameters are refused") {
    CHECK(parse_query("a=%zz").error().code == errc::invalid);
    std::string many = "a";
    for (int i = 1; i < 128; ++i) many += "&a";
    CHECK(parse_query(many).has_value());
    CHECK(parse_query(many + "&a").error().code == errc::too_large);
}

TEST_CASE("the parts of a completed upload are read as they are listed") {
    const auto parts = parse_complete_upload(
        "<CompleteMultipartUpload xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
        "<Part><ETag>&quot;x&quot;</ETag><PartNumber>1</PartNumber></Part>"
        "<Part><PartNumber>7</PartNumber><ETag>y</ETag><ChecksumCRC32>z</ChecksumCRC32></Part>"
        "</CompleteMultipartUpload>");

    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 2);
    CHECK(parts->at(0).number == 1);
    CHECK(parts->at(0).etag == "\"x\"");
    CHECK(parts->at(1).number == 7);
    CHECK(parts->at(1).etag == "y");
}

TEST_CASE("documents that are not what was asked for are refused") {
    for (const auto* wrong :
         {"", "<", "<Delete/>", "<CompleteMultipartUpload/>",
          "<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>",
          "<CompleteMultipartUpload><Part><PartNumber>-1</PartNumber><ETag>x</ETag></Part>"
          "</CompleteMultipartUpload>",
          "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part>"
          "</CompleteMultipartUpload>"}) {
        INFO(wrong);
        CHECK_FALSE(parse_complete_upload(wrong).has_value());
    }
    CHECK_FALSE(parse_delete("<Delete><Object></Object></Delete>").has_value());
    CHECK_FALSE(parse_tagging("<Tagging/>").has_value());
    CHECK(parse_delete(std::string(xml_body_length_max + 1, ' ')).error().code == errc::too_large);
}

TEST_CASE("an entity of the document's own is not expanded") {
    const auto wanted = parse_delete(
        "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
        "<Delete><Object><Key>&e;</Key></Object></Delete>");

    REQUIRE(wanted.has_value());
    CHECK(wanted->keys.front() == "&e;");
}

TEST_CASE("a delete takes a thousand keys and no more") {
    const auto document = [](int keys) {
        std::string text = "<Delete><Quiet>true</Quiet>";
        for (int i = 0; i < keys; ++i) text += "<Object><Key>k</Key></Object>";
        return text + "</Delete>";
    };

    const auto most = parse_delete(document(1000));
    REQUIRE(most.has_value());
    CHECK(most->keys.size() == 1000);
    CHECK(most->report == deletion::reporting::quiet);
    CHECK(parse_delete(document(1001)).error().code == errc::too_large);
}

TEST_CASE("a key of white space survives its document") {
    const auto wanted = parse_delete("<Delete><Object><Key>  </Key></Object></Delete>");

    REQUIRE(wanted.has_value());
    CHECK(wanted->keys.front() == "  ");
}

TEST_CASE("tags survive the way into a query and back, and have limits") {
    const std::vector<tag> tags = {{"a b", "1&2=3"}, {"ü", ""}};

    const auto back = tags_from_query(tags_to_query(tags));

    REQUIRE(back.has_value());
    REQUIRE(back->size() == 2);
    CHECK(back->at(0).key == "a b");
    CHECK(back->at(0).value == "1&2=3");
    CHECK(back->at(1).key == "ü");
    CHECK(tags_from_query("a=1&b=2&c&d&e&f&g&h&i&j").has_value());
    CHECK_FALSE(tags_from_query("a=1&b=2&c&d&e&f&g&h&i&j&k").has_value());
    CHECK(tags_from_query(std::string(128, 'k') + "=" + std::string(256, 'v')).has_value());
    CHECK_FALSE(tags_from_query(std::string(129, 'k') + "=v").has_value());
    CHECK_FALSE(tags_from_query("k=" + std::string(257, 'v')).has_value());
}

TEST_CASE("written XML closes what it opened and escapes what it says") {
    xml_writer xml("Root");
    xml.open("Inner").element("Text", "<&>").element("Number", 7U);

    const std::string text = xml.finish();

    CHECK(text.find("<Inner><Text>&lt;&amp;&gt;</Text><Number>7</Number></Inner></Root>") !=
          std::string::npos);
}

TEST_CASE("a fault happens to as many requests of its operation as were asked for") {
    auto plan = plan_of("latency_ms=5&count=2&operation=GetObject");
    REQUIRE(plan.has_value());
    fault_injector faults;
    faults.set(*plan);
    lode::random chance(1);

    CHECK_FALSE(faults.take(operation::put_object, chance).has_value());
    const auto first = faults.take(operation::get_object, chance);
    REQUIRE(first.has_value());
    CHECK(first->latency == std::chrono::milliseconds(5));
    CHECK(faults.take(operation::get_object, chance).has_value());
    CHECK_FALSE(faults.take(operation::get_object, chance).has_value());
}

TEST_CASE("a rate of errors is met on average, and nought and one are exact") {
    lode::random chance(7);
    const auto slowed = [&](std::string_view query) {
        fault_injector faults;
        faults.set(*plan_of(query));
        int count = 0;
        for (int i = 0; i < 10'000; ++i) {
            count += faults.take(operation::get_object, chance)->slow_down ? 1 : 0;
        }
        return count;
    };

    CHECK(slowed("error_rate_503=0") == 0);
    CHECK(slowed("error_rate_503=1") == 10'000);
    const int some = slowed("error_rate_503=0.25");
    CHECK(some > 2300);
    CHECK(some < 2700);
}

TEST_CASE("cleared faults no longer happen") {
    fault_injector faults;
    lode::random chance(1);
    faults.set(*plan_of("reset_before_answer=1"));
    CHECK(faults.take(operation::get_object, chance)->reset_before_answer);

    faults.clear();

    CHECK_FALSE(faults.take(operation::get_object, chance).has_value());
}

TEST_CASE("faults that cannot be meant are refused") {
    for (const auto* wrong :
         {"latency=5", "latency_ms=-1", "latency_ms=600001", "error_rate_503=1.1",
          "error_rate_503=nan", "error_rate_503=-0.1", "error_status=200", "error_status=600",
          "reset_after_bytes=x", "wrong_length=1.5", "bytes_per_second=0", "operation=Nothing",
          "count=", "wrong_etag=yes"}) {
        INFO(wrong);
        CHECK_FALSE(plan_of(wrong).has_value());
    }
    CHECK(plan_of("wrong_length=-5").has_value());
    CHECK(plan_of("latency_ms=600000&error_status=500&bytes_per_second=1").has_value());
}

TEST_CASE("counters add up over the cores and can be reset") {
    tally first;
    tally second;
    first.answered(operation::get_object, 200);
    first.answered(operation::get_object, 304);
    first.sent(operation::get_object, 10);
    second.answered(operation::get_object, 200);
    second.sent(operation::get_object, 5);
    second.received(3);
    second.began();
    const std::vector<const tally*> both = {&first, &second};

    CHECK(counters_json(both) ==
          R"({"operations":{"GetObject":{"requests":3,"by_status":{"200":2,"304":1},)"
          R"("bytes_out":15}},"bytes_in":3,"bytes_out":15,"in_flight":1})"
          "\n");
    first.reset();
    second.reset();
    second.ended();
    CHECK(counters_json(both) ==
          "{\"operations\":{},\"bytes_in\":0,\"bytes_out\":0,\"in_flight\":0}\n");
}
