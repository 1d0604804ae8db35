// Addressing and classification.
#include "frontend/s3/request_class.h"

#include <string>
#include <vector>

#include "frontend/s3/address.h"
#include "tests/catch.h"

namespace lode::frontend::s3 {
namespace {

using http::header;
using namespace std::string_literals;

const std::vector<std::string> domains = {"lode.internal", "Internal"};

address resolved(std::string_view host, std::string_view raw_path) {
    address out;
    resolve_address(host, domains, raw_path, out);
    return out;
}

// "bucket|key", or what kind of address it is when it names no object.
std::string named(std::string_view host, std::string_view raw_path) {
    const address a = resolved(host, raw_path);
    switch (a.kind) {
        case address_kind::service: return "service";
        case address_kind::bucket: return "bucket " + a.bucket;
        case address_kind::object: return a.bucket + "|" + a.key;
        case address_kind::unaddressable: return "unaddressable";
    }
    return {};
}

std::string by_path(std::string_view raw_path) { return named("10.0.0.1:9000", raw_path); }

classified of(std::string_view method, std::string_view target, std::vector<header> headers = {}) {
    headers.push_back({"Host", "10.0.0.1:9000"});
    classified out;
    classify({.method = method, .target = target, .headers = headers}, domains, out);
    return out;
}

operation get(std::string_view target) { return of("GET", target).op; }

constexpr std::string_view v4 =
    "AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/s3/aws4_request, ";

std::string authorization(std::string_view signed_headers) {
    return std::string(v4) + "SignedHeaders=" + std::string(signed_headers) + ", Signature=00";
}

}  // namespace

TEST_CASE("a path names the bucket, then the key") {
    CHECK(by_path("/") == "service");
    CHECK(by_path("/bucket") == "bucket bucket");
    CHECK(by_path("/bucket/") == "bucket bucket");
    CHECK(by_path("/bucket/key") == "bucket|key");
    CHECK(by_path("/bucket/a/b/c") == "bucket|a/b/c");
}

TEST_CASE("every byte of a key counts") {
    CHECK(by_path("/bucket//") == "bucket|/");
    CHECK(by_path("/bucket//key") == "bucket|/key");
    CHECK(by_path("/bucket/a//b/./../c/") == "bucket|a//b/./../c/");
    CHECK(by_path("/bucket/..") == "bucket|..");
    CHECK(by_path("/bucket/a+b") == "bucket|a+b");
    CHECK(by_path("/bucket/a%2Bb%20c") == "bucket|a+b c");
    CHECK(by_path("/bucket/%FF%01") == "bucket|\xff\x01");
    CHECK(by_path("/bucket/\xc3\xa4") == "bucket|\xc3\xa4");
}

TEST_CASE("spellings of the same bytes name the same object") {
    CHECK(by_path("/%62ucket/%6B%65y") == "bucket|key");
    CHECK(by_path("/bucket/a%2Fb") == "bucket|a/b");
    CHECK(by_path("/bucket%2Fkey") == "bucket|key");
    CHECK(by_path("/bucket%2fkey%2f") == "bucket|key/");
}

TEST_CASE("a host below a domain names the bucket") {
    for (const auto* host :
         {"bucket.lode.internal", "bucket.lode.internal:9000", "BUCKET.Lode.Internal:9000",
          "bucket.lode.internal.", "bucket.lode.internal.:9000", " bucket.lode.internal "}) {
        INFO(host);
        CHECK(named(host, "/a/b") == "bucket|a/b");
        CHECK(resolved(host, "/a/b").style == addressing_style::virtual_hosted);
    }
    CHECK(named("bucket.lode.internal", "/") == "bucket bucket");
    CHECK(named("bucket.lode.internal", "//") == "bucket|/");
    CHECK(named("my.dotted.bucket.lode.internal", "/k") == "my.dotted.bucket|k");
}

TEST_CASE("the longest domain decides which part of the host is the bucket") {
    CHECK(named("lode.internal", "/bucket/k") == "bucket|k");
    CHECK(named("abc.lode.internal", "/k") == "abc|k");
    CHECK(named("abc.other.internal", "/k") == "abc.other|k");
    CHECK(named("internal", "/bucket/k") == "bucket|k");
}

TEST_CASE("any other host means path style") {
    for (const auto* host :
         {"", "10.0.0.1", "10.0.0.1:9000", "[::1]", "[fe80::1]:9000", "::1", "localhost:9000",
          "example.com", "notlode.internal2", "xlode-internal", "lode.internal:80"}) {
        INFO(host);
        CHECK(named(host, "/bucket/k") == "bucket|k");
        CHECK(resolved(host, "/bucket/k").style == addressing_style::path);
    }
}

TEST_CASE("an empty bucket in the host cannot be addressed") {
    CHECK(named(".lode.internal", "/k") == "unaddressable");
    CHECK(named("ab.lode.internal", "/k") == "unaddressable");
}

TEST_CASE("ports and trailing dots are taken off a host, brackets are not") {
    CHECK(host_without_port("a.b:80") == "a.b");
    CHECK(host_without_port("a.b.") == "a.b");
    CHECK(host_without_port("[::1]:80") == "[::1]");
    CHECK(host_without_port("[::1]") == "[::1]");
    CHECK(host_without_port("[::1") == "[::1");
    CHECK(host_without_port("::1") == "::1");
    CHECK(host_without_port("").empty());
    CHECK(host_without_port("[") == "[");
}

TEST_CASE("a key of 1024 bytes is the longest, however it is spelt") {
    const std::string longest(1024, 'k');
    std::string longest_encoded;
    for (int i = 0; i < 1024; ++i) longest_encoded += "%6B";

    CHECK(by_path("/bucket/" + longest.substr(1)) == "bucket|" + longest.substr(1));
    CHECK(by_path("/bucket/" + longest) == "bucket|" + longest);
    CHECK(by_path("/bucket/" + longest_encoded) == "bucket|" + longest);
    CHECK(by_path("/bucket/" + longest + "k") == "unaddressable");
    CHECK(by_path("/bucket/" + longest_encoded + "%6B") == "unaddressable");
    CHECK(named("bucket.lode.internal", "/" + longest) == "bucket|" + longest);
    CHECK(named("bucket.lode.internal", "/" + longest + "k") == "unaddressable");
}

TEST_CASE("a bucket has 3 to 63 bytes") {
    CHECK(by_path("/ab/k") == "unaddressable");
    CHECK(by_path("/abc/k") == "abc|k");
    CHECK(by_path("/" + std::string(63, 'b') + "/k") == std::string(63, 'b') + "|k");
    CHECK(by_path("/" + std::string(64, 'b') + "/k") == "unaddressable");
    CHECK(by_path("//key") == "unaddressable");
    CHECK(by_path("/ab") == "unaddressable");
}

TEST_CASE("what cannot be decoded or written cannot be addressed, and names nothing") {
    for (const auto* path :
         {"/bucket/%", "/bucket/%zz", "/bucket/a%0", "/bucket/a%00b", "/bu%00cket/k", "bucket/key",
          "", "*", "http://host/bucket/key", "/bucket/a b", "/bucket/a#b", "/bucket/a\x01"}) {
        INFO(path);
        const address a = resolved("10.0.0.1", path);
        CHECK(a.kind == address_kind::unaddressable);
        CHECK(a.bucket.empty());
        CHECK(a.key.empty());
    }
}

TEST_CASE("an address is used again without a trace of the one before") {
    address a;
    resolve_address("bucket.lode.internal", domains, "/key", a);
    resolve_address("10.0.0.1", domains, "/other", a);

    CHECK(a.kind == address_kind::bucket);
    CHECK(a.style == addressing_style::path);
    CHECK(a.bucket == "other");
    CHECK(a.key.empty());
}

TEST_CASE("a plain GET of a key may be accelerated") {
    CHECK(get("/bucket/key") == operation::get_object);
    CHECK(get("/bucket/key?") == operation::get_object);
    CHECK(get("/bucket/key?&") == operation::get_object);
    CHECK(get("/bucket/key?x-id=GetObject") == operation::get_object);
    CHECK(get("/bucket/key?versionId=v1") == operation::get_object);
    CHECK(get("/bucket") == operation::bucket);
    CHECK(get("/bucket?list-type=2") == operation::bucket);
    CHECK(get("/") == operation::service);
    CHECK(get("/bucket/%zz") == operation::unknown);
    CHECK(get("*") == operation::unknown);
}

TEST_CASE("presigned parameters do not stand in the way") {
    CHECK(
        get("/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20130524%2Fr%2Fs3"
            "%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
            "&X-Amz-Security-Token=t&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Signature=0") ==
        operation::get_object);
    CHECK(get("/bucket/key?AWSAccessKeyId=AK&Signature=s%3D&Expires=1") == operation::get_object);
}

TEST_CASE("any other parameter sends a GET to the origin") {
    for (const auto* query : {"acl",
                              "acl=",
                              "tagging",
                              "attributes",
                              "torrent",
                              "uploadId=1",
                              "partNumber=0",
                              "partNumber=10001",
                              "partNumber=1x",
                              "partNumber=",
                              "partNumber=1&partNumber=2",
                              "response-content-type=",
                              "response-content-type=a%0d%0ab",
                              "response-content-type=a&response-content-type=b",
                              "response-x-amz-meta-a=b",
                              "select",
                              "retention",
                              "legal-hold",
                              "something-new",
                              "=",
                              "=x",
                              "X-Amz-Unheard-Of=1",
                              "x-amz-signature=0",
                              "VERSIONID=1",
                              "x-id=GetObject&acl",
                              "versionId=v1&tagging",
                              "%",
                              "%zz",
                              "a%00b=1",
                              "acl;x-id=1"}) {
        INFO(query);
        CHECK(get("/bucket/key?"s + query) == operation::other_object);
    }
}

TEST_CASE("parameter names are decoded before they are compared") {
    CHECK(get("/bucket/key?%61cl") == operation::other_object);
    CHECK(get("/bucket/key?x%2Did=GetObject") == operation::get_object);
    CHECK(of("GET", "/bucket/key?version%49d=v1").version_id == "v1");
}

TEST_CASE("one readable version id is taken, anything else is left to the origin") {
    CHECK(of("GET", "/bucket/key?versionId=a%2Bb").version_id == "a+b");
    CHECK(of("GET", "/bucket/key").version_id.empty());
    CHECK(get("/bucket/key?versionId") == operation::other_object);
    CHECK(get("/bucket/key?versionId=") == operation::other_object);
    CHECK(get("/bucket/key?versionId=%zz") == operation::other_object);
    CHECK(get("/bucket/key?versionId=a&versionId=b") == operation::other_object);
    CHECK(get("/bucket/key?versionId=" + std::string(1024, 'v')) == operation::get_object);
    CHECK(get("/bucket/key?versionId=" + std::string(1025, 'v')) == operation::other_object);
}

TEST_CASE("a part's number is read where it can be one") {
    CHECK(get("/bucket/key?partNumber=1") == operation::get_object);
    CHECK(of("GET", "/bucket/key?partNumber=1").part_number == 1);
    CHECK(of("GET", "/bucket/key?part%4eumber=10000").part_number == 10000);
    CHECK(!of("GET", "/bucket/key").part_number);
    const auto upload = of("PUT", "/bucket/key?partNumber=7&uploadId=a%2Fb");
    CHECK(upload.part_number == 7);
    CHECK(upload.upload_id == "a/b");
}

TEST_CASE("headers that the client wants replaced are taken with their values decoded") {
    const auto what = of("GET",
                         "/bucket/key?response-content-type=text%2Fplain&"
                         "response-content-disposition=attachment%3B+filename%3D%22a%22");
    CHECK(what.op == operation::get_object);
    REQUIRE(what.overrides.size() == 2);
    CHECK(what.overrides[0].name == "Content-Type");
    CHECK(what.overrides[0].value == "text/plain");
    CHECK(what.overrides[1].name == "Content-Disposition");
    CHECK(what.overrides[1].value == "attachment; filename=\"a\"");
}

TEST_CASE("one If-Match and nothing else is a condition that can be worked with") {
    CHECK(of("GET", "/b/k", {{"If-Match", "\"x\""}}).only_if_match);
    CHECK(!of("GET", "/b/k").only_if_match);
    CHECK(!of("GET", "/b/k", {{"If-Match", "\"x\""}, {"If-Match", "\"y\""}}).only_if_match);
    CHECK(!of("GET", "/b/k", {{"If-Match", "\"x\""}, {"If-Range", "\"x\""}}).only_if_match);
    const auto signing = [](std::string_view list) { return http::header{"Authorization", list}; };
    CHECK(of("GET", "/b/k",
             {{"If-Match", "\"x\""}, signing("AWS4-HMAC-SHA256 SignedHeaders=host;if-match")})
              .only_if_match);
    // A condition that is signed and absent must stay absent.
    CHECK(!of("GET", "/b/k",
              {{"If-Match", "\"x\""},
               signing("AWS4-HMAC-SHA256 SignedHeaders=host;if-match;if-none-match")})
               .only_if_match);
    CHECK(of("GET", "/b/k?X-Amz-SignedHeaders=host%3Bif-none-match").conditional);
}

TEST_CASE("the other methods are told apart") {
    CHECK(of("HEAD", "/bucket/key").op == operation::head_object);
    CHECK(of("HEAD", "/bucket/key?partNumber=1").op == operation::head_object);
    CHECK(of("PUT", "/bucket/key?partNumber=1").op == operation::other_object);
    CHECK(of("DELETE", "/bucket/key?response-expires=0").op == operation::other_object);
    CHECK(of("PUT", "/bucket/key").op == operation::put_object);
    CHECK(of("PUT", "/bucket/key?x-id=PutObject").op == operation::put_object);
    CHECK(of("PUT", "/bucket/key?partNumber=1&uploadId=u").op == operation::other_object);
    CHECK(of("PUT", "/bucket/key", {{"X-Amz-Copy-Source", "/b/k"}}).op == operation::other_object);
    CHECK(of("PUT", "/bucket/key?versionId=1").op == operation::other_object);
    CHECK(of("DELETE", "/bucket/key").op == operation::delete_object);
    CHECK(of("DELETE", "/bucket/key?versionId=1").op == operation::delete_object);
    CHECK(of("DELETE", "/bucket/key?uploadId=u").op == operation::other_object);
    CHECK(of("POST", "/bucket/key?uploads").op == operation::other_object);
    CHECK(of("POST", "/bucket").op == operation::bucket);
    CHECK(of("OPTIONS", "/bucket/key").op == operation::other_object);
    CHECK(of("PATCH", "/bucket/key").op == operation::unknown);
    CHECK(of("get", "/bucket/key").op == operation::unknown);
}

TEST_CASE("the kind of authentication is recognised") {
    CHECK(of("GET", "/bucket/key").auth == auth_kind::anonymous);
    CHECK(of("GET", "/bucket/key", {{"authorization", authorization("host")}}).auth ==
          auth_kind::sigv4_header);
    CHECK(of("GET", "/bucket/key", {{"Authorization", "AWS AK:sig"}}).auth ==
          auth_kind::sigv2_header);
    CHECK(of("GET", "/bucket/key", {{"Authorization", "Bearer x"}}).auth == auth_kind::unknown);
    CHECK(of("GET", "/bucket/key?X-Amz-Signature=0").auth == auth_kind::sigv4_query);
    CHECK(of("GET", "/bucket/key?AWSAccessKeyId=AK&Signature=0").auth == auth_kind::sigv2_query);
}

TEST_CASE("a signed Range is seen wherever the signature is") {
    const auto header_signs = [](std::string_view list) {
        return of("GET", "/bucket/key", {{"Authorization", authorization(list)}}).range_signed;
    };

    CHECK(header_signs("host;range;x-amz-date"));
    CHECK(header_signs("range"));
    CHECK(header_signs("host;Range"));
    CHECK_FALSE(header_signs("host;x-amz-date"));
    CHECK_FALSE(header_signs("host;x-range;range-x"));
    CHECK(of("GET", "/bucket/key?X-Amz-Signature=0&X-Amz-SignedHeaders=host%3Brange").range_signed);
    CHECK_FALSE(of("GET", "/bucket/key?X-Amz-Signature=0&X-Amz-SignedHeaders=host").range_signed);
    CHECK_FALSE(of("GET", "/bucket/key", {{"Range", "bytes=0-1"}}).range_signed);
    CHECK_FALSE(of("GET", "/bucket/key", {{"Authorization", "AWS AK:sig"}}).range_signed);
    CHECK_FALSE(of("GET", "/bucket/key?AWSAccessKeyId=A&Signature=0&Expires=1").range_signed);
}

TEST_CASE("an authorization that cannot be read may have signed the Range") {
    CHECK(of("GET", "/bucket/key", {{"Authorization", "Bearer x"}}).range_signed);
    CHECK(of("GET", "/bucket/key", {{"Authorization", "AWS4-HMAC-SHA256 garbage"}}).range_signed);
}

TEST_CASE("a request with conditions of its own is marked") {
    for (const auto* name :
         {"If-Match", "if-none-match", "IF-MODIFIED-SINCE", "If-Unmodified-Since", "If-Range"}) {
        INFO(name);
        CHECK(of("GET", "/bucket/key", {{name, "x"}}).conditional);
    }
    CHECK_FALSE(of("GET", "/bucket/key", {{"If", "x"}}).conditional);
    CHECK(of("GET", "/bucket/key", {{"Authorization", authorization("host;if-none-match")}})
              .conditional);
}

TEST_CASE("customer keys and checksum mode are marked") {
    CHECK(of("GET", "/bucket/key", {{"X-Amz-Server-Side-Encryption-Customer-Key-MD5", "x"}})
              .sse_customer_key);
    CHECK_FALSE(
        of("GET", "/bucket/key", {{"x-amz-server-side-encryption", "AES256"}}).sse_customer_key);
    CHECK(of("GET", "/bucket/key", {{"x-amz-checksum-mode", "ENABLED"}}).checksum_mode);
}

TEST_CASE("cache directives are read from any line and spelling") {
    CHECK(of("GET", "/bucket/key", {{"Cache-Control", "no-cache"}}).no_cache);
    CHECK(of("GET", "/bucket/key", {{"cache-control", "max-age=0 , No-Store"}}).no_store);
    CHECK(of("GET", "/bucket/key", {{"Cache-Control", "a"}, {"Cache-Control", "no-cache=\"x\""}})
              .no_cache);
    const auto neither = of("GET", "/bucket/key", {{"Cache-Control", "no-cached, xno-store"}});
    CHECK_FALSE(neither.no_cache);
    CHECK_FALSE(neither.no_store);
}

TEST_CASE("a classification is used again without a trace of the one before") {
    const std::vector<header> rich = {{"If-Match", "x"},
                                      {"Cache-Control", "no-cache, no-store"},
                                      {"x-amz-checksum-mode", "ENABLED"},
                                      {"x-amz-server-side-encryption-customer-key", "k"},
                                      {"Authorization", "Bearer x"}};
    classified c;
    classify({"GET", "/bucket/key?versionId=1", rich}, domains, c);
    classify({"HEAD", "/bucket/key2", {}}, domains, c);

    CHECK(c.op == operation::head_object);
    CHECK(c.auth == auth_kind::anonymous);
    CHECK(c.where.key == "key2");
    CHECK(c.version_id.empty());
    CHECK_FALSE((c.range_signed || c.conditional || c.sse_customer_key || c.checksum_mode));
    CHECK_FALSE((c.no_cache || c.no_store));
}

}  // namespace lode::frontend::s3
