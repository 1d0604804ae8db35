// frontend/s3/query.h
//
// A raw query string, parameter by parameter, in the order and spelling in which it was sent.
// Empty parameters ("a&&b") are skipped, as S3 does.
//
//   Memory  None: every view borrows from the raw text.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace lode::frontend::s3 {

struct query_parameter {
    std::string_view name;   // as sent, still percent-encoded
    std::string_view value;  // as sent, still percent-encoded
    bool has_value = false;  // "acl=" has one, though it is empty; "acl" has none
};

// for (const query_parameter& p : query("acl&prefix=a%2F")) ...
class query {
  public:
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = query_parameter;
        using difference_type = std::ptrdiff_t;
        using pointer = const query_parameter*;
        using reference = const query_parameter&;

        iterator() = default;
        explicit iterator(std::string_view rest) : rest_(rest), at_end_(false) { advance(); }

        const query_parameter& operator*() const { return current_; }
        const query_parameter* operator->() const { return &current_; }
        iterator& operator++() { return advance(), *this; }
        iterator operator++(int) {
            iterator before = *this;
            advance();
            return before;
        }

        // Only the comparison with the end is meaningful.
        friend bool operator==(const iterator& a, const iterator& b) {
            return a.at_end_ == b.at_end_;
        }

      private:
        void advance();

        query_parameter current_;
        std::string_view rest_;
        bool at_end_ = true;
    };

    explicit query(std::string_view raw) : raw_(raw) {}

    [[nodiscard]] iterator begin() const { return iterator(raw_); }
    [[nodiscard]] iterator end() const { return {}; }

  private:
    std::string_view raw_;
};

// The decoded value of the first parameter whose decoded name is `name`. Nothing when there is
// none; `invalid` when that parameter cannot be decoded. Names that cannot be decoded match
// nothing.
[[nodiscard]] result<std::optional<std::string>> find_parameter(std::string_view raw_query,
                                                                std::string_view name);

// A request target in origin form, cut at the first '?'.
struct split_target {
    std::string_view path;
    std::string_view query;  // without the '?'
};
[[nodiscard]] split_target split(std::string_view target);

}  // namespace lode::frontend::s3
