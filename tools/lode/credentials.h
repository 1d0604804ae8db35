// tools/lode/credentials.h
//
// lode's own read identity, from where AWS tools look for one: a shared-credentials file, or the
// environment.
//
//   [default]
//   aws_access_key_id = AKIA...
//   aws_secret_access_key = ...
//   aws_session_token = ...          (optional)
//
//   Secrets  No value of the file or of the environment is ever part of a message.
//   Limits   A file of 64 KiB.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/s3/sigv4.h"
#include "frontend/settings.h"

namespace lode::tools {

// The environment, so that tests bring their own.
using environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] environment process_environment();

// Nothing when nobody gave any: lode then asks the gateway in its clients' names only.
// origin.credentials goes before the environment; AWS_PROFILE chooses the profile. The error
// is a sentence.
[[nodiscard]] std::expected<std::optional<frontend::s3::credentials>, std::string> find_credentials(
    const frontend::origin_settings& origin, const environment& env);

// `file` names the text in messages.
[[nodiscard]] std::expected<frontend::s3::credentials, std::string> parse_credentials(
    std::string_view text, std::string_view profile, std::string_view file);

}  // namespace lode::tools
