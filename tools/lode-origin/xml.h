// tools/lode-origin/xml.h
//
// The XML that S3 speaks: written element by element, and read from request bodies (pugixml, which
// expands no entities but the five and loads nothing from outside).
//
//   Errors  protocol for a body that is not well formed or lacks what must be there; too_large
//           beyond the limits.
//   Limits  Bodies of 2 MiB, 1,000 keys to delete, 10,000 parts, 10 tags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace lode::dev_origin {

inline constexpr std::size_t xml_body_length_max = std::size_t{2} << 20U;

class xml_writer {
  public:
    // Opens the root element, in S3's name space.
    explicit xml_writer(std::string_view root);

    xml_writer& open(std::string_view name);
    xml_writer& close();
    xml_writer& element(std::string_view name, std::string_view text);
    xml_writer& element(std::string_view name, std::uint64_t number);
    xml_writer& empty(std::string_view name);

    // Closes what is open.
    [[nodiscard]] std::string finish();

  private:
    std::string out_;
    std::vector<std::string> open_;
};

struct listed_part {
    std::uint32_t number = 0;
    std::string etag;  // as sent, perhaps quoted
};
[[nodiscard]] result<std::vector<listed_part>> parse_complete_upload(std::string_view body);

struct deletion {
    std::vector<std::string> keys;
    enum class reporting : std::uint8_t { verbose, quiet } report = reporting::verbose;
};
[[nodiscard]] result<deletion> parse_delete(std::string_view body);

struct tag {
    std::string key;
    std::string value;
};
[[nodiscard]] result<std::vector<tag>> parse_tagging(std::string_view body);

// "a=b&c=d", percent-encoded, as the x-amz-tagging header has it.
[[nodiscard]] std::string tags_to_query(const std::vector<tag>& tags);
[[nodiscard]] result<std::vector<tag>> tags_from_query(std::string_view text);

}  // namespace lode::dev_origin
