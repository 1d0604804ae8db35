// frontend/access/gate.h
//
// The one place where a request is let in or not, before anything else is done for it.
//
//   mode     a request with a signature                           a request without one
//   -------  ---------------------------------------------------  ------------------------------
//   gateway  goes on as it came: the gateway decides              likewise
//   local    verified, judged by the key's rules; signed anew     goes on as nobody's, in path style
//            when the origin is asked
//   trust    signed anew, whatever its signature says             likewise
//
//   Core        One per core. The ring of keys is shared and only read; use() replaces it, and a request
//               that was admitted is not judged again.
//   Errors      A refusal: the S3 error, the sentence, and why, for the counters.
//   Secrets     Nothing of a signature or a secret is in a sentence.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/counters.h"
#include "frontend/access/passage.h"
#include "frontend/access/rules.h"
#include "frontend/http/message.h"
#include "frontend/s3/error_xml.h"
#include "frontend/s3/request_class.h"
#include "frontend/s3/sigv4_verify.h"

namespace lode::frontend::access {

enum class authentication : std::uint8_t { by_gateway, by_keys, none };

// What came of a request, for the counters.
enum class verdict : std::uint8_t {
    admitted,
    trusted,    // signed anew without a look at its signature
    anonymous,  // no signature: the origin decides
    no_right,   // the signature is right, no rule allows it
    unclear,    // may be read in more than one way
    missing,    // from here on: as s3::auth_failure
    unsupported,
    malformed,
    unknown_key,
    signature_mismatch,
    skewed,
    expired,
    wrong_scope,
    unsigned_header,
};
inline constexpr std::size_t verdicts = 14;
[[nodiscard]] std::string_view name_of(verdict v);

struct refusal {
    s3::s3_error error = s3::s3_error::access_denied;
    std::string_view sentence;  // empty: the error's own
    verdict why = verdict::no_right;
};

class gate {
  public:
    struct options {
        authentication by = authentication::by_gateway;
        std::string authority;  // of the origin
        std::string region;     // that signatures must be for
    };
    struct statistics {
        std::array<counter, verdicts> by_verdict;
        counter bodies_refused;  // a chunk's signature or the framing was wrong
    };

    // `identity` signs; needed unless the gateway authenticates.
    gate(options o, s3::signer* identity);
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    [[nodiscard]] bool rewrites() const { return options_.by != authentication::by_gateway; }

    void use(std::shared_ptr<const key_ring> keys) {
        keys_.current = std::move(keys);
        ++changes_;
    }
    // Another number where the keys are others.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }
    [[nodiscard]] const key_ring* keys() const { return keys_.current.get(); }

    // Only where rewrites(). `into` is what to ask the origin; its `who` is set as soon as it is known.
    [[nodiscard]] std::expected<void, refusal> admit(const http::request_head& head,
                                                     const s3::classified& what, wall_time now,
                                                     passage& into);

    // The same, of a request that was counted already.
    [[nodiscard]] std::expected<verdict, refusal> judge_again(const http::request_head& head,
                                                              const s3::classified& what,
                                                              wall_time now, passage& into);
    // A request was let in that is known to be admitted.
    void count_known() { stats_.by_verdict[static_cast<std::size_t>(verdict::admitted)].add(); }

    // What was admitted is about to go to the origin: signs it where that has not been done yet.
    void sign(passage& admitted, wall_time now);

    [[nodiscard]] statistics& stats() { return stats_; }
    [[nodiscard]] const statistics& stats() const { return stats_; }

  private:
    // The keys of the moment, as the verifier looks them up.
    struct present_keys final : s3::secret_lookup {
        [[nodiscard]] std::optional<std::string_view> secret_of(
            std::string_view access_key) const override {
            return current == nullptr ? std::nullopt : current->secret_of(access_key);
        }
        std::shared_ptr<const key_ring> current;
    };

    std::expected<verdict, refusal> decide(const http::request_head& head,
                                           const s3::classified& what, wall_time now,
                                           passage& into);
    std::expected<verdict, refusal> judge(const http::request_head& head,
                                          const s3::classified& what, wall_time now, passage& into);
    std::expected<verdict, refusal> trust(const http::request_head& head,
                                          const s3::classified& what, wall_time now, passage& into);

    options options_;
    s3::signer* identity_;
    present_keys keys_;
    std::uint64_t changes_ = 0;
    s3::verifier verifier_;
    statistics stats_;
};

}  // namespace lode::frontend::access
