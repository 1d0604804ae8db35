// tests/frontend/access/local_world.h
//
// A small world whose lode authenticates clients itself, a client that signs, and the origin's view:
// is what arrived signed by lode's own identity?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/access/key_file.h"
#include "frontend/s3/query.h"
#include "frontend/s3/sigv4.h"
#include "frontend/s3/sigv4_verify.h"
#include "tests/frontend/small_world.h"

namespace lode::frontend {

inline const s3::credentials reader_key{.access_key = "READERKEY", .secret_key = "reader-secret"};
inline const s3::credentials writer_key{.access_key = "WRITERKEY", .secret_key = "writer-secret"};
inline const s3::credentials chief_key{.access_key = "CHIEFKEY", .secret_key = "chief-secret"};

inline constexpr std::string_view some_keys = R"(
[[key]]
name = "reader"
access_key = "READERKEY"
secret_key = "reader-secret"
rules = [ { buckets = ["data"], prefixes = ["open/"], allow = "read" } ]
[[key]]
name = "writer"
access_key = "WRITERKEY"
secret_key = "writer-secret"
rules = [ { buckets = ["data", "runs-*"], allow = "read-write" } ]
[[key]]
name = "chief"
access_key = "CHIEFKEY"
secret_key = "chief-secret"
rules = [ { buckets = ["*"], allow = "admin" } ]
)";

inline settings with_mode(auth_mode mode) {
    settings s;
    s.auth.mode = mode;
    return s;
}

inline settings bounded(duration max_stale) {
    settings s = with_mode(auth_mode::local);
    s.consistency.mode = consistency_mode::bounded;
    s.consistency.max_stale = max_stale;
    return s;
}

// A request as a client writes and signs it.
struct client_request {
    std::string method = "GET";
    std::string target = "/data/open/a";
    std::vector<http::header> headers;  // sent and signed
    std::string unsigned_lines;         // sent beside
    std::string body;
    std::string payload = std::string(s3::unsigned_payload);
    std::string host = "127.0.0.1:9000";
    std::string region = "us-east-1";
    std::optional<wall_time> when;
};

inline wall_time world_time() { return simulated_clock().wall(); }

inline std::string as_text(const client_request& r, std::string_view signature_lines) {
    std::string out = r.method + " " + r.target + " HTTP/1.1\r\nHost: " + r.host + "\r\n";
    for (const http::header& h : r.headers) {
        out.append(h.name).append(": ").append(h.value).append("\r\n");
    }
    out.append(r.unsigned_lines).append(signature_lines);
    if (!r.body.empty() || r.method == "PUT" || r.method == "POST") {
        out += "Content-Length: " + std::to_string(r.body.size()) + "\r\n";
    }
    return out + "\r\n" + r.body;
}

inline s3::signature_headers sign(const s3::credentials& who, const client_request& r) {
    s3::signer signer(who, r.region);
    const auto [path, query] = s3::split(r.target);
    auto made = signer.sign({.method = r.method,
                             .raw_path = path,
                             .raw_query = query,
                             .host = r.host,
                             .headers = r.headers,
                             .payload_sha256 = r.payload},
                            r.when.value_or(world_time()));
    LODE_ASSERT(made.has_value());
    return std::move(*made);
}

inline std::string signed_by(const s3::credentials& who, const client_request& r) {
    const auto made = sign(who, r);
    return as_text(r, "x-amz-date: " + made.x_amz_date +
                          "\r\nx-amz-content-sha256: " + made.x_amz_content_sha256 +
                          "\r\nAuthorization: " + made.authorization + "\r\n");
}

// The target with a presigned query.
inline std::string presigned_by(const s3::credentials& who, const client_request& r,
                                std::chrono::seconds lifetime = std::chrono::seconds(60)) {
    s3::signer signer(who, r.region);
    const auto [path, query] = s3::split(r.target);
    auto made = signer.presign(
        {.method = r.method, .raw_path = path, .raw_query = query, .host = r.host, .headers = {}},
        lifetime, r.when.value_or(world_time()));
    LODE_ASSERT(made.has_value());
    return std::string(path) + "?" + *made;
}

inline std::string error_code_of(std::string_view answer) {
    const auto begin = answer.find("<Code>");
    if (begin == std::string_view::npos) return {};
    const auto end = answer.find("</Code>", begin);
    return std::string(answer.substr(begin + 6, end - begin - 6));
}

class local_world {
  public:
    explicit local_world(auth_mode mode = auth_mode::local) : local_world(with_mode(mode)) {}

    explicit local_world(const settings& s) : world(1, s, own_identity) {
        auto keys = access::parse_key_file(some_keys);
        LODE_ASSERT(keys.has_value());
        world.serving().gate.use(*keys);
    }

    std::string ask(const s3::credentials& who, const client_request& r) {
        return world.talk(signed_by(who, r));
    }

    // What lode signed for the origin, as the origin verifies it.
    static std::expected<s3::verified_request, s3::auth_failure> origin_verifies(
        const origin_request& seen) {
        class only_lode final : public s3::secret_lookup {
          public:
            [[nodiscard]] std::optional<std::string_view> secret_of(
                std::string_view key) const override {
                if (key != own_identity.access_key) return std::nullopt;
                return own_identity.secret_key;
            }
        };
        const only_lode secrets;
        s3::verifier verifier(secrets, "us-east-1");
        std::vector<http::header> headers;
        for (const auto& [name, value] : seen.headers) headers.push_back({name, value});
        return verifier.verify({.method = seen.method, .target = seen.target, .headers = headers},
                               world_time());
    }

    [[nodiscard]] std::uint64_t count(access::verdict v) {
        return world.serving().gate.stats().by_verdict[static_cast<std::size_t>(v)].value();
    }

    small_world world;
};

}  // namespace lode::frontend
