// frontend/access/rules.h
//
// What the clients' keys may do: per key a list of rules over buckets and prefixes of keys. What no
// rule allows is denied. Pure: plain values in, an answer out.
//
//   Memory      A key ring is made once and then only read; all cores share one.
//   Invariants  Access keys are unique within a ring.
//   Secrets     A ring wipes its secrets when it goes. Nothing here formats them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "frontend/s3/sigv4_verify.h"

namespace lode::frontend::access {

// `admin` is for everything that is neither plain reading nor plain writing of objects: buckets'
// configuration, ACLs, retention, and what we do not know.
enum class right : std::uint8_t { read, write, admin };

struct rule {
    std::vector<std::string> buckets;   // patterns: '*' stands for any number of any bytes
    std::vector<std::string> prefixes;  // of keys; empty: all keys
    bool read = false;
    bool write = false;
    bool admin = false;

    [[nodiscard]] bool gives(right r) const;
    friend bool operator==(const rule&, const rule&) = default;
};

struct client_key {
    std::string name;  // what logs call it
    std::string access_key;
    std::string secret_key;
    std::vector<rule> rules;
};

// A right that a request needs, and where.
struct demand {
    enum class reach : std::uint8_t {
        below,       // all keys of `bucket` that begin with `key`: an object, a listing, a bucket
        touching,    // anything in `bucket`, with any right at all
        everywhere,  // all keys of all buckets
    };
    right needs = right::admin;
    reach where = reach::everywhere;
    std::string bucket;
    std::string key;

    friend bool operator==(const demand&, const demand&) = default;
};

[[nodiscard]] bool permits(const client_key& key, const demand& wanted);

// '*' in the pattern stands for any number of bytes. Takes at most the product of both lengths.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

class key_ring final : public s3::secret_lookup {
  public:
    key_ring() = default;
    ~key_ring() override;
    key_ring(const key_ring&) = delete;
    key_ring& operator=(const key_ring&) = delete;

    // False when the ring has a key of that name already: then nothing was added.
    bool add(client_key&& key);

    [[nodiscard]] const client_key* find(std::string_view access_key) const;
    [[nodiscard]] std::optional<std::string_view> secret_of(
        std::string_view access_key) const override;
    [[nodiscard]] std::size_t size() const { return keys_.size(); }

  private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    std::unordered_map<std::string, client_key, hash, std::equal_to<>> keys_;
};

}  // namespace lode::frontend::access
