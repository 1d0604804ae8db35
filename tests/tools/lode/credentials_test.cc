#include "tools/lode/credentials.h"

#include <fstream>
#include <map>

#include <unistd.h>

#include "tests/catch.h"

using namespace lode;
using namespace lode::tools;

namespace {

environment with(std::map<std::string, std::string> variables) {
    return
        [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        };
}

std::string refusal(std::string_view text, std::string_view profile = "default") {
    const auto read = parse_credentials(text, profile, "FILE");
    return read ? "accepted" : read.error();
}

class temporary_file {
  public:
    explicit temporary_file(std::string_view text) {
        const int fd = mkstemp(path_.data());
        REQUIRE(fd >= 0);
        close(fd);
        std::ofstream(path_) << text;
    }
    ~temporary_file() { unlink(path_.c_str()); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_ = "/tmp/lode-credentials-XXXXXX";
};

constexpr std::string_view two_profiles = R"(# comment
; another
[default]
aws_access_key_id = AK
aws_secret_access_key=SK/+=x
region = ignored

[ temporary ]
  aws_access_key_id = TAK
  aws_secret_access_key = TSK
  aws_session_token = TST
)";

}  // namespace

TEST_CASE("a profile of a credentials file is read") {
    const auto plain = parse_credentials(two_profiles, "default", "FILE");
    REQUIRE(plain);
    CHECK(plain->access_key == "AK");
    CHECK(plain->secret_key == "SK/+=x");
    CHECK(plain->session_token.empty());

    const auto temporary = parse_credentials(two_profiles, "temporary", "FILE");
    REQUIRE(temporary);
    CHECK(temporary->access_key == "TAK");
    CHECK(temporary->secret_key == "TSK");
    CHECK(temporary->session_token == "TST");
}

TEST_CASE("lines of a credentials file may end as on Windows, and the last one not at all") {
    const auto read = parse_credentials(
        "[default]\r\naws_access_key_id = AK\r\naws_secret_access_key = SK", "default", "FILE");
    REQUIRE(read);
    CHECK(read->access_key == "AK");
    CHECK(read->secret_key == "SK");
}

TEST_CASE("what is wrong with a credentials file is said without its values") {
    CHECK(refusal("") == "FILE has no profile [default].");
    CHECK(refusal(two_profiles, "other") == "FILE has no profile [other].");
    CHECK(refusal("[default]\n") == "The profile [default] of FILE has no aws_access_key_id.");
    CHECK(refusal("[default]\naws_access_key_id = AK\n") ==
          "The profile [default] of FILE has no aws_secret_access_key.");
    CHECK(refusal("[default]\naws_access_key_id =\naws_secret_access_key = SECRET\n") ==
          "The profile [default] of FILE has no aws_access_key_id.");
    CHECK(refusal("[default\n") == "FILE:1: A profile opens with [ and must close with ].");
    CHECK(refusal("[default]\n\nSECRET\n") ==
          "FILE:3: A line must be a [profile] or NAME = VALUE.");
    CHECK(refusal("[default]\naws_access_key_id = A\x01\naws_secret_access_key = SECRET\n") ==
          "The profile [default] of FILE has a value with control characters, or of more than "
          "4,096 bytes.");
    CHECK(refusal("[") == "FILE:1: A profile opens with [ and must close with ].");
}

TEST_CASE("without any credentials there is no identity") {
    const auto found = find_credentials({}, with({}));
    REQUIRE(found);
    CHECK_FALSE(found->has_value());
}

TEST_CASE("the environment gives an identity") {
    const auto found = find_credentials({}, with({{"AWS_ACCESS_KEY_ID", "AK"},
                                                  {"AWS_SECRET_ACCESS_KEY", "SK"},
                                                  {"AWS_SESSION_TOKEN", "ST"}}));
    REQUIRE(found);
    REQUIRE(found->has_value());
    CHECK((*found)->access_key == "AK");
    CHECK((*found)->secret_key == "SK");
    CHECK((*found)->session_token == "ST");
}

TEST_CASE("half an identity in the environment is refused") {
    const std::string expected =
        "The environment has one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY without the other.";
    for (const auto* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}) {
        const auto found = find_credentials({}, with({{name, "SECRET"}}));
        REQUIRE_FALSE(found);
        CHECK(found.error() == expected);
    }
    CHECK_FALSE(
        find_credentials({}, with({{"AWS_ACCESS_KEY_ID", "A\n"}, {"AWS_SECRET_ACCESS_KEY", "S"}})));
}

TEST_CASE("a credentials file goes before the environment, and AWS_PROFILE chooses in it") {
    const temporary_file file(two_profiles);
    const frontend::origin_settings origin{.credentials = file.path()};
    const std::map<std::string, std::string> keys{{"AWS_ACCESS_KEY_ID", "ENV"},
                                                  {"AWS_SECRET_ACCESS_KEY", "ENV"}};

    const auto by_default = find_credentials(origin, with(keys));
    REQUIRE(by_default);
    CHECK((*by_default)->access_key == "AK");

    const auto chosen = find_credentials(origin, with({{"AWS_PROFILE", "temporary"}}));
    REQUIRE(chosen);
    CHECK((*chosen)->access_key == "TAK");
}

TEST_CASE("a credentials file that cannot be read is refused") {
    const auto missing = find_credentials({.credentials = "/no/such/file"}, with({}));
    REQUIRE_FALSE(missing);
    CHECK(missing.error() ==
          "The credentials file /no/such/file cannot be read: No such file or directory.");

    const auto endless = find_credentials({.credentials = "/dev/zero"}, with({}));
    REQUIRE_FALSE(endless);
    CHECK(endless.error() ==
          "The credentials file /dev/zero cannot be read: it is larger than 64 KiB.");
}
