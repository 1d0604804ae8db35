#include "tools/lode/resume_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include "tests/catch.h"

using namespace lode::tools;

namespace {

class fresh_file {
  public:
    fresh_file() : path_((std::filesystem::temp_directory_path() / "lode-resume-XXXXXX")) {
        ::close(::mkstemp(path_.data()));
        std::filesystem::remove(path_);
    }
    ~fresh_file() { std::filesystem::remove(path_); }
    fresh_file(const fresh_file&) = delete;
    fresh_file& operator=(const fresh_file&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    void write(const std::string& text) const { std::ofstream(path_) << text; }
    [[nodiscard]] std::string read() const {
        std::stringstream text;
        text << std::ifstream(path_).rdbuf();
        return text.str();
    }

  private:
    std::string path_;
};

}  // namespace

TEST_CASE("what was added is known when the file is opened again") {
    const fresh_file file;
    {
        auto begun = resume_file::open(file.path(), "s3://b/p");
        REQUIRE(begun);
        CHECK(begun->size() == 0);
        CHECK(begun->add("a b\nc"));
        CHECK(begun->add("d/e"));
        CHECK_FALSE(begun->contains("d/e"));
    }

    auto again = resume_file::open(file.path(), "s3://b/p");

    REQUIRE(again);
    CHECK(again->size() == 2);
    CHECK(again->contains("a b\nc"));
    CHECK(again->contains("d/e"));
    CHECK(file.read() == "lode warm s3://b/p\na%20b%0Ac\nd/e\n");
}

TEST_CASE("a line that a crash cut off is dropped, and what comes next begins a line of its own") {
    const fresh_file file;
    file.write("lode warm s3://b/p\nwhole\ncut");
    {
        auto resumed = resume_file::open(file.path(), "s3://b/p");
        REQUIRE(resumed);
        CHECK(resumed->contains("whole"));
        CHECK_FALSE(resumed->contains("cut"));
        CHECK(resumed->add("next"));
    }

    CHECK(file.read() == "lode warm s3://b/p\nwhole\nnext\n");
}

TEST_CASE("a crash within the first line leaves a file that can be used") {
    const fresh_file file;
    file.write("lode warm s3");

    CHECK(resume_file::open(file.path(), "s3://b/p"));
    CHECK(file.read() == "lode warm s3://b/p\n");
}

TEST_CASE("a file of something else is refused and left as it is") {
    const fresh_file file;
    for (const std::string text :
         {"lode warm s3://b/q\nkey\n", "precious", "lode warm s3://b/p2\n", "\n"}) {
        file.write(text);
        const auto refused = resume_file::open(file.path(), "s3://b/p");
        REQUIRE_FALSE(refused);
        CHECK(refused.error() == file.path() +
                                     " is not of this `lode warm s3://b/p`: give another "
                                     "file, or remove it.");
        CHECK(file.read() == text);
    }
}

TEST_CASE("a file that cannot be opened is named") {
    const auto refused = resume_file::open("/nonexistent/x", "s3://b/p");

    REQUIRE_FALSE(refused);
    CHECK(refused.error() ==
          "/nonexistent/x cannot be used to resume from: No such file or directory.");
}
