#include "tools/lode/object_url.h"

#include "tests/catch.h"

using namespace lode::tools;

TEST_CASE("an object is named by its bucket and every byte behind it") {
    CHECK(parse_object_url("s3://b/k") == object_url{"b", "k"});
    CHECK(parse_object_url("s3://b//a/ b?c#d%20/") == object_url{"b", "/a/ b?c#d%20/"});
    CHECK(parse_object_url("s3://b") == object_url{"b", ""});
    CHECK(parse_object_url("s3://b/") == object_url{"b", ""});
}

TEST_CASE("what has no scheme or no bucket names no object") {
    for (const char* text : {"", "b/k", "http://b/k", "s3:/b/k", "s3://", "s3:///k"}) {
        CHECK_FALSE(parse_object_url(text));
    }
}

TEST_CASE("a name goes into a query so that nothing of it is taken for something else") {
    CHECK(query_for({"b", "a/b +&=%"}) == "bucket=b&key=a%2Fb%20%2B%26%3D%25");
    CHECK(query_for({"b", ""}, "prefix") == "bucket=b&prefix=");
}
