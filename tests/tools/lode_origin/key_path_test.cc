#include "tools/lode-origin/storage/key_path.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/catch.h"
#include "tests/tools/lode_origin/temporary_directory.h"
#include "tools/lode-origin/storage/key_walk.h"

using namespace lode::dev_origin;

namespace {

void store_empty(const std::string& objects, const std::string& key) {
    const std::filesystem::path path = objects + "/" + path_of_key(key);
    std::filesystem::create_directories(path.parent_path());
    const std::ofstream made(path);
    REQUIRE(made.good());
}

std::vector<std::string> names(const listing_page& page) {
    std::vector<std::string> found;
    found.reserve(page.items.size());
    for (const auto& item : page.items) found.push_back(item.name);
    return found;
}

}  // namespace

TEST_CASE("a key cannot name anything outside its bucket") {
    for (const std::string key : {"..", "../..", "/etc/passwd", "a/../../b", ".", "./", "//", "",
                                  "a\\b", "%2e%2e", "a\nb", "\xff\xfe"}) {
        const std::string path = path_of_key(key);
        INFO(path);

        const auto normal = std::filesystem::path(path).lexically_normal().string();
        CHECK(normal == path);
        CHECK(!path.starts_with("/"));
        CHECK(!path.starts_with(".."));
        CHECK(std::ranges::all_of(path, [](char c) { return c > ' ' && c < 0x7f; }));
    }
}

TEST_CASE("different keys have different files, and none is another's folder") {
    std::vector<std::string> paths;
    for (const std::string key : {"a", "a/", "a//", "a/b", "A", "a.", "o.a", "d.a", "d.a/o.b", "/a",
                                  "/", "//", "a b", "a%20b", "a+b"}) {
        paths.push_back(path_of_key(key));
    }

    for (std::size_t i = 0; i < paths.size(); ++i) {
        for (std::size_t j = 0; j < paths.size(); ++j) {
            if (i == j) continue;
            INFO(paths[i] << " and " << paths[j]);
            CHECK(paths[i] != paths[j]);
            CHECK(!paths[j].starts_with(paths[i] + "/"));
        }
    }
}

TEST_CASE("the longest keys fit into the limits of the file system") {
    const std::string letters(1024, 'k');
    const std::string encoded(1024, '\x01');
    const std::string slashes(1024, '/');
    std::string both;
    while (both.size() < 1024) both += "\x01/";

    for (const std::string& key : {letters, encoded, slashes, both}) {
        const std::string path = path_of_key(key);

        CHECK(path.size() + root_path_length_max < 4096);
        for (const auto& component : std::filesystem::path(path)) {
            CHECK(component.string().size() <= 255);
        }
    }
}

TEST_CASE("a component is cut only when its encoding exceeds a file name's piece") {
    CHECK(path_of_key(std::string(240, 'x')) == "o." + std::string(240, 'x'));
    CHECK(path_of_key(std::string(241, 'x')) == "l." + std::string(240, 'x') + "/o.x");
}

TEST_CASE("bucket names follow S3's rules") {
    CHECK(is_bucket_name("abc"));
    CHECK(is_bucket_name("a.b-c9"));
    CHECK(is_bucket_name(std::string(63, 'a')));
    CHECK_FALSE(is_bucket_name("ab"));
    CHECK_FALSE(is_bucket_name(std::string(64, 'a')));
    CHECK_FALSE(is_bucket_name("Abc"));
    CHECK_FALSE(is_bucket_name("a..b"));
    CHECK_FALSE(is_bucket_name("..."));
    CHECK_FALSE(is_bucket_name("-abc"));
    CHECK_FALSE(is_bucket_name("abc."));
    CHECK_FALSE(is_bucket_name("a/b"));
    CHECK_FALSE(is_bucket_name(std::string("ab\0c", 4)));
}

TEST_CASE("keys are listed in the order of their bytes, whatever the folders are") {
    const temporary_directory objects;
    std::vector<std::string> keys = {"a",    "a/b",  "a-b",   "a/",    "a//x",  "a0", "b",
                                     "../x", "\xff", "z/y/x", "a/b/c", "a!/b!", "A",  "o.x/d.y"};
    // Long names whose pieces share a folder, around their neighbours.
    const std::string long_name(300, 'm');
    keys.insert(keys.end(), {long_name, long_name + "/x", long_name + "!", long_name + "0",
                             std::string(240, 'm'), std::string(240, 'm') + "/x"});
    for (const std::string& key : keys) store_empty(objects.path(), key);

    const listing_page page = list_keys(objects.path(), {});

    std::ranges::sort(keys, [](const std::string& a, const std::string& b) { return a < b; });
    CHECK(names(page) == keys);
    CHECK_FALSE(page.truncated);
}

TEST_CASE("pages of any size add up to the whole listing") {
    const temporary_directory objects;
    for (const std::string key : {"a", "a/1", "a/2", "b/1", "b/2/3", "c", "d/"}) {
        store_empty(objects.path(), key);
    }

    for (const std::string delimiter : {"", "/", "2", "/1"}) {
        const auto whole = names(list_keys(objects.path(), {.delimiter = delimiter}));
        for (std::size_t size = 1; size <= 8; ++size) {
            std::vector<std::string> gathered;
            listing_request request{.delimiter = delimiter, .max_keys = size};
            for (;;) {
                const listing_page page = list_keys(objects.path(), request);
                for (const auto& name : names(page)) gathered.push_back(name);
                if (!page.truncated) break;
                REQUIRE(page.items.size() == size);
                request.after = page.items.back().name;
            }
            CHECK(gathered == whole);
        }
    }
}

TEST_CASE("a delimiter rolls keys up into common prefixes below the prefix") {
    const temporary_directory objects;
    for (const std::string key : {"p/a/1", "p/a/2", "p/b", "p/c/", "q/x"}) {
        store_empty(objects.path(), key);
    }

    const listing_page page = list_keys(objects.path(), {.prefix = "p/", .delimiter = "/"});

    REQUIRE(names(page) == std::vector<std::string>{"p/a/", "p/b", "p/c/"});
    CHECK(page.items[0].is == listing_page::item::kind::common_prefix);
    CHECK(page.items[1].is == listing_page::item::kind::object);
    CHECK(page.items[2].is == listing_page::item::kind::common_prefix);
}

TEST_CASE("a listing of no keys is empty and not truncated") {
    const temporary_directory objects;
    store_empty(objects.path(), "a");

    const listing_page page = list_keys(objects.path(), {.max_keys = 0});

    CHECK(page.items.empty());
    CHECK_FALSE(page.truncated);
}

TEST_CASE("files that are not ours do not appear in listings") {
    const temporary_directory objects;
    store_empty(objects.path(), "a");
    {
        const std::ofstream stray(objects.path() + "/stray");
    }
    {
        const std::ofstream tags(objects.path() + "/" + tags_path_of_key("a"));
    }
    {
        const std::ofstream broken(objects.path() + "/o.%zz");
    }

    CHECK(names(list_keys(objects.path(), {})) == std::vector<std::string>{"a"});
}
