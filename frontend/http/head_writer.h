// frontend/http/head_writer.h
//
// Serialises a head into a buffer that its owner reuses: forwarded fields keep their order and
// bytes. Nothing that is written can end a line early: CR, LF and NUL in a value become spaces
// (RFC 9110 section 5.5).
//
//   Memory   Appends to the string it was given; a warm one does not allocate.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <sys/uio.h>

#include "engine/base/units.h"
#include "frontend/http/header.h"

namespace lode::frontend::http {

class head_writer {
  public:
    // Clears `into`, which must outlive the writer.
    explicit head_writer(std::string& into) : out_(into) { out_.clear(); }

    // The target goes out byte for byte; it must come from a reader or be percent-encoded.
    head_writer& request(std::string_view method, std::string_view target);
    head_writer& response(unsigned status, std::string_view reason = {});  // empty: the usual words

    head_writer& field(std::string_view name, std::string_view value);
    head_writer& field(const header& h) { return field(h.name, h.value); }
    head_writer& field(std::string_view name, std::uint64_t value);
    head_writer& fields(std::span<const header> all);
    // Lines that append_field() made before.
    head_writer& lines(std::string_view serialised) { return out_ += serialised, *this; }
    head_writer& content_length(bytes length) { return field("Content-Length", length.count()); }

    // The empty line. Returns the whole head.
    std::string_view end();

  private:
    std::string& out_;
};

// One field line with its CRLF, under the same rule, for sections that have no start line.
void append_field(std::string& out, std::string_view name, std::string_view value);

// "Not Found" for 404; "Unknown" for a number without a name.
[[nodiscard]] std::string_view reason_of(unsigned status);

// For stream.send(), which does not write through the iovecs it is given.
[[nodiscard]] iovec piece_of(std::string_view text);
[[nodiscard]] iovec piece_of(std::span<const std::byte> data);

}  // namespace lode::frontend::http
