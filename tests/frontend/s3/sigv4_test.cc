// Signing and verifying, against the examples of the S3 API reference and against signatures that
// botocore 1.29 made.
#include "frontend/s3/sigv4.h"

#include <string>
#include <vector>

#include "frontend/s3/sigv4_canonical.h"
#include "frontend/s3/sigv4_verify.h"
#include "tests/catch.h"
#include "tests/frontend/s3/sigv4_fixture.h"

namespace lode::frontend::s3 {
namespace {

using http::header;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view aws_host = "examplebucket.s3.amazonaws.com";
constexpr std::string_view lode_host = "lode.internal:9000";

std::string signature_in(std::string_view authorization) {
    return std::string(authorization.substr(authorization.rfind('=') + 1));
}

std::string signed_by(std::string_view region, const request_to_sign& request,
                      std::string token = {}) {
    signer s(example::who(std::move(token)), std::string(region));
    return signature_in(s.sign(request, example::now()).value().authorization);
}

// A signed request in one piece, so that a test can bend it before it is verified.
struct sent_request {
    std::string method = "GET";
    std::string target = "/bucket/a%20b?versionId=v1&x-id=GetObject";
    std::vector<std::pair<std::string, std::string>> headers;

    void set(const std::string& name, const std::string& value) {
        for (auto& [known, old] : headers) {
            if (known == name) {
                old = value;
                return;
            }
        }
        headers.emplace_back(name, value);
    }

    [[nodiscard]] std::expected<verified_request, auth_failure> verified_by(
        verifier& v, wall_time now = example::now()) const {
        std::vector<header> views;
        views.reserve(headers.size());
        for (const auto& [name, value] : headers) views.push_back({name, value});
        return v.verify({.method = method, .target = target, .headers = views}, now);
    }

    [[nodiscard]] std::expected<verified_request, auth_failure> verified(
        wall_time now = example::now()) const {
        const example::secrets secrets;
        verifier v(secrets, "us-east-1");
        return verified_by(v, now);
    }
};

sent_request signed_request(std::string_view payload = empty_payload_sha256) {
    sent_request request;
    const std::vector<header> extra = {{"Range", "bytes=0-9"}, {"x-amz-meta-a", "  b   c "}};
    signer s(example::who(), "us-east-1");
    const auto made = s.sign({.method = request.method,
                              .raw_path = "/bucket/a%20b",
                              .raw_query = "versionId=v1&x-id=GetObject",
                              .host = lode_host,
                              .headers = extra,
                              .payload_sha256 = payload},
                             example::now())
                          .value();
    request.headers = {{"Host", std::string(lode_host)},
                       {"Range", "bytes=0-9"},
                       {"X-Amz-Meta-A", "b c"},
                       {"X-Amz-Date", made.x_amz_date},
                       {"X-Amz-Content-Sha256", made.x_amz_content_sha256},
                       {"Authorization", made.authorization}};
    return request;
}

sent_request presigned_request(seconds lifetime = minutes(10)) {
    sent_request request;
    signer s(example::who("session/token="), "us-east-1");
    const auto query = s.presign({.method = "GET",
                                  .raw_path = "/bucket/key",
                                  .raw_query = "versionId=a%2Bb",
                                  .host = lode_host,
                                  .headers = {}},
                                 lifetime, example::now());
    request.target = "/bucket/key?" + query.value();
    request.headers = {{"Host", std::string(lode_host)}};
    return request;
}

void replace_in_authorization(sent_request& request, std::string_view what, std::string_view by) {
    example::replace(request.headers.back().second, what, by);
}

auth_failure failure_of(const sent_request& request, wall_time now = example::now()) {
    const auto verified = request.verified(now);
    REQUIRE_FALSE(verified.has_value());
    return verified.error();
}

}  // namespace

TEST_CASE("the reference's GET of an object with a range is signed as published") {
    const std::vector<header> range = {{"Range", "bytes=0-9"}};
    signer s(example::who(), "us-east-1");

    const auto made = s.sign({.method = "GET",
                              .raw_path = "/test.txt",
                              .raw_query = "",
                              .host = aws_host,
                              .headers = range},
                             example::now());

    CHECK(made->authorization ==
          "AWS4-HMAC-SHA256 "
          "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
          "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
          "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    CHECK(made->x_amz_date == "20130524T000000Z");
    CHECK(made->x_amz_content_sha256 == empty_payload_sha256);
    CHECK(made->x_amz_security_token.empty());
}

TEST_CASE("the reference's PUT, lifecycle and list requests are signed as published") {
    const std::vector<header> put = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    const auto hash = to_hex(sha256_of("Welcome to Amazon S3."));

    CHECK(signed_by("us-east-1", {.method = "PUT",
                                  .raw_path = "/test$file.text",
                                  .raw_query = "",
                                  .host = aws_host,
                                  .headers = put,
                                  .payload_sha256 = view_of(hash)}) ==
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    CHECK(signed_by("us-east-1", {.method = "GET",
                                  .raw_path = "/",
                                  .raw_query = "lifecycle",
                                  .host = aws_host,
                                  .headers = {}}) ==
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    CHECK(signed_by("us-east-1", {.method = "GET",
                                  .raw_path = "/",
                                  .raw_query = "max-keys=2&prefix=J",
                                  .host = aws_host,
                                  .headers = {}}) ==
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("the reference's presigned URL is made as published") {
    signer s(example::who(), "us-east-1");

    const auto query = s.presign({.method = "GET",
                                  .raw_path = "/test.txt",
                                  .raw_query = "",
                                  .host = aws_host,
                                  .headers = {}},
                                 seconds(86'400), example::now());

    CHECK(query.value() ==
          "X-Amz-Algorithm=AWS4-HMAC-SHA256"
          "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
          "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
          "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("odd paths, queries, tokens and headers are signed as botocore signs them") {
    const std::vector<header> conditions = {{"Range", "bytes=5-9"}, {"If-Match", "\"abc\""}};
    const std::vector<header> spaces = {{"x-amz-meta-note", "  two   spaces "}};

    CHECK(signed_by("eu-west-1", {.method = "GET",
                                  .raw_path = "/bucket/a%20b//%C3%A4/./~x%2Bz/",
                                  .raw_query = "",
                                  .host = lode_host,
                                  .headers = conditions}) ==
          "6d483e417b1b2d81b72fd1938c8411d0b9a7cb62946cf3efd734ef8ecbf1d139");
    CHECK(signed_by("eu-west-1",
                    {.method = "GET",
                     .raw_path = "/bucket",
                     .raw_query = "list-type=2&prefix=a%20b%2Fc&delimiter=%2F&max-keys=7",
                     .host = lode_host,
                     .headers = {}},
                    "TOKEN/with+chars==") ==
          "7ad640157e298f05beba2193d7746c8af3f9d27585982059a9cebf5431bcf666");
    CHECK(signed_by("eu-west-1", {.method = "HEAD",
                                  .raw_path = "/bucket/k",
                                  .raw_query = "versionId=v1&partNumber=1",
                                  .host = lode_host,
                                  .headers = spaces}) ==
          "6d84044d1819f2482421488c05e810754b0b2f0e6100a5d43c0f2e569986882f");
}

TEST_CASE("a presigned URL with a session token is made as botocore makes it") {
    signer s(example::who("TOKEN/with+chars=="), "eu-west-1");

    const auto query = s.presign({.method = "GET",
                                  .raw_path = "/bucket/a%20b/%C3%A4",
                                  .raw_query = "versionId=a%2Bb",
                                  .host = lode_host,
                                  .headers = {}},
                                 seconds(600), example::now());

    CHECK(signature_in(query.value()) ==
          "2b403e5106229f52cecaf774bd70adce5ca38cee3e19b4839fcad2cb391bafd5");
}

TEST_CASE("the spelling of a path does not change its signature, another path does") {
    const auto of = [](std::string_view path) {
        return signed_by(
            "us-east-1",
            {.method = "GET", .raw_path = path, .raw_query = "", .host = aws_host, .headers = {}});
    };

    CHECK(of("/a%7e%62") == of("/a~b"));
    CHECK(of("/a+b") == of("/a%2Bb"));
    CHECK(of("/a%2fb") == of("/a/b"));
    CHECK(of("/a//b") != of("/a/b"));
    CHECK(of("/a/./b") != of("/a/b"));
    CHECK(of("/a/../b") != of("/b"));
}

TEST_CASE("a signer changes its key with the day and never before") {
    signer s(example::who(), "us-east-1");
    const request_to_sign request{
        .method = "GET", .raw_path = "/", .raw_query = "", .host = aws_host, .headers = {}};

    const auto before = s.sign(request, example::now()).value();
    const auto next_day = s.sign(request, example::now() + std::chrono::hours(24)).value();
    const auto again = s.sign(request, example::now()).value();

    CHECK(next_day.authorization.find("/20130525/us-east-1/s3/") != std::string::npos);
    CHECK(next_day.authorization != before.authorization);
    CHECK(again.authorization == before.authorization);
}

TEST_CASE("what cannot be decoded is not signed, nor presigned beyond seven days") {
    signer s(example::who(), "us-east-1");
    request_to_sign request{
        .method = "GET", .raw_path = "/a", .raw_query = "", .host = aws_host, .headers = {}};

    CHECK(s.presign(request, seconds(0), example::now()).error() == error{errc::invalid});
    CHECK(s.presign(request, seconds(1), example::now()).has_value());
    CHECK(s.presign(request, seconds(604'800), example::now()).has_value());
    CHECK(s.presign(request, seconds(604'801), example::now()).error() == error{errc::invalid});
    request.raw_query = "a=%zz";
    CHECK(s.sign(request, example::now()).error() == error{errc::invalid});
    request.raw_query = "";
    request.raw_path = "/%";
    CHECK(s.sign(request, example::now()).error() == error{errc::invalid});
}

TEST_CASE("timestamps are written and read back, and only real ones") {
    CHECK(format_amz_date(example::now() + std::chrono::milliseconds(999)) == example::timestamp);
    CHECK(parse_amz_date("20240229T235959Z").has_value());
    for (const auto* wrong :
         {"", "20130524T000000", "20130524 000000Z", "20130524T000000z", "20130532T000000Z",
          "20131324T000000Z", "20230229T000000Z", "20130524T240000Z", "20130524T006000Z",
          "20130524T000060Z", "2013052aT000000Z", "-0130524T000000Z", "20130524T000000Z0"}) {
        INFO(wrong);
        CHECK_FALSE(parse_amz_date(wrong).has_value());
    }
}

TEST_CASE("timestamps are of the years that a signature may have, from 1970 to 2200") {
    CHECK(parse_amz_date("19700101T000000Z").has_value());
    CHECK(parse_amz_date("22001231T235959Z").has_value());
    for (const auto* wrong : {"00000101T000000Z", "16770101T000000Z", "19691231T235959Z",
                              "22010101T000000Z", "22620412T000000Z", "99991231T235959Z"}) {
        INFO(wrong);
        CHECK_FALSE(parse_amz_date(wrong).has_value());
    }
}

TEST_CASE("a signature of a year that no clock of ours can show is malformed") {
    for (const std::string year : {"0001", "1600", "1969", "2201", "2300", "9999"}) {
        INFO(year);
        sent_request request = signed_request();
        request.set("X-Amz-Date", year + "0524T000000Z");
        replace_in_authorization(request, "/20130524/", "/" + year + "0524/");
        CHECK(failure_of(request) == auth_failure::malformed);
    }
}

TEST_CASE("a request that was signed is verified") {
    const auto verified = signed_request().verified();

    REQUIRE(verified.has_value());
    CHECK(verified->access_key == example::access_key);
    CHECK(verified->payload == payload_kind::exact);
    CHECK(verified->payload_sha256 == sha256_of(""));
    CHECK(verified->timestamp == example::timestamp);
    CHECK(verified->scope.region == "us-east-1");
    CHECK(verified->signature.size() == 64);
}

TEST_CASE("the kind of payload is told by x-amz-content-sha256") {
    const auto kind_of = [](std::string_view text) {
        return signed_request(text).verified().value().payload;
    };

    CHECK(kind_of(unsigned_payload) == payload_kind::unsigned_body);
    CHECK(kind_of("STREAMING-AWS4-HMAC-SHA256-PAYLOAD") == payload_kind::streaming_signed);
    CHECK(kind_of("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") ==
          payload_kind::streaming_signed_trailer);
    CHECK(kind_of("STREAMING-UNSIGNED-PAYLOAD-TRAILER") ==
          payload_kind::streaming_unsigned_trailer);
    CHECK(failure_of(signed_request("STREAMING-SOMETHING")) == auth_failure::malformed);
    CHECK(failure_of(signed_request("abc")) == auth_failure::malformed);
}

TEST_CASE("a change to anything that was signed breaks the signature") {
    const auto changed = [](auto change) {
        sent_request request = signed_request();
        change(request);
        return failure_of(request);
    };
    constexpr auto mismatch = auth_failure::signature_mismatch;

    CHECK(changed([](auto& r) { r.method = "HEAD"; }) == mismatch);
    CHECK(changed([](auto& r) { example::replace(r.target, "a%20b", "a%20c"); }) == mismatch);
    CHECK(changed([](auto& r) { example::replace(r.target, "v1", "v2"); }) == mismatch);
    CHECK(changed([](auto& r) { r.target += "&acl"; }) == mismatch);
    CHECK(changed([](auto& r) { example::replace(r.target, "&x-id=GetObject", ""); }) == mismatch);
    CHECK(changed([](auto& r) { r.set("Host", "other:9000"); }) == mismatch);
    CHECK(changed([](auto& r) { r.set("Range", "bytes=0-8"); }) == mismatch);
    CHECK(changed([](auto& r) { r.headers.erase(r.headers.begin() + 1); }) == mismatch);
    CHECK(changed([](auto& r) { r.headers.insert(r.headers.begin(), r.headers[1]); }) == mismatch);
    CHECK(changed([](auto& r) { r.set("X-Amz-Meta-A", "b d"); }) == mismatch);
    CHECK(changed([](auto& r) { r.set("X-Amz-Date", "20130524T000001Z"); }) == mismatch);
    CHECK(changed([](auto& r) { r.set("X-Amz-Content-Sha256", std::string(unsigned_payload)); }) ==
          mismatch);
    CHECK(changed([](auto& r) { replace_in_authorization(r, "host;range;", "host;"); }) ==
          mismatch);
    CHECK(changed([](auto& r) {
              char& digit = r.headers.back().second.back();
              digit = digit == '0' ? '1' : '0';
          }) == mismatch);
}

TEST_CASE("what was not signed may change, and spellings that mean the same may differ") {
    sent_request request = signed_request();
    example::replace(request.target, "a%20b?versionId=v1&x-id", "%61%20b?x-id");
    example::replace(request.target, "=GetObject", "=GetObject&version%49d=v%31");
    request.headers.insert(request.headers.begin(), {"User-Agent", "anything"});
    request.headers.insert(request.headers.begin(), {"If-None-Match", "\"added\""});
    request.set("X-Amz-Meta-A", "b \t  c");

    CHECK(request.verified().has_value());
}

TEST_CASE("a header signature counts for fifteen minutes to both sides") {
    const sent_request request = signed_request();
    const auto now = example::now();

    CHECK(request.verified(now + minutes(15)).has_value());
    CHECK(request.verified(now - minutes(15)).has_value());
    CHECK(failure_of(request, now + minutes(15) + seconds(1)) == auth_failure::skewed);
    CHECK(failure_of(request, now - minutes(15) - seconds(1)) == auth_failure::skewed);
}

TEST_CASE("the scope must be ours") {
    const auto with = [](std::string_view what, std::string_view by) {
        sent_request request = signed_request();
        replace_in_authorization(request, what, by);
        return failure_of(request);
    };

    CHECK(with("us-east-1", "eu-west-1") == auth_failure::wrong_scope);
    CHECK(with("/s3/", "/ec2/") == auth_failure::wrong_scope);
    CHECK(with("/20130524/", "/20130523/") == auth_failure::wrong_scope);
    CHECK(with("/20130524/", "/2013052/") == auth_failure::wrong_scope);
    CHECK(with("/20130524/", "//") == auth_failure::wrong_scope);
    CHECK(with("AKIAIOSFODNN7EXAMPLE", "AKIAUNKNOWN") == auth_failure::unknown_key);
}

TEST_CASE("an empty region of ours accepts every region of theirs") {
    const example::secrets secrets;
    verifier v(secrets, "");

    CHECK(signed_request().verified_by(v).has_value());
}

TEST_CASE("host and every x-amz header must be covered by the signature") {
    sent_request added = signed_request();
    added.headers.insert(added.headers.begin(), {"x-amz-copy-source", "/bucket/secret"});
    CHECK(failure_of(added) == auth_failure::unsigned_header);

    sent_request no_host = signed_request();
    replace_in_authorization(no_host, "host;", "");
    CHECK(failure_of(no_host) == auth_failure::unsigned_header);

    sent_request uncovered = signed_request();
    replace_in_authorization(uncovered, ";x-amz-meta-a", "");
    CHECK(failure_of(uncovered) == auth_failure::unsigned_header);
}

TEST_CASE("requests without a signature that we know are told apart") {
    sent_request request = signed_request();
    request.headers.pop_back();
    CHECK(failure_of(request) == auth_failure::missing);

    request.headers.emplace_back("Authorization", "AWS AKIAIOSFODNN7EXAMPLE:c2ln");
    CHECK(failure_of(request) == auth_failure::unsupported);
    request.headers.back().second = "AWS4-ECDSA-P256-SHA256 Credential=x";
    CHECK(failure_of(request) == auth_failure::unsupported);
    request.headers.back().second = "AWS4-HMAC-SHA256x Credential=x";
    CHECK(failure_of(request) == auth_failure::unsupported);

    request.headers.pop_back();
    request.target = "/bucket/key?AWSAccessKeyId=AK&Signature=s&Expires=1";
    CHECK(failure_of(request) == auth_failure::unsupported);
}

TEST_CASE("a signature that cannot be read is malformed") {
    const auto with = [](std::string_view what, std::string_view by) {
        sent_request request = signed_request();
        replace_in_authorization(request, what, by);
        return failure_of(request);
    };

    CHECK(with("Credential=", "Credentials=") == auth_failure::malformed);
    CHECK(with("Credential=AKIAIOSFODNN7EXAMPLE", "Credential=") == auth_failure::malformed);
    CHECK(with("/aws4_request", "") == auth_failure::malformed);
    CHECK(with("/aws4_request", "/aws5_request") == auth_failure::malformed);
    CHECK(with("host;range", "range;host") == auth_failure::malformed);
    CHECK(with("host;range", "host;host;range") == auth_failure::malformed);
    CHECK(with("host;range", "Host;range") == auth_failure::malformed);
    CHECK(with("host;range", ";host;range") == auth_failure::malformed);
    CHECK(with("x-amz-meta-a", "x-amz-meta-a;") == auth_failure::malformed);
    CHECK(with("Signature=", "Signature=0") == auth_failure::malformed);
    CHECK(with(",Signature", ",Signature=,Signature") == auth_failure::malformed);
    CHECK(with(",SignedHeaders", ",Unknown=1,SignedHeaders") == auth_failure::malformed);
    CHECK(with(",Signature", ",SignedHeaders=host,Signature") == auth_failure::malformed);
}

TEST_CASE("two signatures, dates or payload hashes in one request are malformed") {
    sent_request twice = signed_request();
    twice.headers.push_back(twice.headers.back());
    CHECK(failure_of(twice) == auth_failure::malformed);

    sent_request both = signed_request();
    both.target = presigned_request().target;
    CHECK(failure_of(both) == auth_failure::malformed);

    for (const std::size_t repeated : {3U, 4U}) {
        sent_request request = signed_request();
        request.headers.insert(request.headers.begin(), request.headers[repeated]);
        CHECK(failure_of(request) == auth_failure::malformed);
    }

    sent_request undated = signed_request();
    undated.headers.erase(undated.headers.begin() + 3);
    CHECK(failure_of(undated) == auth_failure::malformed);
}

TEST_CASE("at most 64 headers may be signed") {
    const auto with = [](int names) {
        std::string list;
        for (int i = 0; i < names; ++i) list += 'a' + std::to_string(100 + i) + ';';
        sent_request request = signed_request();
        replace_in_authorization(request, "host;range;", list + "host;range;");
        return failure_of(request);
    };

    CHECK(with(59) == auth_failure::signature_mismatch);
    CHECK(with(60) == auth_failure::malformed);
}

TEST_CASE("Date stands in for x-amz-date, and a missing payload hash means an empty body") {
    // Signed by hand, as a client does that sends neither of the two headers.
    const std::vector<header> headers = {{"Host", lode_host},
                                         {"Date", "Fri, 24 May 2013 00:00:00 GMT"}};
    const credential_scope scope{.date = "20130524", .region = "us-east-1"};
    const auto text = canonical_text({.method = "GET",
                                      .raw_path = "/bucket/key",
                                      .raw_query = "",
                                      .headers = headers,
                                      .signed_headers = "host",
                                      .payload_sha256 = empty_payload_sha256});
    const auto signature = to_hex(hmac_sha256(derive_signing_key(example::secret_key, scope),
                                              string_to_sign(example::timestamp, scope, *text)));
    sent_request request;
    request.target = "/bucket/key";
    request.headers = {
        {"Host", std::string(lode_host)},
        {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
        {"Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/" + scope.text() +
                              ",SignedHeaders=host,Signature=" + std::string(view_of(signature))}};

    const auto verified = request.verified();

    REQUIRE(verified.has_value());
    CHECK(verified->payload == payload_kind::exact);
    CHECK(verified->payload_sha256 == sha256_of(""));
}

TEST_CASE("a presigned URL is verified until its last second") {
    const sent_request request = presigned_request(minutes(10));
    const auto now = example::now();

    REQUIRE(request.verified().has_value());
    CHECK(request.verified()->payload == payload_kind::unsigned_body);
    CHECK(request.verified(now + minutes(10)).has_value());
    CHECK(failure_of(request, now + minutes(10) + seconds(1)) == auth_failure::expired);
    CHECK(request.verified(now - minutes(15)).has_value());
    CHECK(failure_of(request, now - minutes(15) - seconds(1)) == auth_failure::skewed);
    CHECK(presigned_request(seconds(604'800)).verified(now + seconds(604'800)).has_value());
}

TEST_CASE("a change to a presigned URL breaks it") {
    const auto with = [](std::string_view what, std::string_view by) {
        sent_request request = presigned_request();
        example::replace(request.target, what, by);
        return failure_of(request);
    };

    CHECK(with("/bucket/key", "/bucket/kez") == auth_failure::signature_mismatch);
    CHECK(with("versionId=a%2Bb", "versionId=a%2Bc") == auth_failure::signature_mismatch);
    CHECK(with("X-Amz-Expires=600", "X-Amz-Expires=601") == auth_failure::signature_mismatch);
    CHECK(with("session", "Session") == auth_failure::signature_mismatch);
    CHECK(with("&X-Amz-Signature", "&acl&X-Amz-Signature") == auth_failure::signature_mismatch);
    CHECK(with("X-Amz-Expires=600", "X-Amz-Expires=0") == auth_failure::malformed);
    CHECK(with("X-Amz-Expires=600", "X-Amz-Expires=604801") == auth_failure::malformed);
    CHECK(with("X-Amz-Expires=600", "X-Amz-Expires=-600") == auth_failure::malformed);
    CHECK(with("X-Amz-Expires=600", "X-Amz-Expires=600&X-Amz-Expires=700") ==
          auth_failure::malformed);
    CHECK(with("&X-Amz-Expires=600", "") == auth_failure::malformed);
    CHECK(with("X-Amz-Date=2013", "X-Amz-Date=2012") == auth_failure::wrong_scope);
    CHECK(with("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1") == auth_failure::unsupported);
    CHECK(with("SignedHeaders=host", "SignedHeaders=range") == auth_failure::unsigned_header);
    CHECK(with("versionId=a", "versionId=%") == auth_failure::malformed);
}

TEST_CASE("a secret that was replaced is noticed although its key was remembered") {
    example::secrets secrets;
    verifier v(secrets, "us-east-1");
    const sent_request request = signed_request();
    REQUIRE(request.verified_by(v).has_value());

    secrets.secret = "another";

    CHECK(request.verified_by(v).error() == auth_failure::signature_mismatch);
    secrets.secret = example::secret_key;
    CHECK(request.verified_by(v).has_value());
}

TEST_CASE("the remembered keys are bounded and forgetting one harms nothing") {
    const example::secrets secrets;
    verifier v(secrets, "");
    for (int region = 0; region < 200; ++region) {
        sent_request other = signed_request();
        replace_in_authorization(other, "us-east-1", "region-" + std::to_string(region));
        REQUIRE(other.verified_by(v).error() == auth_failure::signature_mismatch);
    }

    CHECK(signed_request().verified_by(v).has_value());
}

TEST_CASE("each failure of authentication has its S3 answer") {
    CHECK(s3_error_of(auth_failure::missing) == s3_error::access_denied);
    CHECK(s3_error_of(auth_failure::unknown_key) == s3_error::invalid_access_key_id);
    CHECK(s3_error_of(auth_failure::signature_mismatch) == s3_error::signature_does_not_match);
    CHECK(s3_error_of(auth_failure::skewed) == s3_error::request_time_too_skewed);
    CHECK(describe(s3_error_of(auth_failure::expired)).status == 403);
    CHECK(describe(s3_error_of(auth_failure::malformed)).status == 400);
    CHECK(describe(s3_error_of(auth_failure::wrong_scope)).status == 400);
}

TEST_CASE("digests are hashed piece by piece and read from exactly 64 digits") {
    sha256 hash;
    hash.add("Welcome to ").add("Amazon S3.");
    const auto pieces = hash.finish();

    CHECK(pieces == sha256_of("Welcome to Amazon S3."));
    CHECK(hash.finish() == sha256_of(""));
    CHECK(digest_from_hex(view_of(to_hex(pieces))) == pieces);
    CHECK_FALSE(digest_from_hex(std::string(63, '0')));
    CHECK_FALSE(digest_from_hex(std::string(65, '0')));
    CHECK_FALSE(digest_from_hex(std::string(63, '0') + "g"));
    CHECK(view_of(to_hex(sha256_of(""))) == empty_payload_sha256);
}

}  // namespace lode::frontend::s3
