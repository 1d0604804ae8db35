#include "tools/lode/credentials.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>

#include "tools/lode/small_file.h"
#include "tools/lode/text_checks.h"

namespace lode::tools {
namespace {

using frontend::s3::credentials;
using credentials_or_problem = std::expected<std::optional<credentials>, std::string>;

constexpr bytes file_max{std::uint64_t{64} << 10U};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string* field_of(credentials& c, std::string_view name) {
    if (name == "aws_access_key_id") return &c.access_key;
    if (name == "aws_secret_access_key") return &c.secret_key;
    if (name == "aws_session_token") return &c.session_token;
    return nullptr;
}

// They travel in headers.
bool is_usable(const credentials& c) {
    return is_plain_text(c.access_key) && is_plain_text(c.secret_key) &&
           is_plain_text(c.session_token);
}

credentials_or_problem from_environment(const environment& env) {
    credentials found{
        .access_key = env("AWS_ACCESS_KEY_ID").value_or(""),
        .secret_key = env("AWS_SECRET_ACCESS_KEY").value_or(""),
        .session_token = env("AWS_SESSION_TOKEN").value_or(""),
    };
    if (found.access_key.empty() != found.secret_key.empty()) {
        return std::unexpected(
            "The environment has one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY without the "
            "other.");
    }
    if (!is_usable(found)) {
        return std::unexpected(
            "An AWS_* variable of the environment has control characters, or more than 4,096 "
            "bytes.");
    }
    if (found.access_key.empty()) return std::nullopt;
    return found;
}

}  // namespace

environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        // Read at start, before there is a second thread.
        const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
        if (value == nullptr) return std::nullopt;
        return value;
    };
}

credentials_or_problem find_credentials(const frontend::origin_settings& origin,
                                        const environment& env) {
    if (origin.credentials.empty()) return from_environment(env);
    const auto text = read_small_file(origin.credentials, file_max);
    if (!text) {
        const error e = text.error();
        return std::unexpected(
            fmt::format("The credentials file {} cannot be read: {}.", origin.credentials,
                        e.code == errc::too_large ? "it is larger than 64 KiB"
                                                  : std::generic_category().message(e.sys)));
    }
    std::string profile = env("AWS_PROFILE").value_or("");
    if (profile.empty()) profile = "default";
    return parse_credentials(*text, profile, origin.credentials);
}

std::expected<credentials, std::string> parse_credentials(std::string_view text,
                                                          std::string_view profile,
                                                          std::string_view file) {
    credentials found;
    bool seen = false;
    bool inside = false;
    std::uint32_t number = 0;
    while (!text.empty()) {
        ++number;
        const auto end = text.find('\n');
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;

        if (line.front() == '[') {
            if (line.back() != ']') {
                return std::unexpected(fmt::format(
                    "{}:{}: A profile opens with [ and must close with ].", file, number));
            }
            inside = trimmed(line.substr(1, line.size() - 2)) == profile;
            seen = seen || inside;
            continue;
        }
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) {
            return std::unexpected(
                fmt::format("{}:{}: A line must be a [profile] or NAME = VALUE.", file, number));
        }
        if (!inside) continue;
        if (auto* field = field_of(found, trimmed(line.substr(0, equals)))) {
            *field = trimmed(line.substr(equals + 1));
        }
    }
    if (!seen) return std::unexpected(fmt::format("{} has no profile [{}].", file, profile));
    if (found.access_key.empty() || found.secret_key.empty()) {
        return std::unexpected(
            fmt::format("The profile [{}] of {} has no {}.", profile, file,
                        found.access_key.empty() ? "aws_access_key_id" : "aws_secret_access_key"));
    }
    if (!is_usable(found)) {
        return std::unexpected(fmt::format(
            "The profile [{}] of {} has a value with control characters, or of more than 4,096 "
            "bytes.",
            profile, file));
    }
    return found;
}

}  // namespace lode::tools
