// The whole way of a request through a lode that authenticates clients itself, or trusts them.
#include "tests/catch.h"
#include "tests/frontend/access/local_world.h"

using namespace lode;
using namespace lode::frontend;
using access::verdict;

namespace {

void put_objects(small_world& world) {
    world.objects["/data/open/a"] = {.body = "open content"};
    world.objects["/data/secret/a"] = {.body = "secret content"};
}

// A client's changes to a request that was signed without them.
std::string with_line(std::string request, std::string_view line) {
    request.insert(request.find("\r\n") + 2, std::string(line) + "\r\n");
    return request;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    const auto at = text.find(what);
    LODE_ASSERT(at != std::string::npos);
    return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("a signed read is asked anew in lode's own name, and hits when it is repeated") {
    local_world w;
    put_objects(w.world);

    const std::string first = w.ask(reader_key, {});
    const std::string second = w.ask(reader_key, {});

    CHECK(status_of(first) == 200);
    CHECK(body_of(first) == "open content");
    CHECK(body_of(second) == "open content");
    CHECK(header_of(second, "X-Cache") == "HIT");
    for (const origin_request& seen : w.world.asked) {
        CHECK(local_world::origin_verifies(seen).has_value());
        CHECK(seen.header("host") == "origin");
        CHECK(seen.header("authorization").find("READERKEY") == std::string::npos);
    }
    CHECK(w.world.asked.back().status == 304);
    CHECK(w.count(verdict::admitted) == 2);
}

TEST_CASE("bytes for the cache are fetched in lode's own name, without the client's fields") {
    local_world w;
    w.world.objects["/data/open/a"] = {.body = content(100'000)};

    (void)w.ask(reader_key, {.unsigned_lines = "User-Agent: the client\r\n"});

    std::size_t fetches = 0;
    for (const origin_request& seen : w.world.asked) {
        if (seen.header("if-match").empty()) continue;
        ++fetches;
        CHECK(seen.header("user-agent").empty());
        CHECK(local_world::origin_verifies(seen).has_value());
    }
    CHECK(fetches == 1);
}

TEST_CASE("a range that the client signed is free once lode asks itself") {
    local_world w;
    put_objects(w.world);
    const client_request ranged{.headers = {{"Range", "bytes=5-11"}}};

    (void)w.ask(reader_key, {});
    const std::string answer = w.ask(reader_key, ranged);

    CHECK(status_of(answer) == 206);
    CHECK(body_of(answer) == "content");
    CHECK(header_of(answer, "X-Cache") == "HIT");
    CHECK(w.world.asked.back().status == 304);
}

TEST_CASE("a key reads what its rules allow and nothing else") {
    local_world w;
    put_objects(w.world);
    (void)w.ask(writer_key, {.target = "/data/secret/a"});  // now in the cache
    const std::size_t asked = w.world.asked.size();

    for (const auto* target :
         {"/data/secret/a", "/data/open", "/data/Open/a", "/data/open%2e/a", "/other/open/a",
          "/data//open/a", "/data/%6fpe%6e", "/data?prefix=ope", "/data", "/", "/data/open/a?acl",
          "/data?policy"}) {
        const std::string answer = w.ask(reader_key, {.target = target});
        INFO(target);
        CHECK(status_of(answer) == 403);
        CHECK(error_code_of(answer) == "AccessDenied");
    }
    CHECK(w.world.asked.size() == asked);
    CHECK(w.count(verdict::no_right) == 12);
}

TEST_CASE("a path that a server might resolve to another key is refused, in every spelling") {
    local_world w;
    put_objects(w.world);

    for (const auto* target : {"/data/open/../secret/a", "/data/open/%2e%2e/secret/a",
                               "/data/open/..%2Fsecret/a", "/data/open/./a",
                               "/data/"
                               "../data/secret/a"}) {
        const std::string answer = w.ask(writer_key, {.target = target});
        INFO(target);
        CHECK(status_of(answer) == 400);
        CHECK(error_code_of(answer) == "InvalidURI");
    }
    CHECK(w.world.asked.empty());
}

TEST_CASE("both styles and all spellings of a key become one request at the origin") {
    local_world w;
    put_objects(w.world);

    const std::string answer =
        w.ask(reader_key, {.target = "/%6Fpen%2Fa", .host = "DATA.lode.internal:9000"});

    CHECK(body_of(answer) == "open content");
    for (const origin_request& seen : w.world.asked) CHECK(seen.target == "/data/open/a");
}

TEST_CASE("each way in which a signature can be wrong gets S3's error, and asks nobody") {
    local_world w;
    put_objects(w.world);
    const std::string good = signed_by(reader_key, {});
    const auto expect = [&](const std::string& request, unsigned status, std::string_view code,
                            verdict why) {
        const auto before = w.count(why);
        const std::string answer = w.world.talk(request);
        INFO(code);
        CHECK(status_of(answer) == status);
        CHECK(error_code_of(answer) == code);
        CHECK(w.count(why) == before + 1);
    };
    s3::credentials wrong = reader_key;
    wrong.secret_key = "another-secret";
    s3::credentials unknown = reader_key;
    unknown.access_key = "NOBODY";

    expect(signed_by(wrong, {}), 403, "SignatureDoesNotMatch", verdict::signature_mismatch);
    expect(signed_by(unknown, {}), 403, "InvalidAccessKeyId", verdict::unknown_key);
    expect(signed_by(reader_key, {.when = world_time() - std::chrono::minutes(16)}), 403,
           "RequestTimeTooSkewed", verdict::skewed);
    expect(signed_by(reader_key, {.when = world_time() + std::chrono::minutes(16)}), 403,
           "RequestTimeTooSkewed", verdict::skewed);
    expect(signed_by(reader_key, {.region = "eu-west-1"}), 400, "AuthorizationHeaderMalformed",
           verdict::wrong_scope);
    expect(replaced(good, "Credential=READERKEY/", "Credential="), 400,
           "AuthorizationHeaderMalformed", verdict::malformed);
    expect(with_line(good, "x-amz-copy-source: /data/secret/a"), 403, "AccessDenied",
           verdict::unsigned_header);
    expect(as_text({}, "Authorization: AWS READERKEY:c2lnbmF0dXJlc2lnbmF0dXJl\r\n"), 400,
           "InvalidRequest", verdict::unsupported);
    expect(as_text({}, "Authorization: Basic cmVhZGVyOnNlY3JldA==\r\n"), 400, "InvalidRequest",
           verdict::unsupported);
    // A right signature, for another request.
    expect(replaced(good, "/data/open/a", "/data/open/b"), 403, "SignatureDoesNotMatch",
           verdict::signature_mismatch);
    expect(replaced(good, "GET /", "HEAD /"), 403, "", verdict::signature_mismatch);
    expect(replaced(signed_by(reader_key, {.headers = {{"Range", "bytes=0-1"}}}), "bytes=0-1",
                    "bytes=0-9"),
           403, "SignatureDoesNotMatch", verdict::signature_mismatch);
    CHECK(w.world.asked.empty());
}

TEST_CASE("a presigned URL works in its time, and its signature does not reach the origin") {
    local_world w;
    put_objects(w.world);
    const client_request r{.target = "/data/open/a?response-content-type=a%2fb&versionId=1%2b"};
    const auto get = [&](const std::string& target) {
        return w.world.talk(as_text({.target = target}, {}));
    };

    (void)get(presigned_by(reader_key, r));
    // Beside lode's own questions about the object.
    const auto seen =
        std::ranges::find(w.world.asked, "/data/open/a?response-content-type=a%2fb&versionId=1%2b",
                          &origin_request::target);
    REQUIRE(seen != w.world.asked.end());
    CHECK(local_world::origin_verifies(*seen).has_value());
    for (const origin_request& question : w.world.asked) {
        CHECK(question.target.find("X-Amz-") == std::string::npos);
    }
    const std::size_t asked = w.world.asked.size();

    client_request old = r;
    old.when = world_time() - std::chrono::minutes(2);
    const std::string late = get(presigned_by(reader_key, old));
    CHECK(status_of(late) == 403);
    CHECK(error_code_of(late) == "AccessDenied");
    CHECK(late.find("Request has expired") != std::string::npos);

    const std::string forged = get(replaced(presigned_by(reader_key, r), "open/a", "secret/a"));
    CHECK(error_code_of(forged) == "SignatureDoesNotMatch");
    const std::string longer =
        get(replaced(presigned_by(reader_key, r), "X-Amz-Expires=60", "X-Amz-Expires=600"));
    CHECK(error_code_of(longer) == "SignatureDoesNotMatch");
    const std::string elsewhere = get(presigned_by(reader_key, {.target = "/data/secret/a"}));
    CHECK(error_code_of(elsewhere) == "AccessDenied");
    const std::string foreign = get(presigned_by(reader_key, {.region = "eu-west-1"}));
    CHECK(error_code_of(foreign) == "AuthorizationQueryParametersError");
    CHECK(w.world.asked.size() == asked);
}

TEST_CASE("an anonymous request stays anonymous, in path style") {
    local_world w;
    put_objects(w.world);

    const std::string answer = w.world.talk(
        as_text({.target = "/open/a", .host = "data.lode.internal"}, "x-amz-meta-a: 1\r\n"));

    CHECK(body_of(answer) == "open content");
    const origin_request& seen = w.world.asked.front();
    CHECK(seen.target == "/data/open/a");
    CHECK(seen.header("host") == "origin");
    CHECK(seen.header("authorization").empty());
    CHECK(seen.header("x-amz-date").empty());
    CHECK(seen.header("x-amz-meta-a") == "1");
    CHECK(w.count(verdict::anonymous) == 1);
}

TEST_CASE("an anonymous request gets no cached byte that the origin does not give to nobody") {
    local_world w;
    put_objects(w.world);
    (void)w.ask(writer_key, {.target = "/data/secret/a"});
    w.world.instead = [](const origin_request& r) -> std::optional<std::string> {
        if (!r.header("authorization").empty()) return std::nullopt;
        return "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    };

    const std::string answer = w.world.talk(as_text({.target = "/data/secret/a"}, {}));

    CHECK(status_of(answer) == 403);
    CHECK(body_of(answer).empty());
}

TEST_CASE(
    "writes need the right to write, copies to read their source, deletions all of a bucket") {
    local_world w;
    put_objects(w.world);
    const auto answer_to = [&](const s3::credentials& who, const client_request& r) {
        return status_of(w.ask(who, r));
    };
    const client_request put{.method = "PUT", .target = "/data/open/b", .body = "new"};
    const client_request copy{.method = "PUT",
                              .target = "/data/open/c",
                              .headers = {{"x-amz-copy-source", "/data/secret/a"}}};
    const client_request from_elsewhere{
        .method = "PUT", .target = "/data/open/c", .headers = {{"x-amz-copy-source", "/other/a"}}};
    const client_request many{.method = "POST", .target = "/data?delete", .body = "<Delete/>"};
    const client_request publish{
        .method = "PUT", .target = "/data/open/d", .headers = {{"x-amz-acl", "public-read"}}};

    for (const client_request& r : {put, copy, from_elsewhere, many, publish}) {
        CHECK(answer_to(reader_key, r) == 403);
    }
    CHECK(w.world.asked.empty());
    CHECK(answer_to(writer_key, put) == 200);
    CHECK(w.world.objects["/data/open/b"].body == "new");
    CHECK(answer_to(writer_key, copy) == 200);
    CHECK(w.world.asked.back().header("x-amz-copy-source") == "/data/secret/a");
    CHECK(answer_to(writer_key, from_elsewhere) == 403);
    CHECK(answer_to(writer_key, publish) == 403);
    CHECK(answer_to(chief_key, publish) == 200);
    CHECK(answer_to(chief_key, from_elsewhere) == 200);
    for (const origin_request& seen : w.world.asked) {
        CHECK(local_world::origin_verifies(seen).has_value());
    }
}

TEST_CASE("a field that an origin may take for another never reaches it") {
    local_world w;
    put_objects(w.world);

    (void)w.ask(writer_key, {.method = "PUT",
                             .target = "/data/open/c",
                             .unsigned_lines = "x_amz_copy_source: /other/a\r\nX_Amz_Acl: "
                                               "public-read\r\n",
                             .body = "mine"});

    const origin_request& seen = w.world.asked.back();
    CHECK(seen.header("x_amz_copy_source").empty());
    CHECK(seen.header("x_amz_acl").empty());
    CHECK(seen.body == "mine");
}

TEST_CASE("the stated hash of a body is lode's as well, so the origin checks it") {
    local_world w;
    const auto hash = s3::to_hex(s3::sha256_of("the body"));

    (void)w.ask(writer_key, {.method = "PUT",
                             .target = "/data/open/b",
                             .body = "another",
                             .payload = std::string(s3::view_of(hash))});

    const auto seen = local_world::origin_verifies(w.world.asked.back());
    REQUIRE(seen.has_value());
    CHECK(seen->payload == s3::payload_kind::exact);
    CHECK(seen->payload_sha256 == s3::sha256_of("the body"));
}

TEST_CASE("new keys count from the next request on") {
    local_world w;
    put_objects(w.world);
    auto less = access::parse_key_file(
        "[[key]]\naccess_key = \"READERKEY\"\nsecret_key = \"reader-secret\"\n");
    auto changed = access::parse_key_file(
        "[[key]]\naccess_key = \"READERKEY\"\nsecret_key = \"other-secret\"\nrules = [ { buckets = "
        "[\"*\"], allow = \"read\" } ]\n");

    CHECK(status_of(w.ask(reader_key, {})) == 200);
    w.world.serving().gate.use(*less);
    CHECK(error_code_of(w.ask(reader_key, {})) == "AccessDenied");
    CHECK(error_code_of(w.ask(writer_key, {})) == "InvalidAccessKeyId");
    w.world.serving().gate.use(*changed);
    CHECK(error_code_of(w.ask(reader_key, {})) == "SignatureDoesNotMatch");
}

TEST_CASE("a lode that trusts signs anew whatever it is given, and nothing for nobody") {
    local_world w(auth_mode::trust);
    put_objects(w.world);
    s3::credentials stranger{.access_key = "STRANGER", .secret_key = "whatever"};
    client_request old{.target = "/data/secret/a"};
    old.when = world_time() - std::chrono::hours(100);

    const std::string v4 = w.ask(stranger, old);
    const std::string v2 =
        w.world.talk(as_text(old, "Authorization: AWS STRANGER:c2lnbmF0dXJl\r\n"));
    const std::string v2_query = w.world.talk(
        as_text({.target = "/data/secret/a?AWSAccessKeyId=A&Signature=b&Expires=1"}, {}));
    for (const origin_request& seen : w.world.asked) {
        CHECK(local_world::origin_verifies(seen).has_value());
        CHECK(seen.target == "/data/secret/a");
    }
    const std::string nobody = w.world.talk(as_text(old, {}));

    for (const std::string& answer : {v4, v2, v2_query}) CHECK(body_of(answer) == "secret content");
    CHECK(w.world.asked.back().header("authorization").empty());
    CHECK(w.count(verdict::trusted) == 3);
    CHECK(w.count(verdict::anonymous) == 1);
}

TEST_CASE("where the gateway authenticates, requests go on as they came") {
    local_world w(auth_mode::gateway);
    put_objects(w.world);

    (void)w.ask(reader_key, {});

    CHECK(w.world.asked.front().header("host") == "127.0.0.1:9000");
    CHECK(w.world.asked.front().header("authorization").find("READERKEY") != std::string::npos);
}

TEST_CASE(
    "who states whose bucket it must be, or that it pays, is not answered by another's word") {
    local_world local;
    local.world.objects["/data/open/a"] = {.body = content(1000)};
    local.world.thinks = std::chrono::seconds(1);
    std::vector<std::string> requests(4, signed_by(reader_key, {}));
    for (const std::string_view name : {"x-amz-expected-bucket-owner", "x-amz-request-payer"}) {
        client_request r;
        r.headers.push_back({name, "somebody"});
        requests.push_back(signed_by(reader_key, r));
        CHECK(status_of(local.world.talk(requests.back())) == 200);
    }
    local.world.asked.clear();

    local.world.talk_all(requests);

    for (const std::string_view name : {"x-amz-expected-bucket-owner", "x-amz-request-payer"}) {
        CHECK(std::ranges::count_if(local.world.asked, [&](const origin_request& r) {
                  return r.header(name) == "somebody";
              }) == 1);
    }
    CHECK(local.world.asked.size() < requests.size());
}
