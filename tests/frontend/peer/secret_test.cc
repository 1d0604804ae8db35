#include "frontend/peer/secret.h"

#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/catch.h"

using namespace lode::frontend::peer;

namespace {

class scratch_file {
  public:
    explicit scratch_file(std::string_view content, mode_t mode = 0600) {
        const int fd = ::mkstemp(path_.data());
        REQUIRE(fd >= 0);
        ::close(fd);
        std::ofstream(path_) << content;
        REQUIRE(::chmod(path_.c_str(), mode) == 0);
    }
    ~scratch_file() { ::unlink(path_.c_str()); }
    scratch_file(const scratch_file&) = delete;
    scratch_file& operator=(const scratch_file&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_ = "/tmp/lode-secret-XXXXXX";
};

std::string content_of(const secret& s) {
    return {reinterpret_cast<const char*>(s.key().data()), s.key().size()};
}

}  // namespace

TEST_CASE("a secret is what stands in its file, without the line's end") {
    const scratch_file file(" a secret of some bytes\r\n\n");
    const auto read = load_secret(file.path());
    REQUIRE(read);
    CHECK(content_of(**read) == " a secret of some bytes");
}

TEST_CASE("a secret has sixteen bytes to four KiB") {
    for (const std::size_t length : {16U, 17U, 4095U, 4096U}) {
        CAPTURE(length);
        const scratch_file file(std::string(length, 's') + "\n");
        const auto read = load_secret(file.path());
        REQUIRE(read);
        CHECK((*read)->key().size() == length);
    }
    for (const std::size_t length : {0U, 1U, 15U, 4097U, 4098U, 5000U}) {
        CAPTURE(length);
        const scratch_file file(std::string(length, 's') + "\n");
        const auto read = load_secret(file.path());
        REQUIRE(!read);
        CHECK(read.error() == file.path() + ": expected a secret of 16 to 4096 bytes");
    }
}

TEST_CASE("a secret that every user may read or write is refused") {
    for (const mode_t mode : {0644U, 0604U, 0602U, 0666U}) {
        CAPTURE(mode);
        const scratch_file file("0123456789abcdef", mode);
        const auto read = load_secret(file.path());
        REQUIRE(!read);
        CHECK(read.error().starts_with(file.path() + ": every user"));
    }
    const scratch_file file("0123456789abcdef", 0640);
    CHECK(load_secret(file.path()));
}

TEST_CASE("what cannot be read as a secret is refused with its path") {
    CHECK(load_secret("/nonexistent/secret").error() ==
          "/nonexistent/secret: cannot be read: No such file or directory");
    CHECK(load_secret("/tmp").error() == "/tmp: expected a file that holds the secret");
}
