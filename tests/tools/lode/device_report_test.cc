#include "tools/lode/device_report.h"

#include "tests/catch.h"

using namespace lode;
using namespace lode::tools;
using namespace lode::engine;
using namespace lode::literals;

namespace {

format::superblock superblock_of(const std::string& node) {
    return {.cut = *format::choose_geometry(1_GiB, {.shards = 2, .slab_data = 16_MiB}),
            .device = {.high = 0xab, .low = 0xcd},
            .node = node,
            .formatted_at = 1'700'000'000};
}

device_report empty_report(const std::string& node = "node-a") {
    device_report r{.path = "/cache/0", .size = 1_GiB, .copies = {}, .census = {}};
    r.copies.first = superblock_of(node);
    r.copies.second = superblock_of(node);
    r.census.slabs_unused = superblock_of(node).cut.slabs;
    return r;
}

device_report report() {
    device_report r = empty_report();
    class_census& small = r.census.classes[0];
    small = {.slabs = 1,
             .slots = 4032,
             .descriptors = {.valid = 100, .empty = 3900, .leftover = 30, .damaged = 2},
             .data = 150_KiB};
    class_census& large = r.census.classes[8];
    large = {.slabs = 2,
             .slots = 32,
             .descriptors = {.valid = 32, .empty = 0, .leftover = 0, .damaged = 0},
             .data = 31_MiB};
    r.census.slabs_unused -= 3;
    r.census.parts = 120;
    return r;
}

device_report verified_report() {
    device_report r = report();
    r.chunks = verified::yes;
    r.census.chunks.whole = 131;
    r.census.chunks.read = 31_MiB;
    return r;
}

device_report damaged_report() {
    device_report r = verified_report();
    r.census.chunks.damaged = 1;
    r.census.chunks.bad.push_back({.slab = {.slab = 5, .size = size_class(8), .generation = 1},
                                   .slot = 3,
                                   .is = {.part = {.high = 1, .low = 2}, .chunk = 7}});
    return r;
}

}  // namespace

TEST_CASE("a device is shown as a table with a line for each class that has slabs") {
    CHECK(print_report(report()) ==
          "/cache/0 is a cache of lode, format 1\n"
          "\n"
          "  node         node-a\n"
          "  device id    00000000000000ab00000000000000cd\n"
          "  formatted    2023-11-14 22:13:20 UTC, at 1GiB\n"
          "  superblocks  both whole\n"
          "  shards       2\n"
          "  slabs        63 of 16MiB: 3 used, 60 never used\n"
          "  parts        120\n"
          "  data         31.1MiB in 132 chunks\n"
          "\n"
          "  slots     slabs       slots      chunks       data       empty  leftover  damaged\n"
          "  4KiB          1        4032         100     150KiB        3900        30        2\n"
          "  1MiB          2          32          32      31MiB           0         0        0\n"
          "  all           3        4064         132    31.1MiB        3900        30        2\n");
}

TEST_CASE("an empty cache has no table of classes") {
    const std::string text = print_report(empty_report(""));

    CHECK(text.contains("  node         any\n"));
    CHECK(text.contains("  slabs        63 of 16MiB: 0 used, 63 never used\n"));
    CHECK(text.ends_with("  data         0B in 0 chunks\n"));
}

TEST_CASE("what is wrong with a device is said, and only that") {
    CHECK_FALSE(print_report(report()).contains("damaged header"));
    CHECK_FALSE(print_report(report()).contains("unreadable"));
    CHECK_FALSE(print_report(report()).contains("note:"));

    device_report r = report();
    r.census.slabs_damaged = 4;
    r.census.slabs_unread = 5;
    r.census.parts_exact = false;
    r.in_use = true;
    r.size = 1_GiB - 1_B;
    const std::string text = print_report(r);

    CHECK(text.contains(", 4 with a damaged header, 5 unreadable\n"));
    CHECK(text.contains("  parts        about 120\n"));
    CHECK(text.contains("note: the device is in use; these figures may be of a moment ago.\n"));
    CHECK(
        text.contains("note: it was formatted at 1073741824 bytes but has only 1073741823: it is "
                      "truncated.\n"));
}

TEST_CASE("the state of each superblock is shown") {
    device_report r = report();
    r.copies.first = fail(errc::corrupt);
    CHECK(print_report(r).contains("superblocks  the first is damaged, the second is whole\n"));

    r = report();
    r.copies.second = fail(errc::not_found);
    CHECK(print_report(r).contains("superblocks  the first is whole, the second is absent\n"));

    r = report();
    r.copies.second->device.low += 1;
    CHECK(print_report(r).contains("both whole, but the second is of another cache\n"));
}

TEST_CASE("chunks that all match are summed up in a line") {
    CHECK(print_report(verified_report())
              .ends_with("\nverified: 131 chunks, 31MiB; all of them match their checksums\n"));
    CHECK(is_sound(verified_report()));
}

TEST_CASE("damaged chunks are counted and named by their place") {
    const std::string text = print_report(damaged_report());

    CHECK_FALSE(is_sound(damaged_report()));
    CHECK(
        text.contains("verified: 132 chunks, 31MiB; 1 do not match their checksum, 0 cannot be "
                      "read\n"));
    // The first MiB, five slabs of 16 MiB and 8 KiB, header and table of 8 KiB, three slots.
    CHECK(
        text.contains("  byte 88129536: slab 5, slot 3: chunk 7 of part "
                      "00000000000000010000000000000002\n"));
    CHECK_FALSE(text.contains("and more"));

    device_report many = damaged_report();
    many.census.chunks.unread = 1;
    CHECK(print_report(many).contains("1 cannot be read\n"));
    CHECK(print_report(many).contains("  and more\n"));
}

TEST_CASE("a device with slabs that cannot be read is not sound, if it was to be verified") {
    device_report r = report();
    r.census.slabs_unread = 1;
    r.census.slabs_damaged = 1;
    CHECK(is_sound(r));

    r.chunks = verified::yes;
    CHECK_FALSE(is_sound(r));
    r.census.slabs_unread = 0;
    CHECK(is_sound(r));
}

TEST_CASE("chunks that were replaced meanwhile are not called damaged") {
    device_report r = verified_report();
    r.census.chunks.replaced = 2;

    CHECK(is_sound(r));
    CHECK(print_report(r).contains("  2 chunks were replaced meanwhile and are not judged\n"));
}

TEST_CASE(
    "a name on a disk cannot speak to the terminal, and a date beyond all years is a number") {
    device_report r = report();
    r.copies.first->node = "a\x1b[2J\xff";
    r.copies.first->formatted_at = ~std::uint64_t{0};

    const std::string text = print_report(r);

    CHECK(text.contains("  node         a\\x1b[2J\\xff\n"));
    CHECK(text.contains("  formatted    second 18446744073709551615, at 1GiB\n"));
    CHECK(print_report_json(r).contains(R"("node":"a\u001b[2J\u00ff",)"));
}

TEST_CASE("the same facts are written as one line of JSON for programs") {
    CHECK(print_report_json(report()) ==
          R"({"device":"/cache/0","size":1073741824,"in_use":false,"format":1,"node":"node-a",)"
          R"("id":"00000000000000ab00000000000000cd","formatted_at":1700000000,)"
          R"("formatted_size":1073741824,"shards":2,"superblocks":["whole","whole"],)"
          R"("slab_size":16785408,"slabs":{"total":63,"used":3,"never_used":60,)"
          R"("damaged_header":0,"unreadable":0},"classes":[)"
          R"({"slot_size":4096,"slabs":1,"slots":4032,"valid":100,"empty":3900,"leftover":30,)"
          R"("damaged":2,"bytes":153600},)"
          R"({"slot_size":1048576,"slabs":2,"slots":32,"valid":32,"empty":0,"leftover":0,)"
          R"("damaged":0,"bytes":32505856}],"parts":120,"parts_exact":true,"verification":null})"
          "\n");
    CHECK(print_report_json(damaged_report())
              .contains(R"("verification":{"whole":131,"damaged":1,"unreadable":0,"replaced":0,)"
                        R"("bytes":32505856,"bad":[{"offset":88129536,"slab":5,"slot":3,)"
                        R"("part":"00000000000000010000000000000002","chunk":7}]}})"));
}

TEST_CASE("a path of any bytes stays valid JSON") {
    device_report r = report();
    r.path = "/c\"\\\xc3\xa9\xff\n";

    CHECK(print_report_json(r).starts_with("{\"device\":\"/c\\\"\\\\\xc3\xa9\\u00ff\\u000a\","));
}

TEST_CASE("what is no cache is said in one sentence") {
    superblock_copies c;
    CHECK(describe_no_cache("/x", c) == "/x is no cache of lode.");
    c.second = fail(errc::corrupt);
    CHECK(describe_no_cache("/x", c) ==
          "/x is a cache of lode whose superblocks are both damaged.");
    c.first = fail(errc::unavailable);
    CHECK(describe_no_cache("/x", c) ==
          "/x has a format that this version of lode does not know (it knows 1).");
}

TEST_CASE("the bar fills from nothing to all, and keeps its length") {
    CHECK(print_progress(0_B, 1_GiB) ==
          "[..............................]   0.0%         0B of 1GiB");
    CHECK(print_progress(512_MiB, 1_GiB) ==
          "[###############...............]  50.0%     512MiB of 1GiB");
    CHECK(print_progress(1_GiB, 1_GiB) ==
          "[##############################] 100.0%       1GiB of 1GiB");
    CHECK(print_progress(0_B, 0_B).contains("100.0%"));
}
