// frontend/access/passage.h
//
// A request that was admitted, as lode asks it in its own name: path style, Host of the origin, and
// signed by lode's identity over Host, Content-Type and x-amz-* alone, so that Range and conditions
// stay free to be changed. From there on it is a request like any other. It is signed when the origin
// is to be asked, for many are answered without it.
//
//   Lifetime  `head` borrows from this object and from the client's head. One per connection, reused.
//   Errors    invalid_uri where the target cannot be put into path style.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "frontend/access/chunk_recoder.h"
#include "frontend/http/message.h"
#include "frontend/s3/error_xml.h"
#include "frontend/s3/request_class.h"
#include "frontend/s3/sigv4.h"

namespace lode::frontend::access {

struct passage {
    passage() = default;
    passage(const passage&) = delete;
    passage& operator=(const passage&) = delete;

    void clear();
    // As `from`, which waits for its signature and outlives this one's use.
    void borrow(const passage& from);
    [[nodiscard]] bool awaits_signature() const { return is_unsigned; }

    s3::signature_life good;  // of the client's signature, where it was verified
    std::string who;          // the name of the client's key; empty: nobody in particular
    http::request_head head;
    std::optional<recoding> chunks;  // the body has to be signed anew as well

    // What `head` points into.
    std::string target;
    std::string copy_source;
    std::string content_length;
    bool is_unsigned = false;
    std::string payload;  // x-amz-content-sha256 of what is to be signed
    s3::signature_headers signature;
    std::vector<http::header> headers;
};

// What a query is without the signature that it may carry. Other parameters keep order and spelling.
enum class signature_in_query : std::uint8_t { version_4, version_2 };
[[nodiscard]] std::string without_signature(std::string_view raw_query, signature_in_query kind);

struct rewriting {
    const http::request_head& head;
    const s3::address& where;
    std::string_view raw_query;  // as it shall go on
    std::string_view authority;  // of the origin
};

// As nobody: no signature was there and none is added.
[[nodiscard]] std::expected<void, s3::s3_error> rewrite_anonymous(const rewriting& from,
                                                                  passage& into);

struct stated_body {
    // What the client's signature says about the body; seeds the chunks where it is streaming.
    const s3::verified_request& client;
    s3::chunk_signatures chunks = s3::chunk_signatures::compared;
};
// What is to be signed before it can go on.
[[nodiscard]] std::expected<void, s3::s3_error> rewrite_to_sign(const rewriting& from,
                                                                const stated_body& body,
                                                                passage& into);

// invalid_uri: the query's percent-encoding is broken.
[[nodiscard]] std::expected<void, s3::s3_error> sign(s3::signer& who, wall_time now, passage& into);

}  // namespace lode::frontend::access
