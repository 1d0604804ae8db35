#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/engine/runtime/run_on_cores.h"
#include "tests/tools/lode_origin/temporary_directory.h"
#include "tools/lode-origin/storage/bucket_store.h"
#include "tools/lode-origin/storage/object_store.h"
#include "tools/lode-origin/storage/upload_store.h"

using namespace lode;
using namespace lode::dev_origin;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

object_record record_of(const std::string& key, const std::string& data) {
    object_record record;
    record.key = key;
    record.etag = "etag-of-" + std::to_string(data.size());
    record.size = bytes(data.size());
    record.modified = frontend::s3::http_seconds(std::chrono::seconds(1'700'000'000));
    record.owner = "owner";
    record.incarnation = random_name();
    record.headers = {{"content-type", "text/plain"}, {"x-amz-meta-odd", "a:b\xff c%"}};
    return record;
}

engine::task<result<>> put_task(const object_store& store, std::string key, std::string data,
                                precondition holds) {
    auto writer = store.begin();
    if (!writer) co_return std::unexpected(writer.error());
    auto done = co_await writer->append(bytes_of(data));
    if (done) done = co_await writer->finish(record_of(key, data), durability::process_crash);
    if (!done) co_return done;
    co_return store.publish("bucket", key, *writer, holds);
}

engine::task<result<std::string>> read_task(int fd, bytes size) {
    std::string data(size.count(), '?');
    std::size_t done = 0;
    while (done < data.size()) {
        auto got = co_await read_some(fd, std::as_writable_bytes(std::span(data)).subspan(done),
                                      object_offset(done));
        if (!got) co_return std::unexpected(got.error());
        done += *got;
    }
    co_return data;
}

template <class T>
engine::task<void> keep(engine::task<T> work, std::optional<T>& into) {
    into.emplace(co_await std::move(work));
}

template <class T>
T run(engine::task<T> work) {
    std::optional<T> answer;
    engine::run_on_core([&] { return keep(std::move(work), answer); });
    return std::move(*answer);
}

struct scratch {
    temporary_directory directory;
    layout where;
    bucket_store buckets{where};
    object_store objects{where};
    upload_store uploads{where};

    scratch() : where(*layout::open(directory.path(), directory_use::only_writer)) {
        REQUIRE(buckets.create({.name = "bucket", .owner = "owner"}));
    }

    result<> put(const std::string& key, const std::string& data, precondition holds = always) {
        return run(put_task(objects, key, data, std::move(holds)));
    }
    std::optional<std::string> get(const std::string& key) {
        auto opened = objects.open("bucket", key);
        if (!opened) return std::nullopt;
        auto read = run(read_task(opened->file.get(), opened->record.size));
        return read ? std::optional(*read) : std::nullopt;
    }
    std::string file_of(const std::string& key) const {
        const auto opened = objects.open("bucket", key);
        REQUIRE(opened);
        return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(opened->file.get()));
    }
    [[nodiscard]] bool nothing_temporary() const {
        return std::filesystem::is_empty(directory.path() + "/temporary");
    }
};

}  // namespace

TEST_CASE("a record reads back as it was written") {
    object_record record = record_of("k/\xff\n", "12345678");
    record.parts = {bytes(5), bytes(3)};

    const auto back = decode(encode(record));

    REQUIRE(back.has_value());
    CHECK(*back == record);
}

TEST_CASE("records that do not add up are refused") {
    CHECK_FALSE(decode("size 10\npart 5\npart 4\n").has_value());
    CHECK(decode("size 9\npart 5\npart 4\n").has_value());
    CHECK_FALSE(decode("size -1\n").has_value());
    CHECK_FALSE(decode("size 1x\n").has_value());
    CHECK_FALSE(decode("unknown 1\n").has_value());
    CHECK_FALSE(decode("key %z\n").has_value());
    CHECK_FALSE(decode("header nothing\n").has_value());
}

TEST_CASE("what was stored is read back with its record") {
    scratch s;

    REQUIRE(s.put("a/../b//c", "some data"));

    CHECK(s.get("a/../b//c") == "some data");
    const auto opened = s.objects.open("bucket", "a/../b//c");
    REQUIRE(opened);
    CHECK(opened->record.key == "a/../b//c");
    CHECK(header_of(opened->record, "X-Amz-Meta-Odd") == "a:b\xff c%");
    CHECK(s.nothing_temporary());
}

TEST_CASE("a run of zeros takes no space and reads back as zeros") {
    scratch s;
    const std::string zeros(8U << 20U, '\0');

    REQUIRE(s.put("sparse", zeros));

    CHECK(s.get("sparse") == zeros);
    struct stat about{};
    REQUIRE(::stat(s.file_of("sparse").c_str(), &about) == 0);
    CHECK(about.st_blocks * 512 < 64 * 1024);
}

TEST_CASE("an overwritten object stays whole for whoever reads it") {
    scratch s;
    REQUIRE(s.put("key", "old old old"));
    const auto before = s.objects.open("bucket", "key");
    REQUIRE(before);

    REQUIRE(s.put("key", "new"));
    REQUIRE(s.objects.remove("bucket", "key", always));

    CHECK(*run(read_task(before->file.get(), before->record.size)) == "old old old");
    CHECK_FALSE(s.get("key").has_value());
}

TEST_CASE("a write that was not finished leaves nothing behind") {
    scratch s;
    {
        auto writer = s.objects.begin();
        REQUIRE(writer);
        REQUIRE(run(writer->append(bytes_of("half"))));
        CHECK_FALSE(s.nothing_temporary());
    }

    CHECK(s.nothing_temporary());
}

TEST_CASE("what a killed server left unfinished is cleaned up at the next start") {
    const temporary_directory directory;
    {
        const auto first = layout::open(directory.path(), directory_use::only_writer);
        REQUIRE(first);
        const std::ofstream left(first->temporary());
    }

    const auto second = layout::open(directory.path(), directory_use::only_writer);

    REQUIRE(second);
    CHECK(std::filesystem::is_empty(directory.path() + "/temporary"));
}

TEST_CASE("a directory has one writer, and any number of readers") {
    const temporary_directory directory;
    CHECK_FALSE(layout::open(directory.path(), directory_use::reader));
    const auto writer = layout::open(directory.path(), directory_use::only_writer);
    REQUIRE(writer);

    const auto second = layout::open(directory.path(), directory_use::only_writer);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == errc::unavailable);
    CHECK(layout::open(directory.path(), directory_use::reader).has_value());
}

TEST_CASE("a file that was cut short or altered is not taken for an object") {
    scratch s;
    REQUIRE(s.put("key", "data that matters"));
    const std::string file = s.file_of("key");
    const auto length = std::filesystem::file_size(file);

    SECTION("cut by one byte") { std::filesystem::resize_file(file, length - 1); }
    SECTION("cut inside the data") { std::filesystem::resize_file(file, 5); }
    SECTION("emptied") { std::filesystem::resize_file(file, 0); }
    SECTION("grown") { std::filesystem::resize_file(file, length + 1); }
    SECTION("a byte of the record changed") {
        std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
        f.seekp(static_cast<std::streamoff>(length - footer_length - 3));
        f.put('~');
    }

    const auto opened = s.objects.open("bucket", "key");
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::corrupt);
}

TEST_CASE("a precondition is asked with the current version and decides") {
    scratch s;
    REQUIRE(s.put("key", "first", [](const object_record* current) { return current == nullptr; }));

    const auto refused =
        s.put("key", "second", [](const object_record* current) { return current == nullptr; });

    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::changed);
    CHECK(s.get("key") == "first");
    CHECK(s.nothing_temporary());
    CHECK(s.put("key", "third",
                [](const object_record* current) { return current->etag == "etag-of-5"; }));
    CHECK(s.get("key") == "third");
}

TEST_CASE("a key and keys below it live side by side, and folders go with their last key") {
    scratch s;
    REQUIRE(s.put("a", "1"));
    REQUIRE(s.put("a/b/c", "2"));

    REQUIRE(s.objects.remove("bucket", "a/b/c", always));

    CHECK(s.get("a") == "1");
    CHECK_FALSE(std::filesystem::exists(s.where.objects("bucket") + "/d.a"));
    CHECK(s.objects.remove("bucket", "a/b/c", always).error().code == errc::not_found);
}

TEST_CASE("a bucket is deleted only when it is empty, and takes its uploads along") {
    scratch s;
    REQUIRE(s.put("a/b", "1"));
    REQUIRE(run(s.uploads.begin("bucket", object_record{.key = "u"})));

    CHECK(s.buckets.remove("bucket").error().sys == ENOTEMPTY);
    REQUIRE(s.objects.remove("bucket", "a/b", always));
    CHECK(s.buckets.remove("bucket"));
    CHECK(s.buckets.remove("bucket").error().code == errc::not_found);
    CHECK(s.put("x", "1").error().code == errc::unavailable);
    CHECK(s.nothing_temporary());
}

TEST_CASE("a bucket is made once and listed in order") {
    scratch s;
    REQUIRE(s.buckets.create({.name = "aaa", .owner = "somebody"}));

    CHECK(s.buckets.create({.name = "bucket"}).error().sys == EEXIST);
    CHECK(s.buckets.create({.name = "../x"}).error().code == errc::invalid);
    const auto all = s.buckets.all();
    REQUIRE(all);
    REQUIRE(all->size() == 2);
    CHECK(all->front().name == "aaa");
    CHECK(all->front().owner == "somebody");
    CHECK(s.buckets.find("..").error().code == errc::not_found);
    CHECK(s.nothing_temporary());
}

TEST_CASE("a bucket is public only while it is marked so") {
    scratch s;
    CHECK(s.buckets.visibility_of("bucket") == visibility::owner_only);

    REQUIRE(s.buckets.set_visibility("bucket", visibility::everybody_reads));
    CHECK(s.buckets.visibility_of("bucket") == visibility::everybody_reads);
    REQUIRE(s.buckets.set_visibility("bucket", visibility::owner_only));
    CHECK(s.buckets.visibility_of("bucket") == visibility::owner_only);
    CHECK_FALSE(s.buckets.set_visibility("missing", visibility::everybody_reads));
}

TEST_CASE("tags belong to one version of an object") {
    scratch s;
    REQUIRE(s.put("key", "1"));
    const auto first = s.objects.open("bucket", "key");
    REQUIRE(first);

    REQUIRE(s.objects.set_tags("bucket", first->record, "a=b"));
    CHECK(*s.objects.tags("bucket", first->record) == "a=b");
    REQUIRE(s.put("key", "1"));

    const auto second = s.objects.open("bucket", "key");
    CHECK(s.objects.tags("bucket", second->record)->empty());
    REQUIRE(s.objects.set_tags("bucket", first->record, "late=1"));
    CHECK(s.objects.tags("bucket", second->record)->empty());
}

TEST_CASE("an upload keeps its parts by number until it is removed") {
    scratch s;
    const auto id = run(s.uploads.begin("bucket", object_record{.key = "big", .owner = "o"}));
    REQUIRE(id);

    for (const std::uint32_t number : {3U, 1U, 10000U}) {
        auto writer = s.objects.begin();
        REQUIRE(writer);
        const std::string data = "part " + std::to_string(number);
        REQUIRE(run(writer->append(bytes_of(data))));
        REQUIRE(run(writer->finish(record_of("big", data), durability::power_loss)));
        REQUIRE(s.uploads.publish_part("bucket", *id, number, *writer));
    }

    CHECK(*s.uploads.part_numbers("bucket", *id) == std::vector<std::uint32_t>{1, 3, 10000});
    CHECK(s.uploads.open_part("bucket", *id, 3)->record.size == bytes(6));
    CHECK(s.uploads.open_part("bucket", *id, 2).error().code == errc::not_found);
    REQUIRE(s.uploads.all("bucket")->size() == 1);
    CHECK(s.uploads.all("bucket")->front().record.key == "big");
    REQUIRE(s.uploads.remove("bucket", *id));
    CHECK(s.uploads.find("bucket", *id).error().code == errc::not_found);
    CHECK(s.uploads.remove("bucket", *id).error().code == errc::not_found);
}

TEST_CASE("an upload id that we did not make leads nowhere") {
    scratch s;

    for (const std::string& id :
         std::vector<std::string>{"", "..", "../objects", std::string(32, 'g'),
                                  std::string(31, 'a'), std::string(33, 'a')}) {
        CHECK(s.uploads.find("bucket", id).error().code == errc::not_found);
        CHECK(s.uploads.remove("bucket", id).error().code == errc::not_found);
        CHECK(s.uploads.part_numbers("bucket", id).error().code == errc::not_found);
    }
    CHECK(run(s.uploads.begin("missing", {})).error().code == errc::unavailable);
    CHECK(s.nothing_temporary());
}
