// tools/lode-origin/users.h
//
// Who may do what. A user is given on the command line as name:access-key:secret-key:rights, where
// rights is a list, separated by commas, of
//
//     none                     known, but allowed nothing
//     read | write | full      everywhere
//     read@bucket              in one bucket
//     read@bucket/prefix       for keys that begin with the prefix
//
// read reads objects and lists buckets; write stores and deletes objects; full is both, and makes
// and deletes buckets.
//
//   Core    Immutable after start; any core reads it.
//   Errors  invalid for a description that cannot be meant, or an access key given twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "frontend/s3/sigv4_verify.h"

namespace lode::dev_origin {

enum class action : std::uint8_t { read, write, administer };

struct right {
    enum class extent : std::uint8_t { read, write, full } grants = extent::full;
    std::string bucket;  // empty: every bucket
    std::string prefix;  // of keys
};

struct user {
    std::string name;
    std::string access_key;
    std::string secret_key;
    std::vector<right> rights;

    // For an action on a bucket as a whole `key` is empty; for a listing it is the prefix asked for.
    [[nodiscard]] bool may(action what, std::string_view bucket, std::string_view key) const;
    // Whether the bucket appears in this user's list of buckets.
    [[nodiscard]] bool sees(std::string_view bucket) const;
};

[[nodiscard]] result<user> parse_user(std::string_view text);

class user_table final : public frontend::s3::secret_lookup {
  public:
    [[nodiscard]] result<> add(user u);
    [[nodiscard]] const user* find(std::string_view access_key) const;
    [[nodiscard]] std::optional<std::string_view> secret_of(
        std::string_view access_key) const override;

  private:
    std::vector<user> users_;
};

}  // namespace lode::dev_origin
