// tools/lode/admin_facts.h
//
// The admin port's answers for programs: lines of a name, a blank and a value.
//
//   Errors   What is missing or no number is nothing; whoever needs it says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lode::tools {

class admin_facts {
  public:
    explicit admin_facts(std::string_view body);

    // The first value of this name.
    [[nodiscard]] std::optional<std::string_view> text(std::string_view name) const;
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name) const;
    // 0 where there is none.
    [[nodiscard]] std::uint64_t count(std::string_view name) const {
        return number(name).value_or(0);
    }
    [[nodiscard]] std::vector<std::string> all(std::string_view name) const;

  private:
    std::vector<std::pair<std::string, std::string>> lines_;
};

// A page of objects: lines of a size and a percent-encoded key, and perhaps "next" with the mark from which
// the next page goes on.
struct object_page {
    struct entry {
        std::string key;
        std::uint64_t size = 0;
        friend bool operator==(const entry&, const entry&) = default;
    };
    std::vector<entry> objects;
    std::string next;  // as it is put into a query; empty: that was all
};

// Nothing: it is no such page.
[[nodiscard]] std::optional<object_page> parse_object_page(std::string_view body);

}  // namespace lode::tools
