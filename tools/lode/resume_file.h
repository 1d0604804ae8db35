// tools/lode/resume_file.h
//
// Which objects `lode warm` is done with, so that a run that was broken off can go on: a line that says what
// is warmed, then a percent-encoded key on each line.
//
//   Core     Any thread, one at a time.
//   Memory   The keys that were done before.
//   Errors   One sentence with the path. A last line without an end is what a crash left, and is dropped.
//   Limits   A file of 1 GiB.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <unordered_set>

#include "tools/lode/descriptor.h"

namespace lode::tools {

class resume_file {
  public:
    // Creates it where there is none. A file of another `subject` is refused.
    [[nodiscard]] static std::expected<resume_file, std::string> open(const std::string& path,
                                                                      std::string_view subject);

    [[nodiscard]] bool contains(const std::string& key) const { return done_.contains(key); }
    [[nodiscard]] std::size_t size() const { return done_.size(); }

    // False: it could not be written.
    [[nodiscard]] bool add(std::string_view key);

  private:
    explicit resume_file(descriptor file) : file_(std::move(file)) {}

    descriptor file_;
    std::unordered_set<std::string> done_;
};

}  // namespace lode::tools
