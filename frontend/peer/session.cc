#include "frontend/peer/session.h"

#include <array>
#include <optional>
#include <string>

#include <openssl/rand.h>

#include "engine/base/assert.h"
#include "frontend/peer/wire.h"

namespace lode::frontend::peer {
namespace {

// What is hashed, each piece behind its length, so that no two messages look alike. The first one names what
// the MAC is for: one of a request is good for no answer, and the other way round.
class mac_input {
  public:
    explicit mac_input(std::string_view purpose) {
        text_.reserve(usual_length);
        add(purpose);
    }

    mac_input& add(std::string_view piece) {
        add(std::uint64_t{piece.size()});
        text_ += piece;
        return *this;
    }
    mac_input& add(std::uint64_t number) {
        std::array<char, sizeof number> digits{};
        for (auto at = digits.rbegin(); at != digits.rend(); ++at, number >>= 8U) {
            *at = static_cast<char>(number & 0xffU);
        }
        text_.append(digits.data(), digits.size());
        return *this;
    }
    mac_input& add(const nonce& n) {
        return add({reinterpret_cast<const char*>(n.data()), n.size()});
    }

    [[nodiscard]] s3::sha256_digest under(std::span<const std::uint8_t> key) const {
        return s3::hmac_sha256(key, text_);
    }
    [[nodiscard]] s3::sha256_digest under(const s3::hmac_key& key) const { return key.of(text_); }

  private:
    static constexpr std::size_t usual_length = 700;  // of a question

    std::string text_;
};

// The value of a field that may stand in a head once at most.
struct only_value {
    bool repeated = false;
    std::string_view value;
};

only_value only(std::span<const http::header> headers, std::string_view name) {
    return {.repeated = http::count_header(headers, name) > 1,
            .value = http::find_header(headers, name).value_or("")};
}

s3::hmac_key key_of(const secret& s, const nonce& client, const nonce& server) {
    s3::sha256_digest key = mac_input("lode peer session").add(client).add(server).under(s.key());
    s3::hmac_key made(key);
    s3::wipe(key);
    return made;
}

}  // namespace

nonce draw_nonce() {
    nonce n;
    const int drawn = RAND_bytes(n.data(), static_cast<int>(n.size()));
    LODE_ASSERT(drawn == 1);
    return n;
}

mac_text prove_hello(const secret& s, std::string_view target) {
    return s3::to_hex(mac_input("lode peer hello").add(target).under(s.key()));
}

mac_text prove_hello_answer(const secret& s, const nonce& client, std::string_view body) {
    return s3::to_hex(mac_input("lode peer hello answer").add(client).add(body).under(s.key()));
}

bool same_mac(std::string_view given, const mac_text& right) {
    return s3::equal_constant_time(given, s3::view_of(right));
}

session_key::session_key(const secret& s, const nonce& client, const nonce& server)
    : key_(key_of(s, client, server)) {}

mac_text session_key::of_request(std::uint64_t number, std::string_view method,
                                 std::string_view target, std::string_view range) const {
    return s3::to_hex(
        mac_input("request").add(number).add(method).add(target).add(range).under(key_));
}

mac_text session_key::of_answer(std::uint64_t number, unsigned status, bytes length,
                                std::string_view answer) const {
    return s3::to_hex(mac_input("answer")
                          .add(number)
                          .add(std::uint64_t{status})
                          .add(length.count())
                          .add(answer)
                          .under(key_));
}

mac_text client_session::sign(std::string_view method, std::string_view target,
                              std::string_view range) {
    LODE_ASSERT(!waiting_);
    waiting_ = true;
    return key_.of_request(++next_, method, target, range);
}

bool client_session::accepts(const http::response_head& head) {
    LODE_ASSERT(waiting_);
    waiting_ = false;
    const only_value mac = only(head.headers, mac_field);
    const only_value answer = only(head.headers, answer_field);
    broken_ =
        broken_ || mac.repeated || answer.repeated || head.body != http::framing::length ||
        !same_mac(mac.value, key_.of_answer(next_, head.status, head.content_length, answer.value));
    return !broken_;
}

bool server_session::accepts(const http::request_head& head) {
    LODE_ASSERT(!answering_);
    const only_value mac = only(head.headers, mac_field);
    const only_value range = only(head.headers, "range");
    // No request of this protocol has a body, and none is covered.
    broken_ = broken_ || mac.repeated || range.repeated || head.body != http::framing::none ||
              !same_mac(mac.value, key_.of_request(++next_, head.method, head.target, range.value));
    answering_ = !broken_;
    return !broken_;
}

mac_text server_session::sign(unsigned status, bytes length, std::string_view answer) {
    LODE_ASSERT(answering_);
    answering_ = false;
    return key_.of_answer(next_, status, length, answer);
}

}  // namespace lode::frontend::peer
