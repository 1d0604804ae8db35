#include "frontend/access/demands.h"

#include "tests/catch.h"

using namespace lode::frontend;
using namespace lode::frontend::access;

namespace {

std::expected<std::vector<demand>, s3::s3_error> needs(std::string_view method,
                                                       std::string_view target,
                                                       std::vector<http::header> headers = {}) {
    const auto mark = target.find('?');
    s3::address where;
    s3::resolve_address("127.0.0.1", {}, target.substr(0, mark), where);
    return demands_of({.method = method,
                       .raw_query = mark == target.npos ? "" : target.substr(mark + 1),
                       .headers = headers,
                       .where = where});
}

// The first demand, as "read bucket/key".
std::string first(std::string_view method, std::string_view target) {
    const auto found = needs(method, target);
    if (!found) return std::string(s3::describe(found.error()).code);
    const demand& d = found->front();
    std::string out = d.needs == right::read ? "read" : d.needs == right::write ? "write" : "admin";
    if (d.where == demand::reach::everywhere) return out + " everywhere";
    if (d.where == demand::reach::touching) return "any " + d.bucket;
    return out + " " + d.bucket + "/" + d.key;
}

}  // namespace

TEST_CASE("plain operations on objects need reading or writing") {
    CHECK(first("GET", "/b01/k") == "read b01/k");
    CHECK(first("HEAD", "/b01/k?versionId=1") == "read b01/k");
    CHECK(first("GET", "/b01/k?response-content-type=a&partNumber=2&x-id=GetObject") ==
          "read b01/k");
    CHECK(first("GET", "/b01/k?tagging") == "read b01/k");
    CHECK(first("PUT", "/b01/k") == "write b01/k");
    CHECK(first("DELETE", "/b01/k?versionId=1") == "write b01/k");
    CHECK(first("POST", "/b01/k?uploads") == "write b01/k");
    CHECK(first("PUT", "/b01/k?partNumber=1&uploadId=u") == "write b01/k");
    CHECK(first("POST", "/b01/k?uploadId=u") == "write b01/k");
    CHECK(first("DELETE", "/b01/k?uploadId=u") == "write b01/k");
    CHECK(first("GET", "/b01/k?uploadId=u&max-parts=3") == "write b01/k");
    CHECK(first("POST", "/b01/k?select&select-type=2") == "read b01/k");
}

TEST_CASE("what is not known to be plain needs admin") {
    for (const auto* query : {"acl", "policy", "retention", "legal-hold", "torrent", "%61cl", "ACL",
                              "newest-idea", "tagging&acl", "uploadId=u&acl", "renameObject"}) {
        CHECK(first("GET", std::string("/b01/k?") + query) == "admin b01/k");
        CHECK(first("PUT", std::string("/b01/k?") + query) == "admin b01/k");
    }
    CHECK(first("POST", "/b01/k") == "admin b01/k");
    CHECK(first("POST", "/b01/k?restore") == "admin b01/k");
    CHECK(first("PATCH", "/b01/k") == "admin b01/k");
    CHECK(first("PUT", "/b01") == "admin b01/");
    CHECK(first("DELETE", "/b01") == "admin b01/");
    CHECK(first("GET", "/b01?lifecycle") == "admin b01/");
    CHECK(first("GET", "/b01?prefix=a&policy") == "admin b01/");
    CHECK(first("POST", "/b01") == "admin b01/");
    CHECK(first("PUT", "/") == "admin everywhere");
    CHECK(first("GET", "/?usage") == "admin everywhere");
}

TEST_CASE("a listing needs to read what begins with its prefix") {
    CHECK(first("GET", "/b01") == "read b01/");
    CHECK(first("GET", "/b01?list-type=2&prefix=data%2F&delimiter=/") == "read b01/data/");
    CHECK(first("GET", "/b01?prefix=a+b%2Bc") == "read b01/a b+c");
    CHECK(first("GET", "/b01?versions&prefix=a") == "read b01/a");
    CHECK(first("GET", "/b01?uploads&prefix=a") == "write b01/a");
    CHECK(first("GET", "/b01?location") == "any b01");
    CHECK(first("HEAD", "/b01") == "any b01");
    CHECK(first("GET", "/") == "read everywhere");
    CHECK(first("POST", "/b01?delete") == "write b01/");
}

TEST_CASE("a parameter that is there twice is refused, however it is spelled") {
    CHECK(first("GET", "/b01?prefix=open/&prefix=") == "InvalidArgument");
    CHECK(first("GET", "/b01?prefix=open/&pre%66ix=secret/") == "InvalidArgument");
}

TEST_CASE("headers moved into the query count only where they are plain") {
    CHECK(first("PUT", "/b01/k?x-amz-checksum-crc32=AAAAAA%3D%3D&X-Amz-Meta-A=1") == "write b01/k");
    CHECK(first("PUT", "/b01/k?X-Amz-Copy-Source=/c/d") == "InvalidArgument");
    CHECK(first("PUT", "/b01/k?x-amz-acl=public-read") == "InvalidArgument");
}

TEST_CASE("the key that counts is the decoded one") {
    CHECK(first("GET", "/b01/open%2f%61") == "read b01/open/a");
    CHECK(first("GET", "/b01%2Fopen") == "read b01/open");
    CHECK(first("GET", "/b01/a+b") == "read b01/a+b");
    CHECK(first("GET", "/b01//open/a") == "read b01//open/a");
    CHECK(first("GET", "/b01/%zz") == "InvalidURI");
}

TEST_CASE("keys that a server on the way may rewrite are refused") {
    for (const auto* key : {"open/../secret", "..", ".", "a/./b", "%2e%2e/x", "a/..", "/", "//",
                            "open/%2E%2E%2Fsecret"}) {
        CHECK(first("GET", std::string("/b01/") + key) == "InvalidURI");
    }
    CHECK(first("GET", "/b01/a..b/...") == "read b01/a..b/...");
}

TEST_CASE("a copy needs to read its source as well") {
    const auto copy = needs("PUT", "/b01/k", {{"X-Amz-Copy-Source", "/c01/d%2Fe?versionId=7"}});

    REQUIRE(copy.has_value());
    REQUIRE(copy->size() == 2);
    CHECK((*copy)[0].needs == right::write);
    CHECK(
        (*copy)[1] ==
        demand{.needs = right::read, .where = demand::reach::below, .bucket = "c01", .key = "d/e"});
    CHECK_FALSE(
        needs("PUT", "/b01/k", {{"x-amz-copy-source", "/c01/d"}, {"x-amz-copy-source", "/c01/e"}}));
}

TEST_CASE("a copy's source is read in one way only") {
    CHECK(parse_copy_source("c01/a+b")->text() == "/c01/a%2Bb");
    CHECK(parse_copy_source("/c01/a%2Fb?versionId=x%2Fy")->text() == "/c01/a/b?versionId=x%2Fy");
    for (const auto* refused : {"", "/", "c01", "c01/", "//c01/a", "/c01/../d01/a", "/c01/%00",
                                "/c01/a?versionId=1&x=2", "/c01/a?acl", "/c01/%z"}) {
        CHECK_FALSE(parse_copy_source(refused).has_value());
    }
}

TEST_CASE("headers that give rights away need admin") {
    const auto count = [](std::string_view name, std::string_view value) {
        return needs("PUT", "/b01/k", {{name, value}})->size();
    };
    CHECK(count("x-amz-acl", "private") == 1);
    CHECK(count("x-amz-acl", "public-read") == 2);
    CHECK(count("x-amz-grant-read", "id=1") == 2);
    CHECK(count("X-Amz-Bypass-Governance-Retention", "true") == 2);
    CHECK(count("x-amz-object-lock-mode", "COMPLIANCE") == 2);
    CHECK(count("x-amz-meta-acl", "public-read") == 1);
    CHECK(needs("PUT", "/b01/k", {{"x-amz-acl", "public-read"}})->back().needs == right::admin);
}

TEST_CASE("a query that some servers take apart in another place is refused") {
    CHECK(first("GET", "/b01/k?x-id=GetObject;acl") == "InvalidURI");
    CHECK(first("GET", "/b01?prefix=open/;prefix=") == "InvalidURI");
    CHECK(first("GET", "/b01/k?response-content-disposition=attachment%3Bfilename=a") ==
          "read b01/k");
}
