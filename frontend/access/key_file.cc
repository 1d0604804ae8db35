#include "frontend/access/key_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "frontend/access/demands.h"
#include "frontend/access/toml.h"

namespace lode::frontend::access {
namespace {

constexpr std::size_t problems_max = 20;
constexpr std::size_t name_length_max = 64;
constexpr std::size_t key_prefix_length_max = 1024;
constexpr std::size_t sentence_value_max = 40;

std::uint32_t line_of_node(const toml::node& node) { return node.source().begin.line; }

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// Fit for a sentence; only of names, buckets and prefixes.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text.substr(0, sentence_value_max)) {
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' ? '?' : c;
    }
    return out += text.size() > sentence_value_max ? "...\"" : "\"";
}

class file_reader {
  public:
    void read(const toml::table& root);
    keys_or_problems finish();

  private:
    struct text_limits {
        std::size_t least;
        std::size_t most;
    };

    void read_key_entry(const toml::table& entry);
    std::optional<rule> read_rule(const toml::node& node);
    bool read_patterns(const toml::table& from, std::string_view name, std::uint32_t line,
                       std::vector<std::string>& into);
    bool read_allow(const toml::table& from, std::uint32_t line, rule& into);
    bool read_secret_text(const toml::table& from, std::string_view name, text_limits limits,
                          std::uint32_t line, std::string& into);
    bool read_name(const toml::table& from, client_key& into, std::uint32_t line);
    bool knows_all(const toml::table& table, std::span<const std::string_view> known);
    bool refuse(std::uint32_t line, std::string text);

    std::shared_ptr<key_ring> keys_ = std::make_shared<key_ring>();
    std::set<std::string, std::less<>> names_;
    std::vector<key_file_problem> problems_;
};

void file_reader::read(const toml::table& root) {
    static constexpr std::array<std::string_view, 1> sections = {"key"};
    knows_all(root, sections);
    const toml::node* node = root.get("key");
    if (node == nullptr) return;
    const auto* entries = node->as_array();
    if (entries == nullptr) {
        refuse(line_of_node(*node), "expected two brackets, [[key]]");
        return;
    }
    if (entries->size() > keys_max) {
        refuse(line_of_node(*node),
               fmt::format("expected at most {} keys, got {}", keys_max, entries->size()));
        return;
    }
    for (const toml::node& entry : *entries) {
        if (const auto* table = entry.as_table()) {
            read_key_entry(*table);
        } else {
            refuse(line_of_node(entry), "expected a [[key]] with an access_key and a secret_key");
        }
    }
}

void file_reader::read_key_entry(const toml::table& entry) {
    static constexpr std::array<std::string_view, 4> known = {"name", "access_key", "secret_key",
                                                              "rules"};
    const std::uint32_t line = line_of_node(entry);
    client_key key;
    bool usable = knows_all(entry, known);
    usable &= read_secret_text(entry, "access_key", {3, 128}, line, key.access_key);
    usable &= read_secret_text(entry, "secret_key", {8, 128}, line, key.secret_key);
    usable &= read_name(entry, key, line);
    if (const toml::node* rules = entry.get("rules")) {
        const auto* list = rules->as_array();
        if (list == nullptr || list->size() > rules_max) {
            usable = refuse(line_of_node(*rules),
                            fmt::format("rules: expected a list of at most {} rules", rules_max));
        } else {
            for (const toml::node& node : *list) {
                auto one = read_rule(node);
                usable &= one.has_value();
                if (one) key.rules.push_back(std::move(*one));
            }
        }
    }
    if (usable && !keys_->add(std::move(key))) {
        refuse(line, "access_key: expected each access key once, this one is there again");
    }
}

std::optional<rule> file_reader::read_rule(const toml::node& node) {
    static constexpr std::array<std::string_view, 3> known = {"buckets", "prefixes", "allow"};
    const std::uint32_t line = line_of_node(node);
    const auto* table = node.as_table();
    if (table == nullptr) {
        refuse(line,
               "rules: expected a rule such as { buckets = [\"train-*\"], allow = \"read\" }");
        return std::nullopt;
    }
    rule made;
    bool usable = knows_all(*table, known);
    usable &= read_patterns(*table, "buckets", line, made.buckets);
    usable &= read_patterns(*table, "prefixes", line, made.prefixes);
    if (usable && made.buckets.empty()) {
        usable = refuse(line, "buckets: expected at least one name or pattern, \"*\" for all");
    }
    if (usable && made.prefixes.empty() && table->get("prefixes") != nullptr) {
        usable = refuse(line, "prefixes: expected at least one, or no such line for all keys");
    }
    for (const std::string& prefix : made.prefixes) {
        const bool plain = !prefix.starts_with('/') && prefix.find("//") == std::string::npos &&
                           (prefix.empty() || may_be_rewritten(prefix));
        if (plain) continue;
        usable = refuse(line, fmt::format("prefixes: expected one without \"//\", \".\" or \"..\" "
                                          "and without \"/\" at its start, got {}",
                                          quoted(prefix)));
    }
    usable &= read_allow(*table, line, made);
    if (!usable) return std::nullopt;
    return made;
}

bool file_reader::read_patterns(const toml::table& from, std::string_view name, std::uint32_t line,
                                std::vector<std::string>& into) {
    const toml::node* node = from.get(name);
    if (node == nullptr) return true;
    const auto* list = node->as_array();
    if (list == nullptr || list->size() > patterns_max) {
        return refuse(line,
                      fmt::format("{}: expected a list of at most {} texts", name, patterns_max));
    }
    for (const toml::node& element : *list) {
        const auto* text = element.as_string();
        const bool usable = text != nullptr && text->get().size() <= key_prefix_length_max &&
                            text->get().find('\0') == std::string::npos;
        if (!usable) {
            return refuse(line, fmt::format("{}: expected texts of at most {} bytes", name,
                                            key_prefix_length_max));
        }
        into.push_back(text->get());
    }
    return true;
}

bool file_reader::read_allow(const toml::table& from, std::uint32_t line, rule& into) {
    const toml::node* node = from.get("allow");
    const auto* text = node == nullptr ? nullptr : node->as_string();
    const std::string_view word = text == nullptr ? std::string_view() : text->get();
    into.admin = word == "admin";
    into.read = into.admin || word == "read" || word == "read-write";
    into.write = into.admin || word == "write" || word == "read-write";
    if (into.read || into.write) return true;
    return refuse(line, "allow: expected \"read\", \"write\", \"read-write\" or \"admin\"");
}

// Never shows what it read.
bool file_reader::read_secret_text(const toml::table& from, std::string_view name,
                                   text_limits limits, std::uint32_t line, std::string& into) {
    const toml::node* node = from.get(name);
    if (node == nullptr) return refuse(line, fmt::format("{}: missing", name));
    const auto* text = node->as_string();
    const bool usable = text != nullptr && text->get().size() >= limits.least &&
                        text->get().size() <= limits.most && is_printable(text->get());
    if (!usable) {
        return refuse(line_of_node(*node),
                      fmt::format("{}: expected {} to {} printable characters without blanks", name,
                                  limits.least, limits.most));
    }
    into = text->get();
    return true;
}

// Names stand in logs, where two keys of one name could not be told apart.
bool file_reader::read_name(const toml::table& from, client_key& into, std::uint32_t line) {
    into.name = into.access_key;
    if (const toml::node* node = from.get("name")) {
        const auto* text = node->as_string();
        if (text == nullptr || text->get().empty() || text->get().size() > name_length_max ||
            !is_printable(text->get())) {
            return refuse(line_of_node(*node),
                          fmt::format("name: expected 1 to {} printable characters without blanks",
                                      name_length_max));
        }
        into.name = text->get();
    }
    if (into.name.empty() || names_.insert(into.name).second) return true;
    return refuse(line,
                  fmt::format("name: expected each name once, got {} again", quoted(into.name)));
}

// A name that nobody knows may be a secret that lost its place; it is not repeated.
bool file_reader::knows_all(const toml::table& table, std::span<const std::string_view> known) {
    bool all = true;
    for (const auto& [key, node] : table) {
        if (std::ranges::find(known, key.str()) != known.end()) continue;
        all = refuse(key.source().begin.line,
                     fmt::format("there is no such setting here, only {}", fmt::join(known, ", ")));
    }
    return all;
}

bool file_reader::refuse(std::uint32_t line, std::string text) {
    if (problems_.size() < problems_max) {
        problems_.push_back({.line = line, .text = std::move(text)});
    }
    return false;
}

keys_or_problems file_reader::finish() {
    if (problems_.empty()) return std::shared_ptr<const key_ring>(std::move(keys_));
    std::ranges::sort(problems_, std::less<>(),
                      [](const key_file_problem& p) { return std::tie(p.line, p.text); });
    return std::unexpected(std::move(problems_));
}

keys_or_problems refused_file(std::uint32_t line, std::string text) {
    return std::unexpected(std::vector<key_file_problem>{{.line = line, .text = std::move(text)}});
}

keys_or_problems too_large_file() {
    return refused_file(
        0, fmt::format("expected at most {} KiB, got more", key_file_bytes_max >> 10U));
}

}  // namespace

// The parser's own sentence may repeat a part of the line, which may be a secret.
keys_or_problems parse_key_file(std::string_view text) {
    if (text.size() > key_file_bytes_max) return too_large_file();
    if (const auto line = line_with_too_many_dots(text)) {
        return refused_file(
            *line, fmt::format("expected at most {} dots on a line, got more", dots_on_a_line_max));
    }
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        return refused_file(parsed.error().source().begin.line,
                            "this is no TOML; texts stand in double quotes");
    }
    file_reader reader;
    reader.read(parsed.table());
    return reader.finish();
}

keys_or_problems load_key_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::unexpected(unreadable_key_file(errno));
    // One byte more than allowed tells a file that is too long from one that just fits.
    std::string text(key_file_bytes_max + 1, '\0');
    std::size_t length = 0;
    int failed = 0;
    while (length < text.size()) {
        const ssize_t got = ::read(fd, text.data() + length, text.size() - length);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            failed = got < 0 ? errno : 0;
            break;
        }
        if (got > 0) length += static_cast<std::size_t>(got);
    }
    ::close(fd);
    if (failed != 0) return std::unexpected(unreadable_key_file(failed));
    auto keys = parse_key_file(std::string_view(text).substr(0, length));
    s3::wipe(text);
    return keys;
}

std::vector<key_file_problem> unreadable_key_file(int error_number) {
    return {{.line = 0,
             .text = fmt::format("expected a file that can be read: {}",
                                 std::generic_category().message(error_number))}};
}

std::string first_of(std::span<const key_file_problem> problems, std::string_view path) {
    if (problems.empty()) return {};
    const key_file_problem& first = problems.front();
    std::string out(path);
    if (first.line != 0) out += fmt::format(":{}", first.line);
    out += ": " + first.text;
    if (problems.size() > 1) out += fmt::format(" (and {} more)", problems.size() - 1);
    return out;
}

}  // namespace lode::frontend::access
