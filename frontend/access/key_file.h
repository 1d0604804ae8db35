// frontend/access/key_file.h
//
// The file that auth.keys names: clients' keys, and what each may do.
//
//     [[key]]
//     name = "training"                 # for logs; default: the access key
//     access_key = "TRAIN0000000000001"
//     secret_key = "..."
//     rules = [
//         { buckets = ["train-*"], allow = "read" },
//         { buckets = ["runs"], prefixes = ["logs/", "checkpoints/"], allow = "read-write" },
//     ]
//
// `allow` is "read", "write", "read-write" or "admin", which is everything. A key without rules may
// do nothing.
//
//   Errors   Every mistake, each in one sentence with its line. One mistake refuses the whole file:
//            half of it would deny or allow something that nobody wrote.
//   Secrets  No sentence repeats anything of the file but names of settings, buckets and prefixes.
//   Limits   256 KiB, 4,096 keys, 64 rules of a key, 64 buckets and 64 prefixes of a rule; names of
//            64 bytes, access keys of 3 to 128, secrets of 8 to 128.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/access/rules.h"

namespace lode::frontend::access {

inline constexpr std::size_t key_file_bytes_max = std::size_t{256} << 10U;
inline constexpr std::size_t keys_max = 4096;
inline constexpr std::size_t rules_max = 64;
inline constexpr std::size_t patterns_max = 64;

struct key_file_problem {
    std::uint32_t line = 0;  // 0: of the file as a whole
    std::string text;
};

using keys_or_problems =
    std::expected<std::shared_ptr<const key_ring>, std::vector<key_file_problem>>;

[[nodiscard]] keys_or_problems parse_key_file(std::string_view text);

// Blocks.
[[nodiscard]] keys_or_problems load_key_file(const std::string& path);

// What cannot be read has one problem: the kernel's.
[[nodiscard]] std::vector<key_file_problem> unreadable_key_file(int error_number);

// "/etc/lode/keys.toml:3: a key needs a secret_key" and, of several, how many more there are.
[[nodiscard]] std::string first_of(std::span<const key_file_problem> problems,
                                   std::string_view path);

}  // namespace lode::frontend::access
