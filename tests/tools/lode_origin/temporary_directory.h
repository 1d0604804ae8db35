// tests/tools/lode_origin/temporary_directory.h
//
// A directory of its own for one test, removed with everything in it.
#pragma once

#include <filesystem>
#include <string>

#include "tools/lode-origin/storage/files.h"

namespace lode::dev_origin {

class temporary_directory {
  public:
    temporary_directory()
        : path_(std::filesystem::temp_directory_path() / ("lode-origin-" + random_name())) {
        std::filesystem::create_directories(path_);
    }
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

}  // namespace lode::dev_origin
