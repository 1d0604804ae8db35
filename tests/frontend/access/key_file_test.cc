#include "frontend/access/key_file.h"

#include <cstdio>
#include <fstream>

#include <fmt/format.h>

#include "tests/catch.h"

using namespace lode::frontend::access;

namespace {

std::string problem(std::string_view text) {
    const auto read = parse_key_file(text);
    return read ? "" : first_of(read.error(), "keys.toml");
}

std::string with_rule(std::string_view rule) {
    return fmt::format(
        "[[key]]\naccess_key = \"ABC\"\nsecret_key = \"12345678\"\nrules = [\n  {}\n]\n", rule);
}

}  // namespace

TEST_CASE("a key file gives keys with their rules") {
    const auto read = parse_key_file(R"(
[[key]]
name = "training"
access_key = "TRAIN"
secret_key = "wJalrXUtnFEMI/K7MDENG"
rules = [
    { buckets = ["train-*"], allow = "read" },
    { buckets = ["runs"], prefixes = ["logs/"], allow = "read-write" },
]
[[key]]
access_key = "OTHER"
secret_key = "12345678"
[[key.rules]]
buckets = ["*"]
allow = "admin"
)");

    REQUIRE(read.has_value());
    CHECK((*read)->size() == 2);
    const client_key* training = (*read)->find("TRAIN");
    REQUIRE(training != nullptr);
    CHECK(training->name == "training");
    CHECK(training->secret_key == "wJalrXUtnFEMI/K7MDENG");
    CHECK(training->rules ==
          std::vector<rule>{
              {.buckets = {"train-*"}, .read = true},
              {.buckets = {"runs"}, .prefixes = {"logs/"}, .read = true, .write = true}});
    CHECK((*read)->find("OTHER")->name == "OTHER");
    CHECK((*read)->find("OTHER")->rules ==
          std::vector<rule>{{.buckets = {"*"}, .read = true, .write = true, .admin = true}});
    CHECK((*parse_key_file(""))->size() == 0);
}

TEST_CASE("each mistake is a sentence with its line") {
    CHECK(problem("[key]\n") == "keys.toml:1: expected two brackets, [[key]]");
    CHECK(problem("\n[[keys]]\n") == "keys.toml:2: there is no such setting here, only key");
    CHECK(problem("[[key]]\naccess_key = \"ABC\"\n") == "keys.toml:1: secret_key: missing");
    CHECK(problem("[[key]]\naccess_key = \"AB\"\nsecret_key = \"12345678\"\n") ==
          "keys.toml:2: access_key: expected 3 to 128 printable characters without blanks");
    CHECK(problem("[[key]]\naccess_key = \"ABC\"\nsecret_key = 12345678\n") ==
          "keys.toml:3: secret_key: expected 8 to 128 printable characters without blanks");
    CHECK(problem(with_rule("{ buckets = [\"b\"], allow = \"all\" }")) ==
          "keys.toml:5: allow: expected \"read\", \"write\", \"read-write\" or \"admin\"");
    CHECK(problem(with_rule("{ allow = \"read\" }")) ==
          "keys.toml:5: buckets: expected at least one name or pattern, \"*\" for all");
    CHECK(problem(with_rule("{ buckets = [\"b\"], prefixes = [], allow = \"read\" }")) ==
          "keys.toml:5: prefixes: expected at least one, or no such line for all keys");
    CHECK(problem(with_rule("{ bucket = [\"b\"], allow = \"read\" }")) ==
          "keys.toml:5: there is no such setting here, only buckets, prefixes, allow");
    CHECK(problem(with_rule("{ buckets = [\"b\"], prefixes = [\"/a\"], allow = \"read\" }")) ==
          "keys.toml:5: prefixes: expected one without \"//\", \".\" or \"..\" and without \"/\" "
          "at its "
          "start, got \"/a\"");
    CHECK(
        problem(with_rule("\"read\"")).starts_with("keys.toml:5: rules: expected a rule such as"));
}

TEST_CASE("two keys of one access key or one name are refused") {
    const std::string once = "[[key]]\naccess_key = \"ABC\"\nsecret_key = \"12345678\"\n";
    CHECK(problem(once +
                  "[[key]]\naccess_key = \"ABC\"\nsecret_key = \"87654321\"\nname = \"x\"\n") ==
          "keys.toml:4: access_key: expected each access key once, this one is there again");
    CHECK(problem(once +
                  "[[key]]\naccess_key = \"DEF\"\nsecret_key = \"87654321\"\nname = \"ABC\"\n") ==
          "keys.toml:4: name: expected each name once, got \"ABC\" again");
}

TEST_CASE("no sentence repeats a secret, wherever it stands") {
    for (const auto* text :
         {"[[key]]\nsecret_key = TOPSECRET\n", "[[key]]\nTOPSECRET = \"a\"\n",
          "[[key]]\naccess_key = \"ABC\"\nsecret_key = \"TOPSECRET with blanks\"\n",
          "[[key]]\nsecret_key = \"TOPSECRET\n",
          "[[key]]\nsecret_key = 4242424242424242424242424242\n",
          "[[key]]\nsecret_key = TOPSECRET4242\n", "[[key.TOPSECRET\n[key]\n", "TOPSECRET\n",
          "[[key]]\nsecret_key = \"TOPSECRET\"\nsecret_key = \"TOPSECRET\"\n",
          "[[key]]\naccess_key = \"ABC\"\nsecret_key = [\"TOPSECRET\"]\n",
          "[[key]]\naccess_key = \"ABC\"\nsecret_key = \"12345678\"\nrules = \"TOPSECRET\"\n"}) {
        const auto read = parse_key_file(text);
        REQUIRE_FALSE(read.has_value());
        for (const key_file_problem& p : read.error()) {
            CHECK(p.text.find("TOPSECRET") == std::string::npos);
            CHECK(p.text.find("4242") == std::string::npos);
        }
    }
}

TEST_CASE("the limits of a key file: at them, and one above") {
    std::string rules;
    for (std::size_t i = 0; i < rules_max; ++i) rules += "{ buckets = [\"b\"], allow = \"read\" },";
    CHECK(problem(with_rule(rules)).empty());
    CHECK_FALSE(problem(with_rule(rules + "{ buckets = [\"b\"], allow = \"read\" }")).empty());

    std::string buckets;
    for (std::size_t i = 0; i < patterns_max; ++i) buckets += "\"b\",";
    const auto listing = [](const std::string& all) {
        return with_rule("{ allow = \"read\", buckets = [" + all + "] }");
    };
    CHECK(problem(listing(buckets)).empty());
    CHECK_FALSE(problem(listing(buckets + "\"b\"")).empty());

    std::string keys;
    for (std::size_t i = 0; i < keys_max; ++i) {
        keys += fmt::format("[[key]]\naccess_key='KEY{}'\nsecret_key='12345678'\n", i);
    }
    REQUIRE(keys.size() < key_file_bytes_max);
    CHECK(problem(keys).empty());
    CHECK(problem(keys + "[[key]]\naccess_key='MORE'\nsecret_key='12345678'\n") ==
          "keys.toml:1: expected at most 4096 keys, got 4097");

    CHECK(problem(std::string(key_file_bytes_max, '\n')).empty());
    CHECK(problem(std::string(key_file_bytes_max + 1, '\n')) ==
          "keys.toml: expected at most 256 KiB, got more");
    CHECK(problem(std::string(300, '.')) ==
          "keys.toml:1: expected at most 256 dots on a line, got more");
}

TEST_CASE("a key file that is not there says so") {
    const auto read = load_key_file("/nowhere/keys.toml");

    REQUIRE_FALSE(read.has_value());
    CHECK(first_of(read.error(), "keys.toml") ==
          "keys.toml: expected a file that can be read: No such file or directory");
}
